package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// lastContact is what the card of a customer says of it, "" for no card.
func (w *world) lastContact(rules *work.Rules, record string) (says string) {
	w.t.Helper()
	if err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		e, err := s.Resolve(record)
		if err != nil {
			return err
		}
		items, _, err := rules.Items(s, e)
		if err == nil && len(items) > 0 {
			_, says, _ = strings.Cut(items[0].Notes, "Last contact: ")
			says, _, _ = strings.Cut(says, "\n")
		}
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return says
}

// byAddress is an e-mail that names addresses only.
func byAddress(n int, from string) connectors.Record {
	return version(fmt.Sprint("m/messages/", n), 1, fmt.Sprintf(`{"direction":"inbound","kind":"email","message_id":"%d@mx.example","occurred_at":"2026-11-%02dT10:00:00.000Z","participants":[{"role":"from","address":%q,"name":"Ana"},{"role":"to","address":"sales@ours.example"}],"subject":"Offer %d"}`, n, n, from, n))
}

// A new e-mail marks the card that shows it, whoever's address it names, and nothing else; an older one that comes later
// changes nothing that is shown.
func TestMailMarksTheCardsThatShowIt(t *testing.T) {
	w, rules := dealsWorld(t)
	w.now = at(40 * 24 * 3600)
	w.fetch(version("a/companies/1", 1, `{"name":"Acme"}`), version("a/companies/2", 1, `{"name":"Other"}`))
	w.fetch(version("a/contacts/1", 1, `{"emails":[{"address":"ana@acme.example"}],"name.full":"Ana","organization":"a/companies/1"}`),
		version("a/contacts/2", 1, `{"emails":[{"address":"bo@free.example"}],"name.full":"Bo"}`))
	w.fetch(version("a/deals/1", 1, `{"name":"D","organization":"a/companies/1","status":"open"}`))
	w.clean()
	w.fetch(byAddress(5, "ana@acme.example"))
	if got := w.marked("org_"); !slices.Equal(got, []string{w.id("a/companies/1")}) {
		t.Errorf("an e-mail from Ana marks the organizations %v, want hers", got)
	}
	if got := w.marked("deal_"); len(got) != 0 {
		t.Errorf("it marks the deals %v, want none", got)
	}
	w.clean()
	w.fetch(byAddress(6, "bo@free.example"))
	if got := w.marked("per_"); !slices.Equal(got, []string{w.id("a/contacts/2")}) {
		t.Errorf("an e-mail from Bo marks the people %v, want him", got)
	}
	w.fetch(byAddress(3, "ana@acme.example"))
	for record, want := range map[string]string{"a/companies/1": "2026-11-05, e-mail from Ana: Offer 5", "a/contacts/2": "2026-11-06, e-mail from Ana: Offer 6",
		"a/companies/2": ""} {
		if got := w.lastContact(rules, record); got != want {
			t.Errorf("the last contact of %s is %q, want %q", record, got, want)
		}
	}
	w.fetch(version("a/contacts/1", 2, `{"emails":[{"address":"ana@acme.example"}],"name.full":"Ana","organization":"a/companies/2"}`))
	if a, b := w.lastContact(rules, "a/companies/1"), w.lastContact(rules, "a/companies/2"); a != "" || b != "2026-11-05, e-mail from Ana: Offer 5" {
		t.Errorf("when she has gone to another company: %q and %q", a, b)
	}
}

// BenchmarkPlanCustomer plans a person's card, with nothing that happened and with a thousand e-mails, of which ten are of the
// last week; and a deal, which shows nothing of them. The rules that ship are compared with those without what interactions
// show.
func BenchmarkPlanCustomer(b *testing.B) {
	bare, err := work.Load(work.Default(), mapping.File{Name: "x.yaml", Data: []byte(`rules:
  - {name: people, digest: null, notes: contact(person), fields: {Last contact: null, Subscribed: null}}
`)})
	if err != nil {
		b.Fatal(err)
	}
	full, err := work.Load(work.Default(), mapping.File{Name: "x.yaml", Data: []byte(`rules:
  - {name: people, notes: 'lines(contact(person), touch(person.last_contact))'}
`)})
	if err != nil {
		b.Fatal(err)
	}
	w := newWorldWith(b, openBolt(b, b.TempDir()), fieldsAsTheyAre{version: "1"})
	w.now = at(0)
	w.fetch(version("a/contacts/1", 1, `{"emails":[{"address":"ana@free.example"}],"name.full":"Ana"}`), version("a/contacts/2", 1, `{"emails":[{"address":"bo@free.example"}],"name.full":"Bo"}`))
	w.fetch(version("a/deals/1", 1, `{"contacts":["a/contacts/1"],"name":"D","status":"open"}`))
	var list []connectors.Record
	for i := range 1000 {
		when := at(-i * 24 * 3600)
		if i < 10 {
			when = at(-i * 12 * 3600)
		}
		list = append(list, version(fmt.Sprint("m/messages/", 1+i), 1, fmt.Sprintf(`{"direction":"inbound","kind":"email","message_id":"%d@mx.example","occurred_at":%q,"participants":[{"role":"from","address":"ana@free.example"}],"subject":"S"}`, i, when.Format("2006-01-02T15:04:05.000Z"))))
	}
	w.fetch(list...)
	for _, c := range []struct {
		name, record string
		rules        *work.Rules
	}{{"nothing/bare", "a/contacts/2", bare}, {"nothing/shipped", "a/contacts/2", full}, {"mail/bare", "a/contacts/1", bare}, {"mail/shipped", "a/contacts/1", full}, {"deal/shipped", "a/deals/1", full}} {
		id := w.id(c.record)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Snapshot(b.Context(), func(s *ledger.Snap) error {
					e, err := s.Subject(id)
					if err != nil {
						return err
					}
					plan, err := c.rules.Plan(s, e)
					if err == nil && len(plan.Items) > 0 && c.rules.Digests(plan.Items[0].Key) {
						_, _, err = c.rules.Digest(s, e, plan.Items[0].Key, work.Told{}, false)
					}
					return err
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
