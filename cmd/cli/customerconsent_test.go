package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// Who may not be written to is told on the page of the customer, and by whose word, also when its record is gone.
func TestCustomerShowsWhyItMayNotBeWrittenTo(t *testing.T) {
	source := func(ref string, live bool, field, value string) identity.Source {
		s := identity.Source{Ref: ref, Version: time.Unix(1, 0), Live: live, Profile: &canonical.Profile{Kind: canonical.Person}}
		if field != "" {
			s.Profile.Fields = []canonical.Field{{Name: field, Value: []byte(value)}}
		}
		return s
	}
	const in, out = `[{"channel":"email","topic":"News","status":"opted_in"}]`, `[{"channel":"email","status":"opted_out"}]`
	gone := source("mc/members/1", false, "", "")
	gone.Consents, gone.Once = []byte(out), true
	for _, c := range []struct {
		name    string
		sources []identity.Source
		want    []string // texts of the page
	}{
		{"the record is gone", []identity.Source{source("hs/contacts/1", true, "consents", in), gone},
			[]string{"may be e-mailed: no", "opted_out", "mc/members/1 (said once, and kept)"}},
		{"nobody else says anything", []identity.Source{source("hs/contacts/1", true, "title", `"COO"`), gone},
			[]string{"may be e-mailed: no", "mc/members/1 (said once, and kept)"}},
		{"it is said now", []identity.Source{source("hs/contacts/1", true, "consents", out)},
			[]string{"may be e-mailed: no", "from hs/contacts/1"}},
		{"it is allowed", []identity.Source{source("hs/contacts/1", true, "consents", in)}, []string{"may be e-mailed: yes", "News"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := identity.Merge(canonical.Person, c.sources, nil)
			var why []identity.Why
			for _, name := range g.Claimed() {
				why = append(why, g.Why(name))
			}
			var b bytes.Buffer
			a := &app{out: &b, columns: 120}
			a.printCustomer(&customerReport{Kind: canonical.Person, Fields: why, Consent: consentOf(why)}, false)
			for _, w := range why { // as `customer why CUSTOMER consents` has it
				a.printOrigin(w)
			}
			for _, text := range c.want {
				if !strings.Contains(b.String(), text) {
					t.Errorf("the page does not say %q:\n%s", text, b.String())
				}
			}
			if strings.Contains(b.String(), "kept") != c.sources[len(c.sources)-1].Once {
				t.Errorf("the page tells of what is kept, or does not:\n%s", b.String())
			}
		})
	}
	if consentOf(nil) != nil {
		t.Error("of whom nobody says anything, something is told")
	}
}
