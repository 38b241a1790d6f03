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
