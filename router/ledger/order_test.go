package ledger_test

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// pool is where histories take their records and values from: small, so that they collide all the time.
var pool = struct{ refs, emails, domains []string }{
	refs: []string{"a/contacts/1", "a/contacts/2", "a/contacts/x", "b/contacts/1", "b/contacts/2", "c/contacts/1",
		"a/companies/1", "b/companies/1", "a/companies/2", "a/deals/1", "a/deals/2", "a/tickets/1", "b/tickets/1"},
	emails:  []string{"", "ann@acme.example", "bob@acme.example", "eve@corp.example"},
	domains: []string{"", "acme.example", "corp.example"},
}

// drawVersion draws one version of one record. Versions collide on purpose: then Seen and content decide.
func drawVersion(t *rapid.T) connectors.Record {
	id := rapid.SampledFrom(pool.refs).Draw(t, "ref")
	r := rec(id, rapid.IntRange(1, 6).Draw(t, "version"), drawSay(t, id))
	r.Seen = at(rapid.IntRange(1, 8).Draw(t, "seen"))
	r.Deleted.Kind = rapid.SampledFrom([]connectors.DeletionKind{"", "", "", "", "", connectors.Soft, connectors.Hard,
		connectors.Archived, connectors.Privacy, connectors.Merged}).Draw(t, "deleted")
	if r.Deleted.Kind == connectors.Merged {
		into := ref(rapid.SampledFrom(pool.refs).Draw(t, "into"))
		r.Deleted.Into = connectors.Ref{Connection: r.Ref.Connection, Object: r.Ref.Object, ID: into.ID}
	}
	if r.Deleted.Kind != connectors.NotDeleted && rapid.Bool().Draw(t, "bare") {
		r.Data = nil
	}
	return r
}

func drawSay(t *rapid.T, id string) say {
	s := say{Name: rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "name")}
	switch kindOf(id) {
	case "person":
		s.Email = rapid.SampledFrom(pool.emails).Draw(t, "email")
	case "organization":
		s.Domain = rapid.SampledFrom(pool.domains).Draw(t, "domain")
	case "deal", "ticket":
		s.Org = rapid.SampledFrom([]string{"", "a/companies/1", "b/companies/1", "a/companies/2"}).Draw(t, "org")
	}
	switch rapid.IntRange(0, 11).Draw(t, "oddity") {
	case 0:
		s.Broken = true
	case 1:
		s.Filter = "test records"
	case 2:
		s.Same = []string{rapid.SampledFrom(pool.refs).Draw(t, "same")}
	}
	return s
}

// deliver applies records in the given order, cut into pages, some of them twice, and forgets marks now and then.
func deliver(w *world, records []connectors.Record, rnd *rand.Rand) {
	records = slices.Clone(records)
	rnd.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	for len(records) > 0 {
		n := 1 + rnd.Intn(min(7, len(records)))
		pages := map[string][]connectors.Record{}
		for _, r := range records[:n] {
			pages[r.Ref.Connection] = append(pages[r.Ref.Connection], r)
		}
		for _, c := range slices.Sorted(func(yield func(string) bool) {
			for c := range pages {
				if !yield(c) {
					return
				}
			}
		}) {
			w.fetch(pages[c]...)
			if rnd.Intn(4) == 0 {
				w.fetch(pages[c]...)
			}
		}
		if rnd.Intn(5) == 0 {
			w.clean()
		}
		records = records[n:]
	}
}

// picture is everything of the ledger that must not depend on the order of arrival.
func picture(w *world, m *memory) []string {
	list := w.entities()
	list = append(list, m.dump("key", "rev", "body")...)
	list = append(list, registers(w, m)...)
	for _, d := range deadLetters(w) {
		list = append(list, fmt.Sprintf("dead %s %s %s", d.ID, d.Version, d.Data))
	}
	t := w.totals()
	return append(list, fmt.Sprint(t.Records, t.Live, t.Dead, t.Entities))
}

func deadLetters(w *world) []ledger.Dead {
	w.t.Helper()
	list, _, err := w.DeadList(w.t.Context(), "", "", 1000)
	if err != nil {
		w.t.Fatalf("DeadList: %v", err)
	}
	for i := range list {
		if list[i], err = w.DeadShow(w.t.Context(), list[i].ID); err != nil {
			w.t.Fatalf("DeadShow: %v", err)
		}
	}
	return list
}

func TestEndStateDoesNotDependOnArrival(t *testing.T) { // invariant 2
	rapid.Check(t, func(rt *rapid.T) {
		history := rapid.SliceOfN(rapid.Custom(drawVersion), 1, 40).Draw(rt, "history")
		seed := rapid.Int64().Draw(rt, "seed")
		var first []string
		for n := range 3 {
			m := newMemory()
			m.twice = n == 2
			w := newWorld(t, m)
			deliver(w, history, rand.New(rand.NewSource(seed+int64(n))))
			checkWhole(rt, w, m)
			if lost := w.unmarked(); lost != "" {
				rt.Fatalf("order %d lost a mark: %s", n, lost) // invariant 3
			}
			if n == 0 {
				first = picture(w, m)
			} else if got := picture(w, m); !slices.Equal(got, first) {
				rt.Fatalf("order %d ends in another state:\ngot\n  %s\nwant\n  %s", n, strings.Join(minus(got, first), "\n  "),
					strings.Join(minus(first, got), "\n  "))
			}
		}
	})
}

func minus(a, b []string) []string {
	var list []string
	for _, x := range a {
		if !slices.Contains(b, x) {
			list = append(list, x)
		}
	}
	return list
}

func TestReplayedHistoryOnBoltIsTheSame(t *testing.T) {
	rnd := rand.New(rand.NewSource(4))
	var history []connectors.Record
	for i := range 60 {
		history = append(history, rapid.Custom(drawVersion).Example(i))
	}
	m := newMemory()
	w := newWorld(t, m)
	deliver(w, history, rnd)
	b := newWorld(t, openBolt(t, t.TempDir()))
	deliver(b, history, rnd)
	equalLines(t, "entities on bbolt", b.entities(), w.entities())
	if got, want := fmt.Sprint(b.totals().Live), fmt.Sprint(w.totals().Live); got != want {
		t.Errorf("live records on bbolt: got %s, want %s", got, want)
	}
}
