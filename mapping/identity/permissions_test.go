package identity

import (
	"testing"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
)

func consenting(ref string, version int64, live bool, consents string) Source {
	p := &canonical.Profile{Kind: canonical.Person}
	if consents != "" {
		p.Fields = []canonical.Field{{Name: consentsField, Value: []byte(consents)}}
	}
	return Source{Ref: ref, Version: time.Unix(version, 0), Live: live, Profile: p}
}

func TestConsentsAreDecidedByTopic(t *testing.T) {
	const in, out, all = `[{"channel":"email","topic":"News","status":"opted_in","since":"2026-01-01T00:00:00.000Z"}]`,
		`[{"channel":"email","topic":"news","status":"opted_out"}]`, `[{"channel":"email","status":"opted_out","source":"form"}]`
	kept := consenting("mc/members/9", 1, false, "")
	kept.Consents, kept.Once = []byte(all), true
	for _, c := range []struct {
		name    string
		sources []Source
		want    string
		from    string // who has the first element
	}{
		{"the newest allows", []Source{consenting("hs/contacts/1", 9, true, in), consenting("mc/members/1", 1, true, out)}, out, "mc/members/1"},
		{"everything is every topic", []Source{consenting("hs/contacts/1", 9, true, in), consenting("mc/members/1", 1, true, all)},
			`[{"channel":"email","topic":"News","status":"opted_out","source":"form"},{"channel":"email","status":"opted_out","source":"form"}]`, "mc/members/1"},
		{"one record says both", []Source{consenting("hs/contacts/1", 9, true,
			`[{"channel":"email","topic":"News","status":"opted_in"},{"channel":"email","status":"pending"}]`)},
			`[{"channel":"email","topic":"News","status":"pending"},{"channel":"email","status":"pending"}]`, "hs/contacts/1"},
		{"one record says two things of one topic", []Source{consenting("hs/contacts/1", 9, true,
			`[{"channel":"email","topic":"News","status":"opted_in"},{"channel":"email","topic":"news","status":"opted_out"}]`)}, out, "hs/contacts/1"},
		{"a record that is gone", []Source{consenting("hs/contacts/1", 9, true, in), kept},
			`[{"channel":"email","topic":"News","status":"opted_out","source":"form"},{"channel":"email","status":"opted_out","source":"form"}]`, "mc/members/9"},
		{"a record that is gone, and nobody else", []Source{consenting("hs/contacts/1", 9, true, ""), kept}, all, "mc/members/9"},
		{"a dead record's claims do not count", []Source{consenting("hs/contacts/1", 9, true, in), consenting("mc/members/1", 1, false, out)}, in, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				g := Merge(canonical.Person, c.sources, nil)
				if got := string(g.Get(consentsField)); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
				why := g.Why(consentsField)
				if c.from != "" && (len(why.Elements) == 0 || len(why.Elements[0].Sources) != 1 || why.Elements[0].Sources[0] != c.from) {
					t.Errorf("explained as %+v, want the first element from %s alone", why, c.from)
				}
				last := len(c.sources) - 1
				c.sources[0], c.sources[last] = c.sources[last], c.sources[0]
			}
		})
	}
	g := Merge(canonical.Person, []Source{consenting("hs/contacts/1", 9, true, in), consenting("mc/members/1", 1, true, out)}, nil)
	if why := g.Why(consentsField); len(why.Lost) != 1 || why.Lost[0].Source != "hs/contacts/1" || string(why.Lost[0].Value) != in || why.Lost[0].Rule != "most_restrictive" {
		t.Errorf("explained as %+v, want what hs/contacts/1 says as lost to the claim that allows least", why)
	}
	g = Merge(canonical.Person, []Source{consenting("hs/contacts/1", 9, true, ""), kept}, nil)
	if why := g.Why(consentsField); why.Rule != "kept" || len(why.Elements) != 1 || len(why.Elements[0].Once) != 1 {
		t.Errorf("explained as %+v, want it kept", why)
	}
	if g.Refs()[0] != "hs/contacts/1" || len(g.Refs()) != 1 {
		t.Errorf("the customer's records are %v, want only the live one", g.Refs())
	}
}
