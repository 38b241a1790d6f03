package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/kv"
)

func TestHintsAreJoinedAndRenewedOnesStay(t *testing.T) {
	w := newWorld(t, newMemory())
	hint := func(id string) connectors.Hint { return connectors.Hint{Ref: ref(id), At: at(1)} }
	must(t, w.AddHints(t.Context(), []connectors.Hint{hint("a/contacts/1"), hint("a/contacts/1"), hint("a/deals/1")}))
	f, err := w.TakeRefs(t.Context(), "a", "", 10)
	if err != nil || len(f.Due) != 1 || !f.More || w.totals().Refs["a"] != 2 {
		t.Fatalf("first take: got %+v, %v, want one contact and more to come", f, err)
	}
	must(t, w.AddHints(t.Context(), []connectors.Hint{hint("a/contacts/1")})) // while it is being fetched
	done := ledger.Batch{Connection: "a", Stream: "contacts", Kind: ledger.Fetch, Done: f.Due,
		Records: []connectors.Record{rec("a/contacts/1", 1, say{Name: "A"})}}
	apply(t, w, done)
	if f, _ = w.TakeRefs(t.Context(), "a", "", 10); len(f.Due) != 1 || f.Due[0].Ref.Object != "contacts" {
		t.Fatalf("after a fetch that began before the last hint: got %+v, want the contact again", f.Due)
	}
	must(t, w.RetryRefs(t.Context(), f.Due, w.now.Add(time.Minute)))
	if f, _ = w.TakeRefs(t.Context(), "a", "", 10); len(f.Due) != 1 || f.Due[0].Ref.Object != "deals" || f.Wake.IsZero() {
		t.Fatalf("with the contact put off: got %+v, want the deal", f)
	}
	w.now = w.now.Add(time.Hour)
	f, _ = w.TakeRefs(t.Context(), "a", "", 10)
	done.Done = f.Due
	apply(t, w, done)
	if n := w.totals().Refs["a"]; n != 1 {
		t.Errorf("wishes left: %d, want 1", n)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func apply(t *testing.T, w *world, b ledger.Batch) ledger.Outcome {
	t.Helper()
	out, err := w.Apply(t.Context(), b)
	must(t, err)
	return out
}

func TestDeletionHintIsBelievedOnlyWithoutTheRecord(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Name: "A"}), rec("a/contacts/2", 1, say{Name: "B"}), rec("a/contacts/3", 1, say{Name: "C"}))
	hard := connectors.Deletion{Kind: connectors.Hard}
	must(t, w.AddHints(t.Context(), []connectors.Hint{{Ref: ref("a/contacts/1"), Deleted: hard, At: at(5)},
		{Ref: ref("a/contacts/2"), Deleted: hard, At: at(5)}, {Ref: ref("a/contacts/3"), At: at(5)}}))
	f, _ := w.TakeRefs(t.Context(), "a", "", 10)
	out := apply(t, w, ledger.Batch{Connection: "a", Stream: "contacts", Kind: ledger.Fetch, Seen: at(9), Done: f.Due,
		Records: []connectors.Record{rec("a/contacts/2", 5, say{Name: "B"})}})
	if len(out.Missing) != 1 || out.Missing[0] != ref("a/contacts/3") {
		t.Errorf("missing: got %v, want the record nobody called deleted", out.Missing)
	}
	if a, b, c := w.id("a/contacts/1"), w.id("a/contacts/2"), w.id("a/contacts/3"); a != "" || b == "" || c == "" {
		t.Errorf("got %q %q %q, want only the first gone", a, b, c)
	}
}

func TestInboxIsDurableAndSettledOnce(t *testing.T) { // invariant 5
	dir := t.TempDir()
	engine := openBolt(t, dir)
	w := newWorld(t, engine)
	for i := range 3 {
		must(t, w.PutInbox(t.Context(), "a", connectors.Delivery{Method: "POST", Body: fmt.Append(nil, i), Received: w.now}))
	}
	must(t, engine.Close())
	w = newWorld(t, openBolt(t, dir))
	list, err := w.TakeInbox(t.Context(), 10)
	if err != nil || len(list) != 3 || string(list[0].Request.Body) != "0" || string(list[2].Request.Body) != "2" {
		t.Fatalf("inbox: got %+v, %v, want three in order", list, err)
	}
	parsed := []ledger.Parsed{{ID: list[0].ID, Hints: []connectors.Hint{{Ref: ref("a/contacts/1")}}},
		{ID: list[1].ID, Reject: "not JSON"}, {ID: list[2].ID, Hints: []connectors.Hint{{Ref: connectors.Ref{}}}}}
	must(t, w.SettleInbox(t.Context(), parsed))
	must(t, w.SettleInbox(t.Context(), parsed))
	totals := w.totals()
	if totals.Inbox != 0 || totals.Refs["a"] != 1 || totals.Dead[ledger.DeadDelivery] != 2 {
		t.Errorf("totals: got %+v, want an empty inbox, one wish and two letters", totals)
	}
	letters := deadLetters(w)
	if gone, err := w.DeadReplay(t.Context(), letters[0].ID); err != nil || !gone {
		t.Fatalf("replay: %v, %v", gone, err)
	}
	if list, _ = w.TakeInbox(t.Context(), 10); len(list) != 1 || w.totals().Inbox != 1 {
		t.Errorf("inbox after the replay: %d and a count of %d, want 1", len(list), w.totals().Inbox)
	}
}

func TestDeadRecordIsReplayedWithNewRules(t *testing.T) { // invariant 7
	m := newMemory()
	w := newWorld(t, m)
	w.fetch(rec("a/contacts/1", 1, say{Name: "A"}), rec("a/contacts/2", 1, say{Name: "B", Broken: true}))
	id := deadLetters(w)[0].ID
	if id != "record:a/contacts/2" {
		t.Fatalf("id: got %q", id)
	}
	if gone, err := w.DeadReplay(t.Context(), id); err != nil || gone {
		t.Fatalf("replay with the same rules: got %v, %v, want it to stay", gone, err)
	}
	w = newWorldWith(t, m, lenient{plain{"2"}})
	if gone, err := w.DeadReplay(t.Context(), id); err != nil || !gone {
		t.Fatalf("replay with other rules: got %v, %v, want it gone", gone, err)
	}
	if w.id("a/contacts/2") == "" || len(deadLetters(w)) != 0 {
		t.Error("the replayed record did not arrive")
	}
	if _, err := w.DeadReplay(t.Context(), id); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("replay of a letter that is gone: got %v, want ErrNotFound", err)
	}
}

// lenient maps what plain calls broken.
type lenient struct{ plain }

func (l lenient) Map(r connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	r.Data = []byte(strings.Replace(string(r.Data), `"broken":true`, `"broken":false`, 1))
	return l.plain.Map(r)
}

func TestDroppedLetterLeavesTheRecord(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Name: "A"}))
	w.fetch(rec("a/contacts/1", 2, say{Broken: true}))
	equalLines(t, "entities with a letter", w.entities(), []string{`person [a/contacts/1] name.full="A1"`})
	must(t, w.DeadDrop(t.Context(), "record:a/contacts/1"))
	if err := w.DeadDrop(t.Context(), "record:a/contacts/1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("dropping it again: got %v, want ErrNotFound", err)
	}
	equalLines(t, "entities without", w.entities(), []string{`person [a/contacts/1] name.full="A1"`})
}

func TestRemapUsesTheStoredRecords(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	for i := range 7 {
		w.fetch(contactsNamed(100*(i+1), 1)[100*i:]...)
	}
	w.clean()
	w = newWorldWith(t, m, plain{"2"})
	total := 0
	for range 10 {
		r, err := w.Remap(t.Context())
		must(t, err)
		if total += r.Records; r.Done {
			break
		}
	}
	if total != 700 || len(w.dirty()) != 700 {
		t.Errorf("remapped %d and marked %d, want 700", total, len(w.dirty()))
	}
	if got := w.entities()[0]; !strings.Contains(got, `name.full="02"`) {
		t.Errorf("entity: got %s, want the new rules' name", got)
	}
	if r, err := w.Remap(t.Context()); err != nil || !r.Done || r.Records != 0 {
		t.Errorf("Remap again: got %+v, %v, want nothing to do", r, err)
	}
}

func TestReplanMarksEverythingOnce(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(contactsNamed(700, 1)...)
	w.clean()
	calls := 0
	for done := false; !done; calls++ {
		var err error
		done, err = w.Replan(t.Context(), "rules 2")
		must(t, err)
	}
	if n := len(w.dirty()); n != 700 || calls != 2 {
		t.Errorf("marked %d in %d calls, want 700 in 2", n, calls)
	}
	w.clean()
	if done, err := w.Replan(t.Context(), "rules 2"); err != nil || !done || len(w.dirty()) != 0 {
		t.Errorf("again: %v %v and %d marks, want nothing", done, err, len(w.dirty()))
	}
}

func TestVeryManyReferrersAreMarkedInPieces(t *testing.T) {
	w := newWorld(t, newMemory())
	const many = 2300
	var deals []connectors.Record
	for i := range many {
		deals = append(deals, rec(fmt.Sprint("a/deals/", i), 1, say{Name: "D", Org: "a/companies/1"}))
	}
	w.fetch(deals...)
	w.clean()
	out := w.fetch(rec("a/companies/1", 1, say{Name: "Acme"}))
	if len(out.Changed) != 1001 {
		t.Fatalf("marked at once: %d, want 1000 deals and the organization", len(out.Changed))
	}
	for done, calls := false, 0; !done; calls++ {
		var err error
		done, err = w.Spread(t.Context())
		must(t, err)
		if calls > 10 {
			t.Fatal("Spread does not end")
		}
	}
	if n := len(w.dirty()); n != many+1 {
		t.Errorf("marks: got %d, want %d", n, many+1)
	}
}

func TestTokensAreSealed(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	store := w.Tokens()
	if tok, err := store.Load(t.Context(), "sf"); err != nil || !tok.Access.IsZero() {
		t.Fatalf("no token yet: got %v, %v", tok, err)
	}
	must(t, store.Save(t.Context(), "sf", oauth.Token{Access: connectors.NewSecret("s3cret"), Refresh: connectors.NewSecret("r3fresh")}))
	tok, err := store.Load(t.Context(), "sf")
	if err != nil || tok.Access.Reveal() != "s3cret" || tok.Refresh.Reveal() != "r3fresh" {
		t.Fatalf("Load: %v", err)
	}
	for key, value := range m.rows {
		if strings.Contains(value, "s3cret") || strings.Contains(value, "r3fresh") {
			t.Errorf("row %q shows the token", key)
		}
		if strings.HasPrefix(key, "token\x00") {
			m.put(strings.Replace(key, "sf", "hs", 1), value)
		}
	}
	if _, err := store.Load(t.Context(), "hs"); err == nil {
		t.Error("a token moved to another connection opened")
	}
	other, err := ledger.Open(m, ledger.Options{Mapper: plain{}, Key: []byte(strings.Repeat("x", 32))})
	must(t, err)
	if _, err := other.Tokens().Load(t.Context(), "sf"); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("with another key: got %v, want an error without the token", err)
	}
}

func TestGapsGrowAndHeal(t *testing.T) { // invariant 8
	w := newWorld(t, newMemory())
	g := ledger.Gap{Connection: "a", Stream: "contacts", Kind: "receiver was down", From: at(10), To: at(20)}
	id, err := w.OpenGap(t.Context(), g)
	must(t, err)
	g.From, g.To = at(5), at(15)
	again, err := w.OpenGap(t.Context(), g)
	must(t, err)
	gaps, err := w.Gaps(t.Context())
	if err != nil || id != again || len(gaps) != 1 || gaps[0].Seen != 2 || !gaps[0].From.Equal(at(5)) || !gaps[0].To.Equal(at(20)) {
		t.Fatalf("gaps: got %+v, %v, want one from 5 to 20", gaps, err)
	}
	must(t, w.HealGap(t.Context(), gaps[0]))
	must(t, w.HealGap(t.Context(), gaps[0]))
	if n := w.totals().Gaps; n != 0 {
		t.Errorf("count of gaps: %d, want 0", n)
	}
}

// TestDamagedRowsAreErrors cuts and garbles every row once: whatever is called, the answer is an error that names the
// place, or right by luck, never a panic.
func TestDamagedRowsAreErrors(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	w.fetch(rec("a/deals/1", 1, say{Name: "D", Org: "a/companies/1"}), rec("a/contacts/1", 1, say{Email: "ann@acme.example"}),
		rec("a/companies/1", 1, say{Name: "Acme"}), rec("a/contacts/2", 1, say{Broken: true}))
	must(t, w.StoreNews(t.Context(), ledger.News{Connection: "a", Feed: "f", To: "1", Hints: hints("a/contacts/1"),
		Gaps: []ledger.Gap{{Connection: "a", Stream: "contacts", Kind: ledger.FeedMissed}}}))
	id := w.id("a/deals/1")
	_, err := w.Intend(t.Context(), target, []ledger.Intent{{Entity: id, Key: "k"}})
	must(t, err)
	w.settle(ledger.Settlement{Entity: id, Wrote: []ledger.Link{{Key: "j", Link: "1", Item: &connectors.Item{Key: "j"}}}})
	whole := m.rows
	seen := 0
	for key, value := range whole {
		for _, bad := range []string{"", value[:len(value)/2], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", value + "x"} {
			m.rows = whole
			m.put(key, bad)
			if use(t.Context(), w, id) {
				seen++
			}
		}
	}
	if seen < len(whole) {
		t.Errorf("only %d of %d damages were noticed", seen, 4*len(whole))
	}
}

// use calls most of the ledger and reports whether one answer was that something is damaged.
func use(ctx context.Context, w *world, id string) bool {
	noticed := false
	note := func(err error) { noticed = noticed || errors.Is(err, kv.ErrDamaged) }
	for _, c := range []string{"deals", "contacts", "companies"} {
		_, err := w.Apply(ctx, ledger.Batch{Connection: "a", Stream: c, Kind: ledger.Fetch, Records: []connectors.Record{
			rec("a/"+c+"/1", 2, say{Name: "E", Email: "eve@corp.example"}), rec("a/"+c+"/2", 2, say{Broken: true})}})
		note(err)
	}
	_, err := w.Totals(ctx)
	note(err)
	_, err = w.Streams(ctx)
	note(err)
	_, err = w.Feed(ctx, "a", "f")
	note(err)
	_, err = w.Gaps(ctx)
	note(err)
	_, err = w.Dirty(ctx, target, "", 10)
	note(err)
	_, err = w.TakeRefs(ctx, "a", "", 10)
	note(err)
	_, _, err = w.DeadList(ctx, "", "", 10)
	note(err)
	_, _, err = w.Reviews(ctx, "", 10)
	note(err)
	_, err = w.Decide(ctx, ledger.Decision{A: "a/contacts/3", B: "a/contacts/4", Same: true})
	note(err)
	note(w.Try(ctx, identity.NewResolver(identity.Settings{Person: identity.Bands{Medium: true}}), func(ledger.TryChange) error { return nil }))
	note(w.Snapshot(ctx, func(s *ledger.Snap) error {
		_, err := s.Links(target, id)
		note(err)
		_, err = s.Raw(ref("a/deals/1"))
		note(err)
		ids, err := s.Find("ann@acme.example", 5)
		note(err)
		for _, id := range ids {
			_, err = s.Explain(id)
			note(err)
			_, err = s.Log(id, 0, 5)
			note(err)
		}
		_, err = s.Entity(id)
		return err
	}))
	return noticed
}
