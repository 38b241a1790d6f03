package router_test

import (
	"context"
	"testing"
	"time"

	"github.com/millrace/millrace/router/ledger"
)

// What a vendor's webhooks did not tell is read again by polling, and the gap ends. A connection that nothing is read from has
// none, and of one whose streams are not known yet the caller hears so.
func TestWhatWebhooksMissedIsReadAgain(t *testing.T) {
	w, p := newFeedWorld(t)
	ctx := context.Background()
	w.start()
	w.backfill()
	w.followed(time.Time{})
	var good time.Time // by the vendor's clock
	p.with(func() { good = p.clock })
	p.change("1", "Ann")
	w.until(func() bool { return w.knows("Ann") })
	w.backfill()
	p.late("2", "Late")
	if err := w.router.HooksMissed(ctx, "crm", good, "webhooks: there is none"); err != nil {
		t.Fatal(err)
	}
	w.until(func() bool { return w.knows("Late") })
	w.until(func() bool { return len(w.gaps()) == 0 })
	if err := w.router.HooksMissed(ctx, "board", time.Now(), "webhooks: there is none"); err != nil {
		t.Errorf("of a target: got %v, want nothing to be done", err)
	}
	if n := len(w.gaps()); n != 0 {
		t.Errorf("%d gaps of a target", n)
	}
}

// A gap is in the ledger before anything is read, so that a crash does not lose it.
func TestMissedIsKept(t *testing.T) {
	w, _ := newFeedWorld(t)
	w.start()
	w.backfill()
	since := time.Now().Add(-time.Hour)
	w.crm.mu.Lock() // nothing is read meanwhile
	defer w.crm.mu.Unlock()
	if err := w.router.HooksMissed(context.Background(), "crm", since, "webhooks: it is off"); err != nil {
		t.Fatal(err)
	}
	gaps, err := w.ledger.Gaps(context.Background())
	if err != nil || len(gaps) == 0 {
		t.Fatalf("got %v and %v, want gaps", gaps, err)
	}
	for _, g := range gaps {
		if g.Kind != ledger.HookMissed || !g.FromFeed() || g.From.After(since) || g.Reason == "" {
			t.Errorf("got %+v", g)
		}
	}
}
