package ledger_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// cards is the reach of rules with a card for each customer that lists what happened last.
func cards(k canonical.Kind) work.Reach {
	switch k {
	case canonical.Interaction:
		return work.Reach{Referenced: []canonical.Kind{canonical.Person, canonical.Organization},
			Above: []work.Way{{Via: canonical.Person, To: canonical.Organization}}}
	case canonical.Person:
		return work.Reach{Own: true, Referenced: []canonical.Kind{canonical.Organization}}
	case canonical.Organization:
		return work.Reach{Own: true}
	}
	return work.Reach{}
}

// mailPool is where histories of mails and people take their values from.
var mailPool = struct{ refs, addresses, domains []string }{
	refs: []string{"a/contacts/1", "a/contacts/2", "b/contacts/1", "b/contacts/x", "a/companies/1", "b/companies/1", "a/messages/1",
		"a/messages/2", "b/messages/1", "b/messages/2", "a/calls/1"},
	addresses: []string{"ann@acme.example", "bob@acme.example", "eve@corp.example", "info@acme.example", "ann@gmail.com"},
	domains:   []string{"", "acme.example", "corp.example", "gmail.com"},
}

// drawMail draws one version of one record of a world of mails.
func drawMail(t *rapid.T) connectors.Record {
	id := rapid.SampledFrom(mailPool.refs).Draw(t, "ref")
	some := func(what string) string {
		return strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(mailPool.addresses), 0, 2, rapid.ID[string]).Draw(t, what), ",")
	}
	s := say{Name: rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "name")}
	switch kindOf(id) {
	case "person":
		s.Email, s.Org = some("emails"), rapid.SampledFrom([]string{"", "a/companies/1", "b/companies/1"}).Draw(t, "org")
	case "organization":
		s.Email, s.Domain = some("emails"), rapid.SampledFrom(mailPool.domains).Draw(t, "domain")
	default:
		s.Took, s.With = some("took"), rapid.SampledFrom([]string{"", "a/contacts/1", "b/contacts/1"}).Draw(t, "with")
		s.At = fmt.Sprintf("2026-11-0%dT10:00:00Z", rapid.IntRange(1, 4).Draw(t, "day"))
		s.Mail = rapid.SampledFrom([]string{"", "", "1@mx", "2@mx"}).Draw(t, "mail")
	}
	if rapid.IntRange(0, 15).Draw(t, "oddity") == 0 {
		s.Filter = "test records"
	}
	r := rec(id, rapid.IntRange(1, 6).Draw(t, "version"), s)
	r.Deleted.Kind = rapid.SampledFrom([]connectors.DeletionKind{"", "", "", "", "", "", connectors.Soft, connectors.Hard,
		connectors.Privacy, connectors.Merged}).Draw(t, "deleted")
	if r.Deleted.Kind == connectors.Merged {
		into := ref(rapid.SampledFrom(mailPool.refs).Draw(t, "into"))
		r.Deleted.Into = connectors.Ref{Connection: r.Ref.Connection, Object: r.Ref.Object, ID: into.ID}
	}
	if r.Deleted.Kind != connectors.NotDeleted && rapid.Bool().Draw(t, "bare") {
		r.Data = nil
	}
	return r
}

// lists describes what happened last to every customer.
func lists(w *world) map[string]string {
	w.t.Helper()
	all := map[string]string{}
	if err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		for _, kind := range []canonical.Kind{canonical.Person, canonical.Organization} {
			ids, _, err := s.Entities(kind, "", 1000)
			if err != nil {
				return err
			}
			for _, id := range ids {
				e, err := s.Subject(id)
				if err != nil {
					return err
				}
				list, err := s.Recent(e, 100, func(*work.Entity) bool { return true })
				if err != nil {
					return err
				}
				all[id] = fmt.Sprint(e.Refs, e.Golden.Fields, " has ", described(list))
			}
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return all
}

func described(list []*work.Entity) string {
	text := ""
	for _, i := range list {
		text += fmt.Sprint(i.Refs, i.Golden.Fields, " ")
	}
	return text
}

// fromAll is lists worked out in the plainest way: every interaction is looked at for every customer.
func fromAll(w *world) map[string]string {
	w.t.Helper()
	all := map[string]string{}
	if err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		var happened []*work.Entity
		ids, _, err := s.Entities(canonical.Interaction, "", 1000)
		if err != nil {
			return err
		}
		for _, id := range ids {
			e, err := s.Subject(id)
			if err != nil {
				return err
			}
			happened = append(happened, e)
		}
		slices.SortFunc(happened, func(a, b *work.Entity) int {
			return cmp.Or(-strings.Compare(string(a.Golden.Get("occurred_at")), string(b.Golden.Get("occurred_at"))), strings.Compare(a.Refs[0], b.Refs[0]))
		})
		for _, kind := range []canonical.Kind{canonical.Person, canonical.Organization} {
			ids, _, err := s.Entities(kind, "", 1000)
			if err != nil {
				return err
			}
			for _, id := range ids {
				e, err := s.Subject(id)
				if err != nil {
					return err
				}
				theirs, err := plainlyOf(s, e)
				if err != nil {
					return err
				}
				var list []*work.Entity
				told := map[string]bool{}
				for _, i := range happened {
					message := string(i.Golden.Get("message_id"))
					its, err := plainlyWith(s, i, theirs)
					if err != nil {
						return err
					}
					if its && !told[message] {
						told[message] = message != ""
						list = append(list, i)
					}
				}
				all[id] = fmt.Sprint(e.Refs, e.Golden.Fields, " has ", described(list))
			}
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// plainlyOf lists what an interaction with a customer may name: entities, addresses, and domains after an @.
func plainlyOf(s *ledger.Snap, e *work.Entity) (map[string]bool, error) {
	theirs := map[string]bool{}
	add := func(e *work.Entity) {
		theirs[e.ID] = true
		for _, a := range gjson.GetBytes(e.Golden.Get("emails"), "#.address").Array() {
			theirs[a.Str] = true
		}
	}
	add(e)
	if e.Kind != canonical.Organization {
		return theirs, nil
	}
	for _, d := range gjson.ParseBytes(e.Golden.Get("domains")).Array() {
		theirs["@"+d.Str] = d.Str != "gmail.com"
	}
	ids, _, err := s.Entities(canonical.Person, "", 1000)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		p, err := s.Subject(id)
		if err != nil {
			return nil, err
		}
		if name := gjson.ParseBytes(p.Golden.Get("organization")).Str; name != "" {
			o, err := s.Resolve(name)
			if err != nil {
				return nil, err
			}
			if o != nil && o.ID == e.ID {
				add(p)
			}
		}
	}
	return theirs, nil
}

func plainlyWith(s *ledger.Snap, i *work.Entity, theirs map[string]bool) (bool, error) {
	for _, a := range gjson.GetBytes(i.Golden.Get("participants"), "#.address").Array() {
		_, host, _ := strings.Cut(a.Str, "@")
		if theirs[a.Str] || theirs["@"+host] {
			return true, nil
		}
	}
	for _, name := range gjson.ParseBytes(i.Golden.Get("contacts")).Array() {
		e, err := s.Resolve(name.Str)
		if err != nil || e != nil && theirs[e.ID] {
			return e != nil, err
		}
	}
	return false, nil
}

// What happened to whom, and who is marked when it changes, follow from what is known and not from the order in which it
// came: mails before people, addresses that wander, identities that join and split.
func TestMailsArriveInAnyOrder(t *testing.T) { // invariants 2 and 3
	rapid.Check(t, func(rt *rapid.T) {
		history := rapid.SliceOfN(rapid.Custom(drawMail), 12, 40).Draw(rt, "history")
		decisions := []ledger.Decision{{A: "a/contacts/1", B: "b/contacts/1", Same: rapid.Bool().Draw(rt, "same")}}
		seed := rapid.Int64().Draw(rt, "seed")
		var first, trails []string
		for n := range 3 {
			m := newMemory()
			m.twice = n == 2
			w := newWorldUnder(t, m, plain{"1"}, identity.NewResolver(identity.Settings{}), cards)
			rnd := rand.New(rand.NewSource(seed + int64(n)))
			shown := map[string]string{}
			rest := slices.Clone(history)
			rnd.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
			for len(rest) > 0 {
				cut := 1 + rnd.Intn(min(len(rest), 5))
				for _, connection := range []string{"a", "b"} {
					of := func(r connectors.Record) bool { return r.Ref.Connection != connection }
					if page := slices.DeleteFunc(slices.Clone(rest[:cut]), of); len(page) > 0 {
						w.fetch(page...)
					}
				}
				if rest = rest[cut:]; rnd.Intn(3) == 0 || len(rest) == 0 {
					w.decideAll(decisions)
				}
				if rnd.Intn(2) == 0 || len(rest) == 0 {
					shown = checkMarks(rt, w, shown)
				}
			}
			got := lists(w)
			if want := fromAll(w); !maps.Equal(got, want) {
				rt.Fatalf("order %d: trails lead to\n%s\nand there is\n%s", n, lines(got), lines(want))
			}
			if n == 0 {
				first, trails = slices.Sorted(maps.Values(got)), m.dump("trail", "key")
			} else if now := slices.Sorted(maps.Values(got)); !slices.Equal(now, first) || !slices.Equal(m.dump("trail", "key"), trails) {
				rt.Fatalf("order %d ends in\n%s\nwant\n%s", n, strings.Join(minus(now, first), "\n"), strings.Join(minus(first, now), "\n"))
			}
		}
	})
}

func lines(m map[string]string) string {
	text := ""
	for _, k := range slices.Sorted(maps.Keys(m)) {
		text += k + " " + m[k] + "\n"
	}
	return text
}

// checkMarks fails when a customer's card would show something else than before and no mark says so. It settles the marks.
func checkMarks(t failer, w *world, shown map[string]string) map[string]string {
	t.Helper()
	marked := map[string]bool{}
	var list []ledger.Settlement
	for _, m := range w.dirty() {
		marked[m.Entity] = true
		list = append(list, ledger.Settlement{Entity: m.Entity, Generation: m.Generation})
	}
	now := lists(w)
	for id := range now {
		if now[id] != shown[id] && !marked[id] {
			t.Fatalf("%s has no mark; it shows\n%s\nand is\n%s", id, shown[id], now[id])
		}
	}
	if _, err := w.Settle(w.t.Context(), target, list); err != nil {
		t.Fatalf("Settle: %v", err)
	}
	return now
}
