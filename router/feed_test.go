package router_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/ledger"
)

// A change that a feed tells is there long before polling would bring it, and stopping ends everything the feed runs.
func TestFeedIsFasterThanPolling(t *testing.T) {
	before := goleak.IgnoreCurrent()
	w, p := newFeedWorld(t)
	w.start()
	w.followed(time.Time{})
	begin := time.Now()
	p.change("1", "Ann")
	w.until(func() bool { return w.knows("Ann") })
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("a change was shown after %v, and polling is an hour away", took)
	}
	p.remove("1")
	p.tell("1", connectors.Soft)
	w.until(func() bool { return !w.knows("Ann") })
	w.halt()
	if p.open != 0 {
		t.Errorf("%d followers are still open", p.open)
	}
	goleak.VerifyNone(t, before)
}

// After a stop, or whatever ends the connection, the feed goes on behind what is stored.
func TestFeedGoesOnBehindItsCursor(t *testing.T) {
	w, p := newFeedWorld(t)
	p.blind = true
	w.start()
	w.followed(time.Time{})
	w.halt()
	for i := range 10 {
		p.change(fmt.Sprint(i), fmt.Sprintf("Person %d", i))
	}
	failed := false
	p.with(func() {
		p.drop = func() error {
			if !failed {
				failed = true
				return errors.New("connection reset")
			}
			return nil
		}
	})
	w.start()
	w.until(func() bool { return w.knows("Person 0") && w.knows("Person 9") })
	if !failed {
		t.Error("the connection was never lost")
	}
	if p.begins[0] != "" || slices.Contains(p.begins[1:], "") {
		t.Errorf("followed from %q, want from now on only the first time", p.begins)
	}
}

// A cursor that the vendor no longer keeps is a known hole: recorded, read again by polling from before it, and healed
// (invariant 8). Nothing else would bring what polling passed over.
func TestExpiredFeedIsAGapThatHeals(t *testing.T) {
	w, p := newFeedWorld(t)
	w.start()
	w.backfill()
	w.followed(time.Time{})
	p.change("1", "Ann")
	w.until(func() bool { return w.knows("Ann") })
	w.backfill() // the cursor of polling is behind it
	w.halt()
	p.late("2", "Late")
	p.with(p.expire)
	w.start()
	w.until(func() bool { return w.knows("Late") })
	w.until(func() bool { return len(w.gaps()) == 0 })
	w.followed(time.Time{})
	p.change("3", "Cid")
	w.until(func() bool { return w.knows("Cid") })
	if got := w.counted("millrace_feed_gaps_total"); got["recorded"] != 1 || got["healed"] != 1 {
		t.Errorf("gaps: %v, want one recorded and healed", got)
	}
}

// What the vendor says that it left out is read again, and so is what a hint cannot name.
func TestMissedChangesAreReadAgain(t *testing.T) {
	for name, miss := range map[string]func(p *pusher){
		"overflow": func(p *pusher) { p.missed = []string{"contacts", "leads"} },
		"no id": func(p *pusher) {
			p.events = append(p.events, connectors.Hint{Ref: connectors.Ref{Connection: "crm", Object: "contacts"}})
		},
		"stranger": func(p *pusher) {
			p.events = append(p.events, connectors.Hint{Ref: connectors.Ref{Connection: "other", Object: "contacts", ID: "1"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := newFeedWorld(t)
			w.start()
			w.backfill()
			w.followed(time.Time{})
			p.change("1", "Ann")
			w.until(func() bool { return w.knows("Ann") })
			w.backfill()
			p.late("2", "Late")
			p.with(func() { miss(p) })
			w.until(func() bool { return w.knows("Late") })
			w.until(func() bool { return len(w.gaps()) == 0 })
		})
	}
}

// Records of objects that are not read here are not fetched because a feed tells of them.
func TestFeedTellsOfOtherObjects(t *testing.T) {
	w, p := newFeedWorld(t)
	w.start()
	w.followed(time.Time{})
	p.with(func() {
		p.events = append(p.events, connectors.Hint{Ref: connectors.Ref{Connection: "crm", Object: "leads", ID: "1"}})
	})
	p.change("1", "Ann")
	w.until(func() bool { return w.knows("Ann") })
	w.backfill() // which waits for everything that is to be fetched
	f, err := w.ledger.Feed(t.Context(), "crm", "changes")
	if err != nil || f.Hints != 1 {
		t.Errorf("%d hints were stored, %v; want 1", f.Hints, err)
	}
}

// A feed that is silent for long is a problem that readiness shows, and so is one that is refused, at once.
func TestSilentFeedIsAProblem(t *testing.T) {
	w, p := newFeedWorld(t)
	var ahead atomic.Int64
	w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	p.silent = true
	w.start()
	w.backfill()
	if got := w.problem("feed crm/changes"); got != "" {
		t.Fatalf("at the start: %s", got)
	}
	ahead.Add(int64(11 * time.Minute))
	if got := w.problem("feed crm/changes"); !strings.Contains(got, "has told nothing since") {
		t.Errorf("after eleven minutes of silence the problem is %q", got)
	}
	p.with(func() { p.silent = false })
	w.until(func() bool { return w.problem("feed crm/changes") == "" })
	p.with(func() {
		p.drop = func() error { return &connectors.Error{Kind: connectors.Denied, Op: "follow changes"} }
	})
	w.until(func() bool { return strings.Contains(w.problem("feed crm/changes"), "denied") })
}

// Of a feed whose hints nobody can fetch the ledger would fill with wishes that are never granted: its streams are read
// again instead.
func TestHintsWithoutAGetterAreReadAgain(t *testing.T) {
	w, p := newFeedWorld(t)
	with := w.change
	w.change = func(o *router.Options) {
		with(o)
		o.Sources[0].Getter = nil
	}
	w.start()
	w.backfill()
	w.followed(time.Time{})
	p.change("1", "Ann")
	w.until(func() bool { return w.knows("Ann") })
	w.until(func() bool { return len(w.gaps()) == 0 })
}

// A feed may say only that there is something new: the stream is polled at once, from where it is.
func TestReadyStreamIsPolledAtOnce(t *testing.T) {
	w, p := newFeedWorld(t)
	w.start()
	w.backfill()
	w.followed(time.Time{})
	p.set("1", "Ann")
	begin := time.Now()
	p.with(func() { p.ready = []string{"leads", "contacts"} })
	w.until(func() bool { return w.knows("Ann") })
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("what is new was shown after %v, and polling is an hour away", took)
	}
	if gaps := w.gaps(); len(gaps) > 0 {
		t.Errorf("it is no gap: %+v", gaps)
	}
}

// A pass that is under way is not moved forward to where a gap begins: what lies between would be read by none.
func TestPassUnderWayIsNotMovedForward(t *testing.T) {
	w, p := newFeedWorld(t)
	w.fill(40)
	w.start()
	w.backfill()
	w.followed(time.Time{})
	p.advance(2 * time.Hour)
	p.change("40", "Last")
	w.until(func() bool { return w.knows("Last") })
	w.backfill()
	w.halt()
	p.rewrite()
	w.offline(func(l *ledger.Ledger) { // a person has asked for everything again, and the feed has expired
		state, err := l.Stream(t.Context(), "crm", "contacts")
		if err == nil {
			err = l.Rewind(t.Context(), "crm", "contacts", false, state.Cursor, "0")
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	p.with(func() { p.expire(); p.slow = 20 * time.Millisecond })
	w.start()
	w.until(func() bool { return len(w.gaps()) == 0 && w.knows("Early 39") && w.knows("Early 0") })
}

// News of more hints than a transaction takes are stored in parts, and the cursor comes with the last.
func TestManyHintsAtOnce(t *testing.T) {
	const many = 2*ledger.MaxBatch + 5
	w, p := newFeedWorld(t)
	with := w.change
	w.change = func(o *router.Options) {
		with(o)
		o.Sources[0].Getter = getter{w.crm, func(connectors.Ref) error { return &connectors.Error{Kind: connectors.Denied, Op: "get"} }}
	}
	w.start()
	w.followed(time.Time{})
	p.with(func() {
		p.most = many
		for i := range many {
			p.events = append(p.events, connectors.Hint{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: fmt.Sprint(i)}})
		}
	})
	w.until(func() bool {
		f, err := w.ledger.Feed(t.Context(), "crm", "changes")
		return err == nil && f.Hints == many && string(f.Cursor) == fmt.Sprint(many)
	})
	totals, err := w.ledger.Totals(t.Context())
	if err != nil || totals.Refs["crm"] != many {
		t.Errorf("%d wishes are stored, %v; want %d", totals.Refs["crm"], err, many)
	}
}
