package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

func (w *world) settle(list ...ledger.Settlement) ledger.Settled {
	w.t.Helper()
	s, err := w.Settle(w.t.Context(), target, list)
	if err != nil {
		w.t.Fatalf("Settle: %v", err)
	}
	return s
}

func (w *world) links(entity string) []ledger.Link {
	w.t.Helper()
	var list []ledger.Link
	err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) (err error) {
		list, err = s.Links(target, entity)
		return err
	})
	if err != nil {
		w.t.Fatalf("Links: %v", err)
	}
	return list
}

func TestMarkStaysWhenTheEntityChangedMeanwhile(t *testing.T) { // invariant 3
	w := newWorld(t, newMemory())
	w.fetch(rec("a/deals/1", 1, say{Name: "D"}))
	read := w.dirty()[0]
	w.fetch(rec("a/deals/1", 2, say{Name: "E"})) // while the target is being written
	if s := w.settle(ledger.Settlement{Entity: read.Entity, Generation: read.Generation}); s.Kept != 1 {
		t.Errorf("Settle: got %+v, want the mark kept", s)
	}
	left := w.dirty()
	if len(left) != 1 || left[0].Generation <= read.Generation {
		t.Fatalf("marks: got %+v, want one of a later generation than %d", left, read.Generation)
	}
	if !left[0].Since.Equal(read.Since) {
		t.Errorf("since: got %v, want %v, the oldest change not shown", left[0].Since, read.Since)
	}
	w.settle(ledger.Settlement{Entity: read.Entity, Generation: left[0].Generation})
	if d := w.dirty(); len(d) != 0 || w.totals().Dirty[target] != 0 {
		t.Errorf("marks after the last settlement: got %+v and count %d, want none", d, w.totals().Dirty[target])
	}
}

// TestNoChangeIsEverLost drives changes and deliveries at random. What a delivery showed is what it read; at the end,
// whatever is not marked must be shown in its newest form.
func TestNoChangeIsEverLost(t *testing.T) { // invariant 3
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, newMemory())
		shown := map[string]string{}
		type work struct {
			mark ledger.Dirty
			read string
		}
		var open []work
		version := 0
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			switch rapid.IntRange(0, 3).Draw(rt, "step") {
			case 0, 1:
				version++
				id := rapid.SampledFrom([]string{"a/deals/1", "a/deals/2"}).Draw(rt, "deal")
				w.fetch(rec(id, version, say{Name: fmt.Sprint("v", version)}))
			case 2:
				for _, m := range w.dirty() {
					open = append(open, work{m, w.name(m.Entity)})
				}
			case 3:
				for _, o := range open {
					shown[o.mark.Entity] = o.read
					w.settle(ledger.Settlement{Entity: o.mark.Entity, Generation: o.mark.Generation})
				}
				open = nil
			}
		}
		marked := map[string]bool{}
		for _, m := range w.dirty() {
			marked[m.Entity] = true
		}
		for _, id := range []string{w.id("a/deals/1"), w.id("a/deals/2")} {
			if id != "" && !marked[id] && shown[id] != w.name(id) {
				rt.Fatalf("%s shows %q, is %q and has no mark", id, shown[id], w.name(id))
			}
		}
	})
}

func (w *world) name(entity string) string {
	w.t.Helper()
	name := ""
	err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		e, err := s.Subject(entity)
		if e != nil {
			name = string(e.Golden.Get("name"))
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return name
}

func TestIntentSurvivesUntilSettled(t *testing.T) { // invariant 4
	dir := t.TempDir()
	engine := openBolt(t, dir)
	w := newWorld(t, engine)
	w.fetch(rec("a/deals/1", 1, say{Name: "D"}))
	mark := w.dirty()[0]
	key := "deals/" + mark.Entity
	if _, err := w.Intend(t.Context(), target, []ledger.Intent{{Entity: mark.Entity, Key: key}}); err != nil {
		t.Fatal(err)
	}
	since := w.now
	if err := engine.Close(); err != nil { // killed while the target is being written
		t.Fatal(err)
	}
	w = newWorld(t, openBolt(t, dir))
	w.now = since.Add(time.Hour)
	if _, err := w.Intend(t.Context(), target, []ledger.Intent{{Entity: mark.Entity, Key: key}}); err != nil {
		t.Fatal(err)
	}
	links := w.links(mark.Entity)
	if len(links) != 1 || !links[0].InDoubt || !links[0].Since.Equal(since) || links[0].Link != "" {
		t.Fatalf("links: got %+v, want %s in doubt since %v", links, key, since)
	}
	item := connectors.Item{Key: key, Title: "D"}
	w.settle(ledger.Settlement{Entity: mark.Entity, Generation: mark.Generation,
		Wrote: []ledger.Link{{Key: key, Link: "gid1", Item: &item}}})
	links = w.links(mark.Entity)
	hash, _ := ledger.HashItem(item)
	if len(links) != 1 || links[0].InDoubt || links[0].Link != "gid1" || links[0].Item.Title != "D" || links[0].Hash != hash {
		t.Errorf("links: got %+v, want gid1 without doubt", links)
	}
}

func TestOpenLinksAreCounted(t *testing.T) { // invariant 6 takes its share of this
	w := newWorld(t, newMemory())
	w.fetch(rec("a/deals/1", 1, say{Name: "D"}))
	id := w.id("a/deals/1")
	steps := []struct {
		say  ledger.Settlement
		want int64
	}{
		{ledger.Settlement{Entity: id, Wrote: []ledger.Link{{Key: "a", Link: "1"}, {Key: "b", Link: "2"}}}, 2},
		{ledger.Settlement{Entity: id, Wrote: []ledger.Link{{Key: "a", Link: "1"}}}, 2},
		{ledger.Settlement{Entity: id, Wrote: []ledger.Link{{Key: "a", Link: "1", Closed: true}}}, 1},
		{ledger.Settlement{Entity: id, Gone: []string{"a", "b", "never"}}, 0},
		{ledger.Settlement{Entity: id, Wrote: []ledger.Link{{Key: "a", Link: "1"}}}, 1},
	}
	for i, s := range steps {
		w.settle(s.say)
		if n, err := w.OpenLinks(t.Context(), target); err != nil || n != s.want {
			t.Errorf("after step %d: got %d open links, %v, want %d", i, n, err, s.want)
		}
	}
	n := 0
	err := w.EachLink(t.Context(), target, func(entity string, k ledger.Link) error {
		if n++; entity != id || k.Key != "a" {
			t.Errorf("EachLink: got %s %+v", entity, k)
		}
		return nil
	})
	if err != nil || n != 1 {
		t.Errorf("EachLink: %d links, %v, want 1", n, err)
	}
}

func TestRetryWaitsAndAChangeEndsTheWait(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/deals/1", 1, say{Name: "D"}))
	m := w.dirty()[0]
	later := w.now.Add(time.Minute)
	w.settle(ledger.Settlement{Entity: m.Entity, Generation: m.Generation, Retry: ledger.Retry{Error: "asana: temporary", NotBefore: later}})
	b, err := w.Dirty(t.Context(), target, "", 10)
	if err != nil || len(b.Due) != 0 || !b.Wake.Equal(later) {
		t.Fatalf("backlog: got %+v, %v, want nothing due before %v", b, err, later)
	}
	w.now = later
	if d := w.dirty(); len(d) != 1 || d[0].Attempts != 1 || d[0].Error != "asana: temporary" {
		t.Fatalf("when the time has come: got %+v", d)
	}
	w.now = epoch
	w.fetch(rec("a/deals/1", 2, say{Name: "E"}))
	if d := w.dirty(); len(d) != 1 || d[0].Attempts != 0 {
		t.Errorf("after a change: got %+v, want it due at once", d)
	}
}

func TestDirtyPages(t *testing.T) {
	w := newWorld(t, newMemory())
	for i := range 7 {
		w.fetch(rec(fmt.Sprint("a/deals/", i), 1, say{Name: "D"}))
	}
	var got []string
	after := ""
	for {
		b, err := w.Dirty(t.Context(), target, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range b.Due {
			got = append(got, m.Entity)
		}
		if after = b.Next; after == "" {
			break
		}
	}
	if len(got) != 7 || w.totals().Dirty[target] != 7 {
		t.Errorf("got %d marks in pages and a count of %d, want 7", len(got), w.totals().Dirty[target])
	}
}

func TestRejectedItemIsALetterUntilReplayed(t *testing.T) { // invariant 7
	w := newWorld(t, newMemory())
	w.fetch(rec("a/deals/1", 1, say{Name: "D"}))
	m := w.dirty()[0]
	w.settle(ledger.Settlement{Entity: m.Entity, Generation: m.Generation, Reject: "title is too long"})
	if d := w.dirty(); len(d) != 0 {
		t.Fatalf("marks after a rejection: %+v, want none", d)
	}
	letters := deadLetters(w)
	if len(letters) != 1 || letters[0].Kind != ledger.DeadItem || letters[0].Cause != "title is too long" {
		t.Fatalf("letters: got %+v", letters)
	}
	if gone, err := w.DeadReplay(t.Context(), letters[0].ID); err != nil || !gone {
		t.Fatalf("replay: %v %v", gone, err)
	}
	wantDirty(t, w, m.Entity)
	if n := len(deadLetters(w)); n != 0 {
		t.Errorf("letters after the replay: %d, want 0", n)
	}
}
