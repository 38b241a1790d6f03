package hubspot_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
)

// inbox is a receiver that verifies and parses what it gets.
type inbox struct {
	hook connectors.Webhook
	now  func() time.Time

	mu    sync.Mutex
	hints []connectors.Hint
	errs  []error
}

// ServeHTTP implements http.Handler.
func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	d := connectors.Delivery{Method: r.Method, URL: publicURL, Header: r.Header, Body: body, Received: b.now()}
	if err == nil {
		err = b.hook.Verify(d)
	}
	hints, parseErr := b.hook.Parse(d)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range []error{err, parseErr} {
		if e != nil {
			b.errs = append(b.errs, e)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	}
	b.hints = append(b.hints, hints...)
}

// TestWebhooksAloneTellEverything: fetching what the deliveries hint at, in any order and twice, ends in the account's
// truth: changes, deletions, merges and associations, which polling would not show.
func TestWebhooksAloneTellEverything(t *testing.T) {
	h := newHarness(t, "deals", nil)
	src := connectortest.Open(t, h)
	box := &inbox{hook: src.(connectors.Webhook), now: h.clock.Now}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	h.sim.Subscribe(hubspottest.Subscription{URL: server.URL, Public: publicURL, Secret: testSecret, Types: []string{"*"}})

	ids := h.Create(t, 130)
	h.Change(t, ids...)
	h.Delete(t, ids[3])
	survivor := h.Merge(t, ids[4], ids[5])
	if err := h.sim.Dissociate("deals", ids[1], "companies", h.fixed["companies"][1]); err != nil {
		t.Fatal(err)
	}
	h.sim.ReverseEvents()
	for range 2 {
		if _, err := h.sim.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.sim.Redeliver()
	}
	if len(box.errs) > 0 {
		t.Fatalf("%d deliveries failed, the first: %v", len(box.errs), box.errs[0])
	}

	got := map[string]connectors.Record{}
	for _, hint := range box.hints {
		if hint.Ref.Object != "deals" {
			continue
		}
		records, err := src.(connectors.Getter).Get(context.Background(), []connectors.Ref{hint.Ref})
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range records {
			got[rec.Ref.ID] = rec
		}
	}
	for _, o := range h.sim.Objects("deals") {
		rec, ok := got[o.ID]
		if !ok || !rec.Version.Equal(o.Updated) || rec.Deleted.Kind != connectors.NotDeleted {
			t.Errorf("object %s: got %v %+v, want version %v", o.ID, rec.Version, rec.Deleted, o.Updated)
		}
		if a, b := len(ends(string(rec.Data), "companies")) > 0, len(h.sim.Linked("deals", o.ID, "companies")) > 0; a != b {
			t.Errorf("object %s: companies %v, want %v", o.ID, a, b)
		}
	}
	if k := got[ids[3]].Deleted.Kind; k != connectors.Archived {
		t.Errorf("the deleted object: got %q, want archived", k)
	}
	if d := got[ids[5]].Deleted; d.Kind != connectors.Merged || d.Into.ID != survivor {
		t.Errorf("the merged object: got %+v, want it merged into %s", d, survivor)
	}
}

// TestSearchSpeaksOfThePast: search may show what was true up to index_lag ago. Seen must say so, or a stale answer
// undoes an archiving or an association that a fetch has shown since.
func TestSearchSpeaksOfThePast(t *testing.T) {
	h := newHarness(t, "deals", immediate)
	h.clock.Freeze()
	ids := h.Create(t, 1)
	src := connectortest.Open(t, h).(connectors.Source)
	now := h.clock.Now().Truncate(time.Second)
	scan, err := src.Read(t.Context(), "deals", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := scan.Records[0].Seen.Truncate(time.Second); !got.Equal(now) {
		t.Errorf("by the list: seen at %v, want %v", got, now)
	}
	h.clock.Advance(time.Minute)
	h.Change(t, ids...)
	poll, err := src.Read(t.Context(), "deals", scan.Next)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := poll.Records[0].Seen.Truncate(time.Second), now.Add(time.Minute-time.Hour); !got.Equal(want) {
		t.Errorf("by search: seen at %v, want %v", got, want)
	}
}
