package router_test

import (
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
)

// A person must be able to tell a customer that is gone from one that lives on under another's name.
func TestPlanSaysWhatAClosedItemBecame(t *testing.T) {
	w := newWorld(t)
	w.crm.set("1", "Ada")
	w.crm.set("2", "Ada again")
	w.crm.set("3", "Grace")
	w.start()
	w.backfill()
	w.halt()

	w.crm.merge("2", "1")
	w.crm.remove("3")
	w.change = func(o *router.Options) { o.Targets = nil } // reads only
	w.start()
	if err := w.router.ReadAll(t.Context(), router.Scope{}); err != nil {
		t.Fatal(err)
	}
	var merged, deleted int
	err := w.router.Plan(t.Context(), "board", func(c router.Change) error {
		switch {
		case c.Action == router.Merge && c.Into != "" && c.Into != c.Entity && c.Link != "" && c.Item.Title == "Ada again":
			merged++
		case c.Action == router.Close && c.Into == "" && c.Item.Title == "Grace":
			deleted++
		default:
			t.Errorf("got %s of %q, want nothing but what is closed", c.Action, c.Item.Title)
		}
		return nil
	})
	if err != nil || merged != 1 || deleted != 1 {
		t.Errorf("got %d merged and %d deleted, %v; want 1 and 1", merged, deleted, err)
	}
}

// merge is what a vendor says when two of its records became one.
func (c *crm) merge(from, into string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock = c.clock.Add(time.Millisecond)
	rec := c.live[from]
	rec.Version, rec.Seen = c.clock, c.clock
	rec.Deleted = connectors.Deletion{Kind: connectors.Merged, Into: connectors.Ref{Connection: "crm", Object: "contacts", ID: into}}
	c.put(rec)
}

// A task that stays and shows a customer who was merged into another says so.
func TestPlanSaysWhatStays(t *testing.T) {
	w := newMergeWorld(t)
	w.start()
	w.crm.say("2", "Ada", "ada@one.example")
	w.backfill()
	w.halt()
	w.crm.say("1", "Ada", "ada@one.example")
	w.change = func(o *router.Options) { o.Targets = nil }
	w.start()
	if err := w.router.ReadAll(t.Context(), router.Scope{}); err != nil {
		t.Fatal(err)
	}
	var got []router.Change
	if err := w.router.Plan(t.Context(), "board", func(c router.Change) error { got = append(got, c); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Action != router.Update || got[0].Link != "t1" || got[0].From == "" || got[0].From == got[0].Entity || got[0].Why == "" {
		t.Errorf("got %+v, want one change of t1 that names whose it was", got)
	}
}
