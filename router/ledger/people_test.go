package ledger_test

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
)

// people is where histories of people take their records and values from.
var people = struct{ refs, names, emails, mobiles, born []string }{
	names:   []string{"", "Ann Lee", "Ann Lee", "Bob Lee", "A. Lee", "Eve Moss"},
	emails:  []string{"", "", "ann@acme.example", "bob@acme.example", "eve@corp.example"},
	mobiles: []string{"", "", "+4915112345678", "+4915187654321"},
	born:    []string{"", "", "1980-01-02", "1980-01-03", "1999-12-31"},
}

func init() {
	for i := range 14 {
		people.refs = append(people.refs, fmt.Sprintf("%c/contacts/%d", 'a'+i%4, i/4+1))
	}
}

func drawPerson(t *rapid.T) connectors.Record {
	id := rapid.SampledFrom(people.refs).Draw(t, "ref")
	s := say{Name: rapid.SampledFrom(people.names).Draw(t, "name"), Email: rapid.SampledFrom(people.emails).Draw(t, "email"),
		Mobile: rapid.SampledFrom(people.mobiles).Draw(t, "mobile"), Born: rapid.SampledFrom(people.born).Draw(t, "born")}
	if rapid.IntRange(0, 9).Draw(t, "crowd") < 8 { // about as many hold it as may
		s.Email = strings.Trim(s.Email+",crowd@corp.example", ",")
	}
	if rapid.IntRange(0, 19).Draw(t, "link") == 0 {
		s.Same = []string{rapid.SampledFrom(people.refs).Draw(t, "same")}
	}
	r := rec(id, rapid.IntRange(1, 5).Draw(t, "version"), s)
	r.Deleted.Kind = rapid.SampledFrom([]connectors.DeletionKind{"", "", "", "", "", "", connectors.Soft, connectors.Privacy,
		connectors.Merged}).Draw(t, "deleted")
	if r.Deleted.Kind == connectors.Merged {
		into := ref(rapid.SampledFrom(people.refs).Draw(t, "into"))
		r.Deleted.Into = connectors.Ref{Connection: r.Ref.Connection, Object: r.Ref.Object, ID: into.ID}
		if rapid.Bool().Draw(t, "bare") {
			r.Data = nil
		}
	}
	return r
}

// drawDecisions draws at most one decision on each pair.
func drawDecisions(t *rapid.T) []ledger.Decision {
	seen := map[[2]string]bool{}
	var list []ledger.Decision
	for range rapid.IntRange(0, 4).Draw(t, "decisions") {
		a, b := rapid.SampledFrom(people.refs).Draw(t, "a"), rapid.SampledFrom(people.refs).Draw(t, "b")
		if a > b {
			a, b = b, a
		}
		if a == b || seen[[2]string{a, b}] {
			continue
		}
		seen[[2]string{a, b}] = true
		list = append(list, ledger.Decision{A: a, B: b, Same: rapid.Bool().Draw(t, "same")})
	}
	return list
}

// decideAll applies decisions and returns those about records that are not known, which are tried again in the end.
func (w *world) decideAll(list []ledger.Decision) []ledger.Decision {
	w.t.Helper()
	var later []ledger.Decision
	for _, d := range list {
		_, err := w.Decide(w.t.Context(), d)
		if errors.Is(err, ledger.ErrNotFound) {
			later = append(later, d)
		} else if err != nil {
			w.t.Fatalf("Decide: %v", err)
		}
	}
	return later
}

// arrive delivers a history and decisions in an order of chance.
func arrive(w *world, history []connectors.Record, decisions []ledger.Decision, rnd *rand.Rand) {
	history, decisions = slices.Clone(history), slices.Clone(decisions)
	rnd.Shuffle(len(history), func(i, j int) { history[i], history[j] = history[j], history[i] })
	rnd.Shuffle(len(decisions), func(i, j int) { decisions[i], decisions[j] = decisions[j], decisions[i] })
	cut := rnd.Intn(len(history) + 1)
	if cut > 0 {
		deliver(w, history[:cut], rnd)
	}
	decisions = w.decideAll(decisions)
	if cut < len(history) {
		deliver(w, history[cut:], rnd)
	}
	w.decideAll(decisions)
}

// identities is everything about who is who that must not depend on the order of arrival.
func identities(w *world, m *memory) []string {
	list := ledger.EntityRows(w.Ledger, m)
	list = append(list, ledger.ReviewRows(w.Ledger, m)...)
	return append(list, w.entities()...)
}

// TestIdentityDoesNotDependOnArrival checks people whose evidence contradicts itself, with decisions, vendor merges,
// overused addresses and tangles, against resolving everything at once; and every order of arrival against the first.
func TestIdentityDoesNotDependOnArrival(t *testing.T) { // invariant 2
	resolvers := []*identity.Resolver{identity.NewResolver(identity.Settings{}),
		identity.NewResolver(identity.Settings{Person: identity.Bands{Medium: true}})}
	rapid.Check(t, func(rt *rapid.T) {
		history := rapid.SliceOfN(rapid.Custom(drawPerson), 1, 60).Draw(rt, "history")
		decisions := drawDecisions(rt)
		r := rapid.SampledFrom(resolvers).Draw(rt, "resolver")
		most := rapid.SampledFrom([]int{3, 5, ledger.MostTied}).Draw(rt, "most")
		seed := rapid.Int64().Draw(rt, "seed")
		var first []string
		for n := range 4 {
			m := newMemory()
			w := newWorldOf(t, m, plain{}, r)
			w.tied = most
			ledger.SetMostTied(w.Ledger, most)
			arrive(w, history, decisions, rand.New(rand.NewSource(seed+int64(n))))
			checkWhole(rt, w, m)
			if lost := w.unmarked(); lost != "" {
				rt.Fatalf("order %d lost a mark: %s", n, lost) // invariant 3
			}
			if got := identities(w, m); n == 0 {
				first = got
			} else if !slices.Equal(got, first) {
				rt.Fatalf("order %d ends with other customers:\ngot\n  %s\nwant\n  %s", n, strings.Join(minus(got, first), "\n  "),
					strings.Join(minus(first, got), "\n  "))
			}
		}
	})
}

// A decision about a record that was forgotten says nothing any more: its other record is not part of what the forgotten
// one still leads to.
func TestDecisionAboutTheForgottenTanglesNobody(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	w.tied = 3
	ledger.SetMostTied(w.Ledger, 3)
	w.fetch(rec("b/contacts/4", 1, say{Name: "Eve Moss"}), rec("b/contacts/2", 1, say{Email: "ann@acme.example"}),
		rec("b/contacts/3", 1, say{Email: "ann@acme.example"}))
	w.fetch(rec("a/contacts/1", 1, say{Name: "Ann Lee"}))
	w.fetch(rec("d/contacts/1", 1, say{Email: "ann@acme.example", Same: []string{"a/contacts/1"}}), rec("d/contacts/3", 1, say{Email: "ann@acme.example"}))
	w.decideAll([]ledger.Decision{{A: "a/contacts/1", B: "b/contacts/4", Same: true}})
	checkWhole(t, w, m)
	w.fetch(gone("a/contacts/1", 2, connectors.Privacy))
	checkWhole(t, w, m)
}
