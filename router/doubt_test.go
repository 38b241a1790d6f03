package router_test

import (
	"errors"
	"testing"

	"github.com/millrace/millrace/connectors"
)

// A change whose answer was lost may have been written. When the entity goes back to what was last known to be shown,
// there is no difference to that, and yet something to write.
func TestChangeInDoubtThatIsTakenBackIsUndone(t *testing.T) {
	w := newWorld(t)
	w.crm.set("1", "Ada")
	w.start()
	w.backfill()
	w.board.after = func(connectors.Want) error { return errors.New("connection reset") }
	w.crm.set("1", "Grace")
	w.until(func() bool { return w.shows("Grace") })
	w.halt()
	w.board.after = nil
	w.crm.set("1", "Ada")
	w.start()
	w.backfill()
	if !w.shows("Ada") {
		t.Errorf("shown: %v, want Ada again", w.board.shows(t))
	}
}

// Likewise a closing: what is wanted again must be open, though nobody learnt that it was closed.
func TestClosingInDoubtThatIsTakenBackIsUndone(t *testing.T) {
	w := newWorld(t)
	w.crm.set("1", "Ada")
	w.start()
	w.backfill()
	w.board.closed = func() error { return errors.New("connection reset") }
	w.crm.remove("1")
	w.until(func() bool { return !w.shows("Ada") })
	w.halt()
	w.board.closed = nil
	w.crm.set("1", "Ada")
	w.start()
	w.backfill()
	if !w.shows("Ada") {
		t.Errorf("shown: %v, want Ada open again", w.board.shows(t))
	}
}

// shows reports whether an open item has the title.
func (w *world) shows(title string) bool {
	for _, got := range w.board.shows(w.t) {
		if got == title {
			return true
		}
	}
	return false
}
