package ledger_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
)

// snap calls fn with a snapshot.
func (w *world) snap(fn func(*ledger.Snap) error) {
	w.t.Helper()
	if err := w.Snapshot(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

// bring fetches records of any connection, one by one.
func (w *world) bring(records ...connectors.Record) {
	w.t.Helper()
	for _, r := range records {
		w.fetch(r)
	}
}

func (w *world) explain(id string) (x ledger.Explanation) {
	w.t.Helper()
	w.snap(func(s *ledger.Snap) (err error) {
		x, err = s.Explain(id)
		return err
	})
	return x
}

// goldens returns the golden records of the records' entities, byte for byte, by the entities' ids.
func (w *world) goldens(refs ...string) []string {
	w.t.Helper()
	var list []string
	w.snap(func(s *ledger.Snap) error {
		list = nil
		for _, r := range refs {
			e, err := s.Resolve(r)
			if err != nil || e == nil {
				return fmt.Errorf("resolve %s: %v, %w", r, e, err)
			}
			list = append(list, fmt.Sprintf("%s %x", e.ID, e.Golden.AppendBinary(nil)))
		}
		return nil
	})
	return list
}

func TestJoinThenSplitRestoresEverything(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Name: "Ann Lee", Email: "ann@acme.example"}),
		rec("a/contacts/2", 2, say{Name: "Eve Moss", Email: "eve@corp.example", Born: "1980-01-02"}))
	w.fetch(rec("b/contacts/1", 3, say{Name: "Ann Lee", Email: "ann@acme.example", Mobile: "+4915112345678"}))
	refs := []string{"a/contacts/1", "a/contacts/2", "b/contacts/1"}
	before := w.goldens(refs...)
	w.clean()
	d := ledger.Decision{A: "b/contacts/1", B: "a/contacts/2", Same: true, By: "ann", Why: "she married"}
	changed, err := w.Decide(t.Context(), d)
	must(t, err)
	if joined := w.goldens(refs...); joined[0] != joined[1] || joined[1] != joined[2] {
		t.Fatalf("after the decision: got %d customers, want 1", len(slices.Compact(joined)))
	}
	if len(changed) != 2 {
		t.Errorf("changed: got %v, want the customer that stays and the one that is gone", changed)
	}
	w.clean()
	d.Same = false
	_, err = w.Decide(t.Context(), d)
	must(t, err)
	equalLines(t, "after the split", w.goldens(refs...), before)
	_, err = w.Undecide(t.Context(), [2]string{d.A, d.B})
	must(t, err)
	equalLines(t, "after the decision was taken back", w.goldens(refs...), before)
	if n := len(ledger.DecisionRows(w.Ledger, w.engine)); n != 0 {
		t.Errorf("decisions left: %d, want 0", n)
	}
}

// TestCrashWhileDecidingLeavesAllOrNothing fails every write of a decision that joins two customers, one after the other.
func TestCrashWhileDecidingLeavesAllOrNothing(t *testing.T) {
	for n := 1; ; n++ {
		m := newMemory()
		w := newWorld(t, m)
		w.fetch(rec("a/contacts/1", 1, say{Name: "Ann Lee", Born: "1980-01-02"}))
		w.fetch(rec("a/contacts/2", 1, say{Name: "Ann Lee", Born: "1980-01-02"}))
		before := m.rows
		m.failPut = n
		_, err := w.Decide(t.Context(), ledger.Decision{A: "a/contacts/1", B: "a/contacts/2", Same: true})
		if m.failPut > 0 { // there are fewer writes
			must(t, err)
			checkWhole(t, w, m)
			if n < 10 {
				t.Fatalf("only %d writes", n)
			}
			return
		}
		if !errors.Is(err, errCrash) || !maps.Equal(m.rows, before) {
			t.Fatalf("crash at write %d: got %v and a changed ledger, want nothing stored", n, err)
		}
	}
}

func TestDecisionOutlivesEvidence(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Email: "ann@acme.example"}), rec("a/contacts/2", 1, say{Email: "ann@acme.example"}))
	_, err := w.Decide(t.Context(), ledger.Decision{A: "a/contacts/1", B: "a/contacts/2"})
	must(t, err)
	w.fetch(rec("a/contacts/2", 2, say{Name: "Ann Lee", Email: "ann@acme.example"}))
	if w.id("a/contacts/1") == w.id("a/contacts/2") {
		t.Error("an address joined what a person keeps apart")
	}
	if n := w.totals().Reviews; n != 0 {
		t.Errorf("pairs that wait: %d, want 0, for somebody has decided", n)
	}
	for _, bad := range []ledger.Decision{{A: "a/contacts/1", B: "a/contacts/9"}, {A: "a/contacts/1", B: "a/contacts/1"}} {
		if _, err := w.Decide(t.Context(), bad); !errors.Is(err, ledger.ErrNotFound) && !errors.Is(err, ledger.ErrUndecidable) {
			t.Errorf("decision on %s and %s: got %v, want it refused", bad.A, bad.B, err)
		}
	}
	w.fetch(rec("a/companies/1", 1, say{Name: "Acme"}))
	if _, err := w.Decide(t.Context(), ledger.Decision{A: "a/companies/1", B: "a/contacts/1", Same: true}); !errors.Is(err, ledger.ErrUndecidable) {
		t.Errorf("a person and an organization: got %v, want ErrUndecidable", err)
	}
}

func TestReviewWaitsUntilDecided(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Name: "Ann Lee", Born: "1980-01-02"}))
	since := w.now
	w.now = w.now.Add(time.Hour)
	w.fetch(rec("b/contacts/1", 1, say{Name: "Ann Lee", Born: "1980-01-02"}))
	found := w.now
	w.now = w.now.Add(time.Hour)
	w.fetch(rec("b/contacts/1", 2, say{Name: "Ann Lee", Born: "1980-01-02", Email: "ann@acme.example"}))
	list, next, err := w.Reviews(t.Context(), "", 10)
	must(t, err)
	if len(list) != 1 || next != "" || list[0].A != "a/contacts/1" || list[0].B != "b/contacts/1" ||
		list[0].EntityA != w.id("a/contacts/1") || !list[0].Since.Equal(found) || list[0].Since.Equal(since) {
		t.Fatalf("reviews: got %+v and %q, want the pair, since it was found", list, next)
	}
	_, err = w.Decide(t.Context(), ledger.Decision{A: list[0].A, B: list[0].B, Same: true})
	must(t, err)
	if list, _, _ = w.Reviews(t.Context(), "", 10); len(list) != 0 || w.id("a/contacts/1") != w.id("b/contacts/1") {
		t.Errorf("after accepting: %d wait, want 0 and one customer", len(list))
	}
}

// TestUnreadMergeLinks is a chain of merges through a record whose content was never read.
func TestUnreadMergeLinks(t *testing.T) {
	merged := func(id, into string) connectors.Record {
		r := gone(id, 2, connectors.Merged)
		r.Deleted.Into = ref(into)
		return r
	}
	first := merged("a/contacts/1", "a/contacts/2")
	first.Data = rec("a/contacts/1", 2, say{Name: "Ann"}).Data
	for _, order := range [][]connectors.Record{
		{first, merged("a/contacts/2", "a/contacts/3"), rec("a/contacts/3", 1, say{Name: "Ann Lee"})},
		{rec("a/contacts/3", 1, say{Name: "Ann Lee"}), merged("a/contacts/2", "a/contacts/3"), first},
		{first, rec("a/contacts/3", 1, say{Name: "Ann Lee"}), merged("a/contacts/2", "a/contacts/3")},
	} {
		w := newWorld(t, newMemory())
		for _, r := range order {
			w.fetch(r)
		}
		var sources []ledger.Source
		w.snap(func(s *ledger.Snap) (err error) {
			e, err := s.Resolve("a/contacts/3")
			if err == nil {
				sources, err = s.Sources(e.ID)
			}
			return err
		})
		if len(sources) != 2 {
			t.Errorf("records of the survivor: got %v, want the one merged through a record that was never read", sources)
		}
	}
}

func TestExplainNamesTheReasons(t *testing.T) {
	w := newWorld(t, newMemory())
	w.bring(rec("a/contacts/1", 1, say{Name: "Ann Lee", Email: "ann@acme.example,info@acme.example", Born: "1980-01-02"}),
		rec("b/contacts/1", 1, say{Name: "Ann Lee", Email: "ann@acme.example"}),
		rec("c/contacts/1", 1, say{Name: "Ann Lee", Born: "1980-01-02"}),
		rec("d/contacts/1", 1, say{Name: "Eve Moss", Email: "ann@acme.example", Born: "1999-12-31"}))
	id := w.id("a/contacts/1")
	x := w.explain(id)
	if len(x.Members) != 2 || len(x.Joined) == 0 || x.Joined[0].Rule != "e-mail address" || len(x.Joined[0].Evidence) == 0 {
		t.Fatalf("joined: got %+v of %d members, want an address that joins two", x.Joined, len(x.Members))
	}
	var waiting, refused bool
	for _, p := range x.Review {
		waiting = waiting || p.A == "a/contacts/1" && p.B == "c/contacts/1" && p.Refused == ""
		refused = refused || p.B == "d/contacts/1" && p.Refused != ""
	}
	if !waiting || !refused {
		t.Errorf("review: got %+v, want the one with the same birthday, and another birthday refused", x.Review)
	}
	if why := x.Members[0].Ignored; len(why) != 1 || why[0].Value != "info@acme.example" || why[0].Reason != "a role address" {
		t.Errorf("ignored: got %+v, want the role address", why)
	}
	w.snap(func(s *ledger.Snap) error {
		if _, err := s.Explain("per_" + strings.Repeat("0", 26)); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("an unknown entity: got %v, want ErrNotFound", err)
		}
		return nil
	})
}

// TestSharedAddressOfThousands keeps 5,000 people apart, in time that does not grow with them, and says why.
func TestSharedAddressOfThousands(t *testing.T) {
	w := newWorld(t, openBolt(t, t.TempDir()))
	var last time.Duration
	for page := range 10 {
		var list []connectors.Record
		for i := range 500 {
			list = append(list, rec(fmt.Sprint("a/contacts/", page*500+i), 1, say{Email: "hq@acme.example"}))
		}
		start := time.Now()
		w.fetch(list...)
		last = time.Since(start)
	}
	if n := w.totals().Customers(); n != 5000 {
		t.Fatalf("customers: got %d, want 5000", n)
	}
	why := w.explain(w.id("a/contacts/7")).Members[0].Ignored
	if len(why) != 1 || why[0].Reason != "held by 5000 records, more than 10" || why[0].Value != "hq@acme.example" {
		t.Errorf("ignored: got %+v, want the address and how many hold it", why)
	}
	t.Logf("the last 500 took %s", last)
}

// TestTangleIsLeftAlone ties 1,300 people into one chain: each shares an address with the next.
func TestTangleIsLeftAlone(t *testing.T) {
	w := newWorld(t, openBolt(t, t.TempDir()))
	link := func(i int) connectors.Record {
		return rec(fmt.Sprintf("a/contacts/%d", i), 1, say{Email: fmt.Sprintf("p%d@acme.example,p%d@acme.example", i, i+1)})
	}
	var list []connectors.Record
	for i := range 300 {
		list = append(list, link(i))
	}
	w.fetch(list...)
	checkLarge := w.explain(w.id("a/contacts/7"))
	if n := w.totals().Customers(); n < 6 || n > 60 || checkLarge.Tangled {
		t.Errorf("a chain of 300: got %d customers, want some of at most %d records each", n, identity.MaxCluster)
	}
	if !slices.ContainsFunc(checkLarge.Review, func(p ledger.PairWhy) bool { return strings.Contains(p.Refused, "more than 50") }) {
		t.Errorf("review of the chain: got %+v, want the bound as a reason", checkLarge.Review)
	}
	for i := 300; i < 1300; i += 250 {
		list = list[:0]
		for n := range 250 {
			list = append(list, link(i+n))
		}
		w.fetch(list...)
	}
	if n := w.totals().Customers(); n != 1300 {
		t.Errorf("a tangle of 1,300: got %d customers, want each alone", n)
	}
	if x := w.explain(w.id("a/contacts/7")); !x.Tangled || len(x.Review) == 0 || !strings.Contains(x.Review[0].Refused, "more than 1000") {
		t.Errorf("explanation: got %+v, want it to say that too many hang together", x)
	}
	w.fetch(rec("a/contacts/650", 2, say{Email: "alone@acme.example"}))
	if n := w.totals().Customers(); n > 100 {
		t.Errorf("cut in two: got %d customers, want both halves clustered again", n)
	}
	if x := w.explain(w.id("a/contacts/7")); x.Tangled {
		t.Error("half a tangle is still called one")
	}
}

func TestFindKnowsEveryName(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Email: "Ann@acme.example,info@acme.example", Mobile: "+4915112345678"}),
		rec("a/companies/1", 1, say{Name: "Acme", Domain: "acme.example"}))
	person, org := w.id("a/contacts/1"), w.id("a/companies/1")
	for term, want := range map[string]string{person: person, "a/contacts/1": person, "+49 1511 2345678": person,
		"acme.example": org, "info@acme.example": person, "nobody@acme.example": "", "a/contacts/9": "", "": "", "?": ""} {
		w.snap(func(s *ledger.Snap) error {
			got, err := s.Find(term, 5)
			if want == "" && len(got) != 0 || want != "" && !slices.Equal(got, []string{want}) {
				t.Errorf("Find(%q): got %v, want %q", term, got, want)
			}
			return err
		})
	}
}

// TestTryTellsWhatRemapDoes compares what Try says of other thresholds with what comes true.
func TestTryTellsWhatRemapDoes(t *testing.T) {
	careful := identity.NewResolver(identity.Settings{})
	bold := identity.NewResolver(identity.Settings{Person: identity.Bands{Medium: true}, Options: identity.Options{Blocked: []string{"corp.example"}}})
	rapid.Check(t, func(rt *rapid.T) {
		history := rapid.SliceOfN(rapid.Custom(drawPerson), 1, 40).Draw(rt, "history")
		m := newMemory()
		w := newWorldOf(t, m, plain{}, careful)
		pages := map[string][]connectors.Record{}
		for _, r := range history {
			pages[r.Ref.Connection] = append(pages[r.Ref.Connection], r)
		}
		for _, page := range pages {
			w.fetch(page...)
		}
		before := ledger.EntityRows(w.Ledger, m)
		rows := len(m.rows)
		var said []ledger.TryChange
		must(t, w.Try(t.Context(), bold, func(c ledger.TryChange) error {
			said = append(said, c)
			return nil
		}))
		if len(m.rows) != rows || !slices.Equal(ledger.EntityRows(w.Ledger, m), before) {
			rt.Fatalf("Try wrote something")
		}
		after := newWorldOf(t, m, plain{}, bold)
		for done := false; !done; {
			r, err := after.Remap(t.Context())
			must(t, err)
			done = r.Done
		}
		checkWhole(rt, after, m)
		if got, want := memberRows(ledger.EntityRows(after.Ledger, m)), memberRows(before); (len(said) == 0) != slices.Equal(got, want) {
			rt.Fatalf("Try said %+v; got\n  %s\nwant\n  %s", said, strings.Join(minus(got, want), "\n  "), strings.Join(minus(want, got), "\n  "))
		}
		for _, c := range said {
			for _, part := range c.Becomes {
				checkPart(rt, m, after, part)
			}
			for _, id := range c.Merged {
				after.snap(func(s *ledger.Snap) error {
					if now, err := s.Current(id); err != nil || now != c.Entity && !splits(said, id) {
						rt.Fatalf("Try said that %s becomes %s; it became %s (%v)", id, c.Entity, now, err)
					}
					return nil
				})
			}
		}
	})
}

// splits reports whether an entity was said to fall apart, so that its id need not lead where most of it went.
func splits(said []ledger.TryChange, id string) bool {
	return slices.ContainsFunc(said, func(c ledger.TryChange) bool { return c.Entity == id && len(c.Becomes) > 0 })
}

// checkPart fails unless the records of a part belong to one entity.
func checkPart(t failer, m *memory, w *world, part []string) {
	t.Helper()
	for _, refs := range ledger.Memberships(w.Ledger, m) {
		if slices.Contains(refs, part[0]) && !slices.ContainsFunc(part, func(r string) bool { return !slices.Contains(refs, r) }) {
			return
		}
	}
	t.Fatalf("Try said that %v stay together; they do not", part)
}

// memberRows leaves the hash of each golden record away.
func memberRows(list []string) []string {
	var short []string
	for _, row := range list {
		short = append(short, row[:strings.LastIndexByte(row, ' ')])
	}
	return short
}
