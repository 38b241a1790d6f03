package card

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// VCard returns the card of a person or an organization as vCard 4.0 (RFC 6350), with CRLF after each line.
func VCard(g *identity.Golden, o Options) ([]byte, error) {
	c, err := read(g, o)
	if err != nil {
		return nil, err
	}
	w := &writer{}
	w.line("BEGIN", "VCARD")
	w.line("VERSION", "4.0")
	w.line("PRODID", text(productID))
	if c.organization {
		w.line("KIND", "org")
	} else {
		w.line("KIND", "individual")
	}
	if c.id != "" {
		w.line("UID;VALUE=text", text(c.id))
	}
	if !c.updated.IsZero() {
		w.line("REV", c.updated.UTC().Format("20060102T150405Z"))
	}
	if at, err := time.Parse(canonical.TimeLayout, c.created); err == nil {
		w.line("CREATED", at.Format("20060102T150405Z")) // RFC 9554
	}
	c.vNames(w)
	c.vReach(w)
	c.vPlaces(w)
	c.vWork(w)
	c.vRest(w)
	w.line("END", "VCARD")
	return []byte(w.out.String()), nil
}

// maxLine is the most octets of a line without its end (RFC 6350, 3.2).
const maxLine = 75

type writer struct{ out strings.Builder }

// line writes a property, folded between characters.
func (w *writer) line(name, value string) {
	rest := name + ":" + value
	for room := maxLine; len(rest) > room; room = maxLine - 1 { // the blank that begins a continuation counts
		end := room
		for !utf8.RuneStart(rest[end]) {
			end--
		}
		w.out.WriteString(rest[:end] + "\r\n ")
		rest = rest[end:]
	}
	w.out.WriteString(rest + "\r\n")
}

var escapes = strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\n", `\n`)

// text escapes a value, or a component of one.
func text(s string) string { return escapes.Replace(s) }

// components joins the components of a structured value.
func components(list ...string) string {
	for i := range list {
		list[i] = text(list[i])
	}
	return strings.Join(list, ";")
}

// quoted is a parameter value of any text (RFC 6868).
func quoted(s string) string {
	return `"` + strings.NewReplacer("^", "^^", `"`, "^'", "\n", "^n").Replace(s) + `"`
}

// vNames writes FN, which every card has, N and the name in other languages.
func (c *contact) vNames(w *writer) {
	full := cmp.Or(c.name.written(), c.name.nick)
	if full == "" && len(c.emails) > 0 {
		full = c.emails[0].value
	}
	if full == "" && len(c.phones) > 0 {
		full = cmp.Or(c.phones[0].raw, c.phones[0].value)
	}
	full = cmp.Or(full, c.id, "?")
	alt := ""
	if len(c.localized) > 0 {
		alt = ";ALTID=1"
	}
	w.line("FN"+alt, text(full))
	if c.name.parts() {
		w.line("N"+alt, c.name.structured())
	}
	for _, l := range c.localized {
		w.line("FN;ALTID=1;LANGUAGE="+l.language, text(l.name.written()))
		if l.name.parts() {
			w.line("N;ALTID=1;LANGUAGE="+l.language, l.name.structured())
		}
	}
	if c.name.nick != "" {
		w.line("NICKNAME", text(c.name.nick))
	}
}

func (n *name) structured() string {
	return components(n.family, n.given, n.middle, n.prefix, n.suffix)
}

func vType(kind string) string {
	switch kind {
	case "work":
		return ";TYPE=work"
	case "home", "personal":
		return ";TYPE=home"
	}
	return ""
}

func vPref(primary bool) string {
	if primary {
		return ";PREF=1"
	}
	return ""
}

func (c *contact) vReach(w *writer) {
	for _, p := range c.emails {
		w.line("EMAIL"+vType(p.kind)+vPref(p.primary), text(p.value))
	}
	for _, p := range c.phones {
		kind := vType(p.kind)
		switch p.kind {
		case "mobile":
			kind = ";TYPE=cell"
		case "fax":
			kind = ";TYPE=fax"
		}
		if p.value != "" {
			w.line("TEL;VALUE=uri"+kind+vPref(p.primary), p.uri())
		} else {
			w.line("TEL;VALUE=text"+kind+vPref(p.primary), text(p.raw))
		}
	}
	for _, a := range c.accounts { // RFC 9554
		service := ""
		if a.service != "" {
			service = ";SERVICE-TYPE=" + quoted(a.service)
		}
		if u := uri(a.url); u != "" {
			user := ""
			if a.handle != "" {
				user = ";USERNAME=" + quoted(a.handle)
			}
			w.line("SOCIALPROFILE;VALUE=uri"+service+user, u)
		} else {
			w.line("SOCIALPROFILE;VALUE=text"+service, text(cmp.Or(a.handle, a.url)))
		}
	}
}

func (c *contact) vPlaces(w *writer) {
	for _, a := range c.addresses {
		label := ""
		if a.formatted != "" {
			label = ";LABEL=" + quoted(a.formatted)
		}
		street := make([]string, len(a.lines))
		for i, l := range a.lines {
			street[i] = text(l)
		}
		rest := components(a.locality, a.region, a.postcode, a.country)
		w.line("ADR"+vType(a.kind)+vPref(a.kind == "primary")+label, ";;"+strings.Join(street, ",")+";"+rest)
	}
	if c.zone != "" {
		w.line("TZ", text(c.zone))
	}
}

func (c *contact) vWork(w *writer) {
	said := map[string]bool{}
	once := func(name, value string) {
		if line := name + ":" + value; !said[line] {
			said[line] = true
			w.line(name, value)
		}
	}
	for _, p := range c.posts {
		switch {
		case p.department != "":
			once("ORG", components(p.organization, p.department))
		case p.organization != "":
			once("ORG", text(p.organization))
		}
		if p.title != "" {
			once("TITLE", text(p.title))
		}
		if p.role != "" {
			once("ROLE", text(p.role))
		}
	}
}

// genders are the letters of GENDER; what is none of them is left out.
var genders = map[string]string{"male": "M", "m": "M", "female": "F", "f": "F", "other": "O", "none": "N", "unknown": "U", "non_binary": "O", "nonbinary": "O"}

func (c *contact) vRest(w *writer) {
	if year, month, day, ok := dateOf(c.birthday); ok && year > 0 {
		w.line("BDAY", fmt.Sprintf("%04d%02d%02d", year, month, day))
	} else if ok {
		w.line("BDAY", fmt.Sprintf("--%02d%02d", month, day))
	}
	if letter := genders[c.gender]; letter != "" && !c.organization {
		w.line("GENDER", letter)
	}
	if c.language != "" {
		w.line("LANG", text(c.language))
	}
	if u := uri(c.website); u != "" {
		w.line("URL", u)
	}
	for _, n := range c.notes {
		w.line("NOTE", text(n))
	}
	tags := make([]string, len(c.tags))
	for i, t := range c.tags {
		tags[i] = text(t)
	}
	if len(tags) > 0 {
		w.line("CATEGORIES", strings.Join(tags, ","))
	}
}
