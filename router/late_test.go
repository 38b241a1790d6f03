package router_test

import (
	"errors"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
)

// A request that a killed process left at the vendor takes effect after the next process has begun: it must not look
// for the object before that, and make it again (invariant 4).
func TestLateWriteOfAKilledProcessMakesNoSecondObject(t *testing.T) {
	w := newWorld(t)
	w.crm.set("1", "Ada")
	var left connectors.Item
	w.board.before = func(want connectors.Want) error {
		left = want.Item
		return errors.New("connection reset")
	}
	w.start()
	w.until(func() bool { w.board.mu.Lock(); defer w.board.mu.Unlock(); return left.Key != "" })
	w.halt()
	w.board.before = nil
	w.change = func(o *router.Options) { o.Late = 800 * time.Millisecond }
	w.start()
	landed := make(chan struct{})
	time.AfterFunc(300*time.Millisecond, func() { // the vendor gets to it
		w.board.mu.Lock()
		defer w.board.mu.Unlock()
		w.board.items["late"] = left
		close(landed)
	})
	w.backfill()
	<-landed
	if shown := w.board.shows(t); len(shown) != 1 {
		t.Errorf("%v is shown, want one item", shown)
	}
}

// A vendor, or a proxy before it, may sit on a request longer than anybody waits. What it makes then is found by the second
// look: one object goes on, the older, and shows what is newest, also when the process ended in between (invariant 4).
func TestWriteThatLandsAfterTheLookUpIsMended(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newWorld(t)
		w.change = func(o *router.Options) { o.Recheck = 300 * time.Millisecond }
		w.crm.set("1", "Ada")
		left := w.leave()
		w.start()
		w.backfill()
		w.board.mu.Lock()
		w.board.items["late"] = left
		w.board.mu.Unlock()
		if restart {
			w.halt()
			w.start()
		}
		w.until(func() bool { w.board.mu.Lock(); defer w.board.mu.Unlock(); return w.board.items["t1"].Key == "" })
		w.crm.set("1", "Grace")
		w.until(func() bool { return w.shows("Grace") })
		if shown := w.board.shows(t); len(shown) != 1 || w.board.items["late"].Title != "Grace" {
			t.Errorf("restart %v: %v is shown and the older object is %+v, want it alone, up to date", restart, shown, w.board.items["late"])
		}
		w.halt()
		w.stop = nil
	}
}

// leave lets a first process die while it makes something, and returns what it left with the vendor.
func (w *world) leave() (left connectors.Item) {
	w.t.Helper()
	w.board.before = func(want connectors.Want) error {
		left = want.Item
		return errors.New("connection reset")
	}
	w.start()
	w.until(func() bool { w.board.mu.Lock(); defer w.board.mu.Unlock(); return left.Key != "" })
	w.halt()
	w.board.before = nil
	return left
}

// What was made in doubt is looked for once, not for ever, and what was not is never looked for.
func TestSecondLookComesOnce(t *testing.T) {
	w := newWorld(t)
	w.change = func(o *router.Options) { o.Recheck = time.Nanosecond }
	w.crm.set("1", "Ada")
	w.leave()
	w.start()
	w.crm.set("2", "Eve")
	w.until(func() bool { w.board.mu.Lock(); defer w.board.mu.Unlock(); return w.board.rechecks > 0 })
	for range 3 {
		w.backfill()
		if err := w.router.Upkeep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if w.board.rechecks != 1 || len(w.board.shows(t)) != 2 {
		t.Errorf("looked %d times, want once; shown are %v", w.board.rechecks, w.board.shows(t))
	}
}
