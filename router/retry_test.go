package router_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
)

// A refused stream waits for a minute at least; a person who has signed in does not want to.
func TestRetryReadsARefusedStreamAtOnce(t *testing.T) {
	w := newWorld(t)
	w.crm.set("1", "Ana")
	w.crm.fail = &connectors.Error{Kind: connectors.Denied, Op: "read contacts", Status: 401}
	w.start()
	w.until(func() bool {
		s, err := w.ledger.Stream(t.Context(), "crm", "contacts")
		return err == nil && s.Failure.Attempts > 0
	})
	w.crm.mu.Lock()
	w.crm.fail = nil
	w.crm.mu.Unlock()
	w.router.Retry("crm")
	w.until(func() bool { return len(w.board.shows(t)) == 1 })
}

// listless is a source that does not say which streams it has, and wants an hour of peace.
type listless struct {
	connectors.Source
	refuse atomic.Bool
	asked  atomic.Int32
}

func (l *listless) Streams(ctx context.Context) ([]connectors.Stream, error) {
	l.asked.Add(1)
	if l.refuse.Load() {
		return nil, &connectors.Error{Kind: connectors.Limited, Op: "list streams", After: time.Hour}
	}
	return l.Source.Streams(ctx)
}

func TestRetryAsksForTheStreamsAgain(t *testing.T) {
	w := newWorld(t)
	w.crm.set("1", "Ana")
	source := &listless{Source: w.crm}
	source.refuse.Store(true)
	w.change = func(o *router.Options) { o.Sources[0].Source = source }
	w.start()
	w.until(func() bool { return source.asked.Load() == 1 })
	source.refuse.Store(false)
	w.router.Retry("elsewhere") // nobody of that name
	w.router.Retry("crm")
	w.until(func() bool { return len(w.board.shows(t)) == 1 })
}

// A feed that was refused is followed again at once, whatever its wait in the ledger says.
func TestRetryFollowsARefusedFeed(t *testing.T) {
	w, p := newFeedWorld(t)
	var refused atomic.Int32
	p.with(func() {
		p.drop = func() error {
			if refused.Add(1) == 1 {
				return &connectors.Error{Kind: connectors.Limited, Op: "follow", After: time.Hour}
			}
			return nil
		}
	})
	w.start()
	w.until(func() bool {
		f, err := w.ledger.Feed(t.Context(), "crm", "changes")
		return err == nil && f.Failure.Attempts > 0
	})
	w.router.Retry("crm")
	w.until(func() bool { return refused.Load() > 1 })
}

// doubled lists all of one object in two streams.
type doubled struct{ connectors.Source }

func (d doubled) Streams(context.Context) ([]connectors.Stream, error) {
	return []connectors.Stream{{Name: "contacts", Object: "contacts", Snapshot: true}, {Name: "former", Object: "contacts", Snapshot: true}}, nil
}

// Two listings of one object would each take for gone what only the other one has: nothing is read, and one is told why.
func TestListingsThatReapEachOther(t *testing.T) { // invariant 6
	w := newWorld(t)
	w.crm.set("1", "Ana")
	w.change = func(o *router.Options) { o.Sources[0].Source = doubled{w.crm} }
	w.start()
	w.until(func() bool {
		list, err := w.router.Problems(t.Context())
		return err == nil && strings.Contains(strings.Join(list, "\n"), "both list the object contacts")
	})
	w.crm.mu.Lock()
	defer w.crm.mu.Unlock()
	if w.crm.given != 0 {
		t.Errorf("%d records were read", w.crm.given)
	}
}
