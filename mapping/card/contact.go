package card

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// Options complete a golden record.
type Options struct {
	ID      string    // the entity's id, the card's uid
	Updated time.Time // when the entity last changed; zero = not said
	// Organization returns the name of an organization by a source record (connection/object/id); nil or "" = not known.
	Organization func(ref string) string
}

// contact is what both formats have a place for.
type contact struct {
	id             string
	organization   bool // the card is that of an organization
	updated        time.Time
	created        string // canonical Time
	name           name
	localized      []localized
	emails, phones []point
	addresses      []address
	accounts       []account
	posts          []post
	birthday       string // canonical Birthday
	gender         string
	language, zone string
	notes          []string
	tags           []string
	website        string
}

// name is a name and its parts; nick is no part of it.
type name struct {
	full, given, family, middle, prefix, suffix, nick string
	familyFirst, ordered                              bool
	script                                            string
}

type localized struct {
	language string
	name     name
}

// point is an e-mail address or a phone number.
type point struct {
	value, raw, ext, kind string
	primary               bool
}

type address struct {
	kind, locality, region, postcode, country, formatted string
	lines                                                []string
}

type account struct{ service, handle, url string }

// post is a place in an organization.
type post struct{ organization, department, title, role string }

// read takes a golden record apart. Only people and organizations have cards.
func read(g *identity.Golden, o Options) (*contact, error) {
	switch {
	case g.Kind != canonical.Person && g.Kind != canonical.Organization:
		return nil, fmt.Errorf("write card of %s: a %s has no card", o.ID, g.Kind)
	case g.Deleted():
		return nil, fmt.Errorf("write card of %s: nothing is left of it", o.ID)
	}
	value := func(field string) gjson.Result { return gjson.ParseBytes(g.Get(field)) }
	text := func(field string) string { return clean(value(field).String()) }
	c := &contact{id: clean(o.ID), organization: g.Kind == canonical.Organization, updated: o.Updated, created: value("created").Str,
		birthday: value("birthday").Str, gender: text("gender"), language: text("language"), zone: text("timezone"), website: text("website")}
	c.name = nameOf(value, "name.")
	if c.organization {
		c.name = name{full: text("name")}
	}
	value("name.localizations").ForEach(func(language, n gjson.Result) bool {
		at := func(part string) gjson.Result { return n.Get(part) }
		if found := nameOf(at, ""); found.says() && token(language.Str) {
			c.localized = append(c.localized, localized{language.Str, found})
		}
		return true
	})
	c.points(value)
	c.places(value)
	value("online").ForEach(func(_, a gjson.Result) bool {
		if one := (account{clean(a.Get("service").String()), clean(a.Get("handle").String()), clean(a.Get("url").String())}); one.handle != "" || one.url != "" {
			c.accounts = append(c.accounts, one)
		}
		return true
	})
	c.work(value, o.Organization)
	for _, field := range []string{"description", "notes"} {
		if s := cleanLines(value(field).String()); s != "" {
			c.notes = append(c.notes, s)
		}
	}
	value("tags").ForEach(func(_, tag gjson.Result) bool {
		if s := clean(tag.String()); s != "" {
			c.tags = append(c.tags, s)
		}
		return true
	})
	slices.Sort(c.tags)
	c.tags = slices.Compact(c.tags)
	return c, nil
}

func nameOf(value func(string) gjson.Result, prefix string) name {
	text := func(part string) string { return clean(value(prefix + part).String()) }
	order := text("order")
	return name{full: text("full"), given: text("given"), family: text("family"), middle: text("middle"), prefix: text("prefix"), suffix: text("suffix"),
		nick: text("nick"), script: text("script"), ordered: order != "", familyFirst: order == "family_first"}
}

func (n *name) says() bool { return n.full != "" || n.parts() }

func (n *name) parts() bool { return n.given+n.family+n.middle+n.prefix+n.suffix != "" }

// written is the name as one writes it.
func (n *name) written() string {
	if n.full != "" {
		return n.full
	}
	list := []string{n.prefix, n.given, n.middle, n.family, n.suffix}
	if n.familyFirst {
		list = []string{n.prefix, n.family, n.given, n.middle, n.suffix}
	}
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" })
	return strings.Join(list, n.separator())
}

// separator is what stands between the parts: nothing in scripts that are written without spaces.
func (n *name) separator() string {
	switch n.script {
	case "Hani", "Hans", "Hant", "Jpan", "Hira", "Kana":
		return ""
	}
	first, _ := utf8.DecodeRuneInString(n.family + n.given)
	if n.familyFirst && unicode.In(first, unicode.Han, unicode.Hiragana, unicode.Katakana) {
		return ""
	}
	return " "
}

// points reads addresses and numbers.
func (c *contact) points(value func(string) gjson.Result) {
	value("emails").ForEach(func(_, e gjson.Result) bool {
		p := point{value: clean(cmp.Or(e.Get("display").String(), e.Get("address").String())), kind: e.Get("type").String(), primary: e.Get("primary").Bool()}
		if p.value != "" {
			c.emails = append(c.emails, p)
		}
		return true
	})
	value("phones").ForEach(func(_, e gjson.Result) bool {
		p := point{value: e164(e.Get("e164").String()), raw: clean(e.Get("raw").String()), ext: digits(e.Get("ext").String()), kind: e.Get("type").String(), primary: e.Get("primary").Bool()}
		if p.value != "" || p.raw != "" {
			c.phones = append(c.phones, p)
		}
		return true
	})
}

// places reads postal addresses.
func (c *contact) places(value func(string) gjson.Result) {
	value("addresses").ForEach(func(_, e gjson.Result) bool {
		text := func(part string) string { return clean(e.Get(part).String()) }
		a := address{kind: text("type"), locality: text("locality"), region: text("region"), postcode: text("postcode"), country: text("country"), formatted: cleanLines(e.Get("formatted").String())}
		e.Get("lines").ForEach(func(_, line gjson.Result) bool {
			if s := clean(line.String()); s != "" {
				a.lines = append(a.lines, s)
			}
			return true
		})
		if len(a.lines) > 0 || a.locality+a.region+a.postcode+a.country+a.formatted != "" {
			c.addresses = append(c.addresses, a)
		}
		return true
	})
}

// work reads what a person is where; of an organization, its own names.
func (c *contact) work(value func(string) gjson.Result, lookUp func(string) string) {
	named := func(ref, otherwise string) string {
		if lookUp != nil && ref != "" {
			otherwise = cmp.Or(lookUp(ref), otherwise)
		}
		return clean(otherwise)
	}
	if c.organization {
		for _, field := range []string{"name", "legal_name"} {
			p := post{organization: clean(value(field).String())}
			if p.organization != "" && !slices.Contains(c.posts, p) {
				c.posts = append(c.posts, p)
			}
		}
		return
	}
	main := post{organization: named(value("organization").String(), value("company").String()), title: clean(value("title").String())}
	value("affiliations").ForEach(func(_, a gjson.Result) bool {
		p := post{named(a.Get("organization").String(), a.Get("name").String()), clean(a.Get("department").String()), clean(a.Get("title").String()), clean(a.Get("role").String())}
		if p.organization == main.organization && cmp.Or(p.title, main.title) == cmp.Or(main.title, p.title) { // the one that the fields are the short form of
			p.title = cmp.Or(p.title, main.title)
			main = post{}
		}
		if p != (post{}) {
			c.posts = append(c.posts, p)
		}
		return true
	})
	if main != (post{}) {
		c.posts = slices.Insert(c.posts, 0, main)
	}
}

// clean is a text on one line without control characters: the values of golden records are so already, but a card must
// be well-formed whatever it is made of.
func clean(s string) string { return canonical.CleanText(strings.ToValidUTF8(s, "\uFFFD")) }

// cleanLines is clean with line breaks kept.
func cleanLines(s string) string { return canonical.CleanLong(strings.ToValidUTF8(s, "\uFFFD")) }

// token reports whether a text may stand where a language tag does.
func token(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// e164 returns a number that may stand in a URI, "" for anything else.
func e164(s string) string {
	if rest, ok := strings.CutPrefix(s, "+"); !ok || rest == "" || digits(rest) != rest {
		return ""
	}
	return s
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
