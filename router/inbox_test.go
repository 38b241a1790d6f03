package router_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/ledger"
)

// hooked is a crm that hears of changes by webhook: a body is a list of ids, or something that cannot be parsed.
type hooked struct {
	*crm
	mu      sync.Mutex
	batches [][]connectors.Ref
	mended  atomic.Bool   // it understands what it did not
	hold    chan struct{} // parsing waits for it; nil = it does not
}

func (h *hooked) Verify(connectors.Delivery) error { return nil }

func (h *hooked) Parse(d connectors.Delivery) (hints []connectors.Hint, err error) {
	if h.hold != nil {
		<-h.hold
	}
	switch text := string(d.Body); {
	case text == "panic":
		panic("a body nobody thought of")
	case strings.HasPrefix(text, "odd ") && !h.mended.Load():
		return nil, errors.New("parse delivery: body is odd")
	}
	for id := range strings.FieldsSeq(strings.TrimPrefix(string(d.Body), "odd ")) {
		hints = append(hints, connectors.Hint{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: id}})
	}
	return hints, nil
}

func (h *hooked) MaxGet() int { return 50 }

func (h *hooked) Get(_ context.Context, refs []connectors.Ref) (found []connectors.Record, err error) {
	h.mu.Lock()
	h.batches = append(h.batches, refs)
	h.mu.Unlock()
	h.crm.mu.Lock()
	defer h.crm.mu.Unlock()
	for _, r := range refs {
		if rec, ok := h.live[r.ID]; ok {
			found = append(found, rec)
		}
	}
	return found, nil
}

func (h *hooked) fetched() (batches, refs int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.batches {
		refs += len(b)
	}
	return len(h.batches), refs
}

// hookedWorld polls once an hour, so that all that comes is by webhook.
func hookedWorld(t *testing.T) (*world, *hooked) {
	w := newWorld(t)
	h := &hooked{crm: w.crm}
	w.change = func(o *router.Options) {
		o.Sources[0].Every, o.Sources[0].Getter = time.Hour, h
		o.Webhooks = map[string]connectors.Webhook{"crm": h, "board": h}
	}
	return w, h
}

func (w *world) deliver(connection string, bodies ...string) {
	w.t.Helper()
	var list []ledger.Arrival
	for _, body := range bodies {
		list = append(list, ledger.Arrival{Connection: connection, Request: connectors.Delivery{Method: "POST", URL: "https://hub.example/hooks/" + connection,
			Body: []byte(body), Received: time.Now()}})
	}
	if err := w.ledger.PutInboxAll(context.Background(), list); err != nil {
		w.t.Fatal(err)
	}
	w.router.Received()
}

func (w *world) totals() ledger.Totals {
	w.t.Helper()
	totals, err := w.ledger.Totals(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return totals
}

// What was delivered while nobody parsed is fetched once for each record, in batches, and shown.
func TestDeliveriesAreFetchedTogether(t *testing.T) {
	w, h := hookedWorld(t)
	h.hold = make(chan struct{})
	w.start()
	w.firstPoll()
	var bodies []string
	for i := range 40 {
		w.crm.set(fmt.Sprint(i), fmt.Sprint("Person ", i))
		for range 10 {
			bodies = append(bodies, fmt.Sprint(i, " ", (i+1)%40))
		}
	}
	w.deliver("crm", bodies...)
	close(h.hold)
	w.until(func() bool { return len(w.board.shows(w.t)) == 40 })
	w.until(func() bool { n := w.totals(); return n.Inbox == 0 && n.Refs["crm"] == 0 })
	if batches, refs := h.fetched(); refs > 120 || batches > 12 {
		t.Errorf("800 hints at 40 records: %d records were asked for in %d requests, want about 40 in a few", refs, batches)
	}
}

// firstPoll waits for the first poll, which a webhook must not be mistaken for.
func (w *world) firstPoll() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.router.ReadAll(ctx, router.Scope{}); err != nil {
		w.t.Fatal(err)
	}
}

// A delivery that cannot be parsed keeps its bytes and holds up no other; when the connector has learnt it, it is replayed.
func TestOddDeliveriesAreLetters(t *testing.T) {
	w, h := hookedWorld(t)
	w.start()
	w.crm.set("1", "Ana")
	w.crm.set("2", "Bea")
	w.deliver("crm", "odd 2", "panic", "1")
	w.deliver("former", "1")
	w.until(func() bool { return w.totals().Inbox == 0 && w.totals().Refs["crm"] == 0 })
	list, _, err := w.ledger.DeadList(t.Context(), ledger.DeadDelivery, "", 10)
	if err != nil || len(list) != 3 {
		t.Fatalf("%d letters and %v, want the odd one, the one that panicked and the one of a connection that is gone", len(list), err)
	}
	h.mended.Store(true)
	for _, d := range list {
		full, err := w.ledger.DeadShow(t.Context(), d.ID)
		if err != nil || full.Delivery == nil || len(full.Delivery.Request.Body) == 0 {
			t.Fatalf("letter %s: %v without its bytes", d.ID, err)
		}
		if string(full.Delivery.Request.Body) != "odd 2" {
			continue
		}
		before, _ := h.fetched()
		if gone, err := w.ledger.DeadReplay(t.Context(), d.ID); !gone || err != nil {
			t.Errorf("replay: gone %v and %v", gone, err)
		}
		w.router.Received()
		w.until(func() bool {
			after, _ := h.fetched()
			return after > before && w.totals().Dead[ledger.DeadDelivery] == 2
		})
	}
}

// ofBoard makes the hints of a crm hints at what the target shows.
type ofBoard struct{ *hooked }

func (b ofBoard) Parse(d connectors.Delivery) ([]connectors.Hint, error) {
	hints, err := b.hooked.Parse(d)
	for i := range hints {
		hints[i].Ref.Connection = "board"
	}
	return hints, err
}

// Hints at what a target shows are not read, and must not pile up.
func TestHintsAtTargetsAreDropped(t *testing.T) {
	w, h := hookedWorld(t)
	change := w.change
	w.change = func(o *router.Options) {
		change(o)
		o.Webhooks["board"] = ofBoard{h}
	}
	w.start()
	w.deliver("board", "1 2 3")
	w.until(func() bool { return w.totals().Inbox == 0 })
	if n := w.totals(); n.Dead[ledger.DeadDelivery] != 0 || n.Refs["board"] != 0 {
		t.Errorf("%d letters and %d wishes, want none", n.Dead[ledger.DeadDelivery], n.Refs["board"])
	}
}

// Readiness goes red while nothing is parsed (invariant 8).
func TestDeliveriesThatWaitAreAProblem(t *testing.T) {
	w, h := hookedWorld(t)
	h.hold = make(chan struct{})
	var ahead atomic.Int64
	w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	w.start()
	w.deliver("crm", "1")
	waits := func() bool {
		problems, err := w.router.Problems(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(strings.Join(problems, "\n"), "1 webhook deliveries wait since ")
	}
	if waits() {
		t.Error("a delivery that came this moment is a problem")
	}
	ahead.Store(int64(11 * time.Minute))
	if !waits() {
		t.Error("a delivery that waits for eleven minutes is no problem")
	}
	close(h.hold)
	w.until(func() bool { return !waits() })
}
