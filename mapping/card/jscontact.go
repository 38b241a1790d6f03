package card

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

type object = map[string]any

// JSContact returns the card of a person or an organization as a JSContact 2.0 object (RFC 9982), on one line.
func JSContact(g *identity.Golden, o Options) ([]byte, error) {
	c, err := read(g, o)
	if err != nil {
		return nil, err
	}
	card := object{"@type": "Card", "version": "2.0", "kind": "individual", "prodId": productID}
	if c.organization {
		card["kind"] = "org"
	}
	put(card, "uid", c.id)
	if !c.updated.IsZero() {
		card["updated"] = utc(c.updated)
	}
	if at, err := time.Parse(canonical.TimeLayout, c.created); err == nil {
		card["created"] = utc(at)
	}
	if c.name.says() {
		card["name"] = c.name.jscontact()
	}
	if c.name.nick != "" {
		card["nicknames"] = object{"k1": object{"name": c.name.nick}}
	}
	c.jsReach(card)
	c.jsPlaces(card)
	c.jsWork(card)
	c.jsRest(card)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(card); err != nil {
		return nil, fmt.Errorf("write card of %s: %w", o.ID, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// productID says who wrote a card.
const productID = "-//Millrace//Millrace//EN"

// utc is an UTCDateTime (RFC 9553, 1.4.5): no zeros at the end of a fraction.
func utc(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.999Z")
}

func put(in object, name, value string) {
	if value != "" {
		in[name] = value
	}
}

// jscontact returns a Name object (2.2.1).
func (n *name) jscontact() object {
	out := object{}
	put(out, "full", n.full)
	if !n.parts() {
		return out
	}
	type part struct{ kind, value string }
	list := []part{{"title", n.prefix}, {"given", n.given}, {"given2", n.middle}, {"surname", n.family}, {suffixKind(n.suffix), n.suffix}}
	if n.familyFirst {
		list = []part{{"title", n.prefix}, {"surname", n.family}, {"given", n.given}, {"given2", n.middle}, {suffixKind(n.suffix), n.suffix}}
	}
	var components []any
	for _, p := range list {
		if p.value != "" {
			components = append(components, object{"kind": p.kind, "value": p.value})
		}
	}
	out["components"] = components
	if n.ordered { // otherwise nobody said which comes first
		out["isOrdered"] = true
		if n.separator() == "" {
			out["defaultSeparator"] = ""
		}
	}
	return out
}

// suffixKind tells a generation (Jr., III) from a credential (PhD).
func suffixKind(s string) string {
	switch strings.ToLower(strings.Trim(s, ".,")) {
	case "jr", "sr", "junior", "senior", "i", "ii", "iii", "iv", "v", "the second", "the third":
		return "generation"
	}
	return "credential"
}

// context translates a type to a context (1.5.1).
func context(kind string, in object) {
	switch kind {
	case "work":
		in["contexts"] = object{"work": true}
	case "home", "personal":
		in["contexts"] = object{"private": true}
	}
}

// jsReach writes addresses, numbers and accounts.
func (c *contact) jsReach(card object) {
	emails, phones, accounts := object{}, object{}, object{}
	for i, p := range c.emails {
		e := object{"address": p.value}
		context(p.kind, e)
		preferred(e, p.primary)
		emails["e"+strconv.Itoa(i+1)] = e
	}
	for i, p := range c.phones {
		e := object{"number": p.jsNumber()}
		context(p.kind, e)
		if f := feature(p.kind); f != "" {
			e["features"] = object{f: true}
		}
		preferred(e, p.primary)
		phones["p"+strconv.Itoa(i+1)] = e
	}
	for i, a := range c.accounts {
		e := object{}
		put(e, "service", a.service)
		put(e, "user", a.handle)
		put(e, "uri", uri(a.url))
		if a.handle == "" && uri(a.url) == "" {
			e["user"] = a.url
		}
		accounts["s"+strconv.Itoa(i+1)] = e
	}
	some(card, "emails", emails)
	some(card, "phones", phones)
	some(card, "onlineServices", accounts)
}

func some(card object, name string, m object) {
	if len(m) > 0 {
		card[name] = m
	}
}

func preferred(e object, primary bool) {
	if primary {
		e["pref"] = 1
	}
}

func (p *point) jsNumber() string {
	if p.value == "" {
		return p.raw
	}
	return p.uri()
}

// uri is a tel: URI (RFC 3966).
func (p *point) uri() string {
	s := "tel:" + p.value
	if p.ext != "" {
		s += ";ext=" + p.ext
	}
	return s
}

// feature translates a type to a feature of a phone (2.3.3).
func feature(kind string) string {
	switch kind {
	case "mobile", "fax":
		return kind
	}
	return ""
}

// uri returns an absolute URI as one writes it, "" for a text that is none.
func uri(s string) string {
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() || u.Host == "" && u.Opaque == "" {
		return ""
	}
	written := u.String()
	for _, r := range written { // RFC 3986; the parser is more lenient in queries and opaque parts
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"<>\^`+"`{|}", r) {
			return ""
		}
	}
	return written
}

// jsPlaces writes postal addresses (2.5.1). The zone stands with the first, as RFC 9555 has it.
func (c *contact) jsPlaces(card object) {
	places := object{}
	for i, a := range c.addresses {
		e := object{}
		var components []any
		add := func(kind, value string) {
			if value != "" {
				components = append(components, object{"kind": kind, "value": value})
			}
		}
		for _, line := range a.lines {
			add("name", line)
		}
		add("locality", a.locality)
		add("region", a.region)
		add("postcode", a.postcode)
		if code(a.country) {
			e["countryCode"] = a.country
		} else {
			add("country", a.country)
		}
		if components != nil {
			e["components"] = components
		}
		put(e, "full", a.formatted)
		switch a.kind {
		case "billing":
			e["contexts"] = object{"billing": true}
		case "shipping":
			e["contexts"] = object{"delivery": true}
		default:
			context(a.kind, e)
		}
		preferred(e, a.kind == "primary")
		places["a"+strconv.Itoa(i+1)] = e
	}
	if c.zone != "" {
		if places["a1"] == nil {
			places["a1"] = object{}
		}
		places["a1"].(object)["timeZone"] = c.zone
	}
	some(card, "addresses", places)
}

// code reports whether a country is an ISO 3166-1 alpha-2 code.
func code(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// jsWork writes organizations, titles and roles (2.2.3 and 2.2.5).
func (c *contact) jsWork(card object) {
	organizations, titles := object{}, object{}
	ids := map[string]string{}
	for i, p := range c.posts {
		id := ids[p.organization+"\x00"+p.department]
		if id == "" && p.organization+p.department != "" {
			id = "o" + strconv.Itoa(i+1)
			ids[p.organization+"\x00"+p.department] = id
			o := object{}
			put(o, "name", p.organization)
			if p.department != "" {
				o["units"] = []any{object{"name": p.department}}
			}
			organizations[id] = o
		}
		for kind, value := range map[string]string{"title": p.title, "role": p.role} {
			if value == "" {
				continue
			}
			t := object{"kind": kind, "name": value}
			put(t, "organizationId", id)
			titles[kind[:1]+strconv.Itoa(i+1)] = t
		}
	}
	some(card, "organizations", organizations)
	some(card, "titles", titles)
}

// jsRest writes what has one value.
func (c *contact) jsRest(card object) {
	if date := partial(c.birthday); date != nil {
		card["anniversaries"] = object{"b1": object{"kind": "birth", "date": date}}
	}
	if c.language != "" {
		card["preferredLanguages"] = object{"l1": object{"language": c.language}}
	}
	if u := uri(c.website); u != "" {
		card["links"] = object{"w1": object{"uri": u}}
	}
	notes := object{}
	for i, n := range c.notes {
		notes["n"+strconv.Itoa(i+1)] = object{"note": n}
	}
	some(card, "notes", notes)
	tags := object{}
	for _, t := range c.tags {
		tags[t] = true
	}
	some(card, "keywords", tags)
	patches := object{}
	for _, l := range c.localized {
		patches[l.language] = object{"name": l.name.jscontact()}
	}
	some(card, "localizations", patches)
}

// partial returns a PartialDate (2.8.1), nil for no date.
func partial(birthday string) object {
	year, month, day, ok := dateOf(birthday)
	if !ok {
		return nil
	}
	out := object{"@type": "PartialDate", "month": month, "day": day}
	if year > 0 {
		out["year"] = year
	}
	return out
}

// dateOf reads "1985-04-12" and "--04-12".
func dateOf(s string) (year, month, day int, ok bool) {
	layout, year0 := time.DateOnly, false
	if strings.HasPrefix(s, "--") {
		layout, s, year0 = time.DateOnly, "2000"+s[1:], true // a leap year
	}
	t, err := time.Parse(layout, s)
	if err != nil || t.Year() < 1 {
		return 0, 0, 0, false
	}
	year, month, day = t.Year(), int(t.Month()), t.Day()
	if year0 {
		year = 0
	}
	return year, month, day, true
}
