package router_test

import (
	"fmt"
	"testing"
	"time"
)

// What polls find counts until the vendor delivers something; the first reading of a stream does not, nor do other streams.
func TestSilenceEndsWithADelivery(t *testing.T) {
	w, _ := hookedWorld(t)
	for i := range 30 {
		w.crm.set(fmt.Sprint(i), fmt.Sprintf("Person %d", i))
	}
	w.start()
	silent := func(when string, want int, streams ...string) (since time.Time) {
		t.Helper()
		since, polls := w.router.Silence("crm", streams)
		if polls != want || since.IsZero() {
			t.Errorf("%s: %d polls found changes since %v, want %d", when, polls, since, want)
		}
		return since
	}
	w.firstPoll()
	begun := silent("after the first pass", 0, "contacts")
	for range 2 {
		w.crm.set("1", time.Now().String())
		w.firstPoll()
	}
	w.firstPoll()
	if since := silent("two changes in three polls", 2, "contacts", "deals"); !since.Equal(begun) {
		t.Errorf("silent since %v, want since the beginning, %v", since, begun)
	}
	silent("of what was not polled", 0, "deals")
	w.deliver("crm", "1")
	w.until(func() bool { return w.totals().Inbox == 0 })
	if since := silent("after a delivery", 0, "contacts"); !since.After(begun) {
		t.Errorf("silent since %v, want since the delivery", since)
	}
	w.crm.set("1", "once more")
	w.firstPoll()
	silent("after another change", 1, "contacts")
	w.router.Listen("crm")
	silent("after a webhook was made", 0, "contacts")
}
