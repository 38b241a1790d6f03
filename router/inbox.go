package router

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
)

const (
	// inboxBatch is how many deliveries are looked at together.
	inboxBatch = 256
	// inboxHints is how many hints one transaction stores, unless a single delivery has more: whoever waits for a delivery to
	// be durable waits for the transaction before it.
	inboxHints = 500
	// inboxApart is the least time from the beginning of one look to that of the next, unless there is more than one look takes:
	// each ends with a commit, that whoever waits for a delivery to be durable waits for, too. One that comes alone is not held up.
	inboxApart = 10 * time.Millisecond
	// inboxEvery is how often the inbox is looked at though nobody told of a delivery.
	inboxEvery = 5 * time.Second
)

// inbox turns stored deliveries into wishes to fetch.
type inbox struct {
	r     *Router
	wake  chan struct{}
	taken atomic.Int64 // deliveries parsed, for tests and figures
}

// Received says that deliveries were stored. Losing it costs inboxEvery.
func (r *Router) Received() { signal(r.inbox.wake) }

// run parses what arrives until ctx ends.
func (b *inbox) run(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		began := time.Now()
		n, err := b.drain(ctx)
		b.r.store.note(err, b.r.now())
		switch {
		case ctx.Err() != nil:
		case err != nil:
			failures++
			b.r.log.Error("parse deliveries", "tries", failures, "error", err)
			pause(ctx, backoff(failures))
		case n == 0:
			failures = 0
			b.rest(ctx)
		case n < inboxBatch:
			failures = 0
			pause(ctx, inboxApart-time.Since(began))
		default:
			failures = 0
		}
	}
}

// rest waits until there may be something.
func (b *inbox) rest(ctx context.Context) {
	timer := time.NewTimer(inboxEvery)
	defer timer.Stop()
	select {
	case <-b.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// drain parses and settles the oldest deliveries and returns how many.
func (b *inbox) drain(ctx context.Context) (int, error) {
	list, err := b.r.o.Ledger.TakeInbox(ctx, inboxBatch)
	if err != nil {
		return 0, err
	}
	var parsed []ledger.Parsed
	hints := 0
	for i := range list {
		p := b.parse(&list[i])
		parsed, hints = append(parsed, p), hints+len(p.Hints)
		if hints < inboxHints && i < len(list)-1 {
			continue
		}
		if err := b.r.o.Ledger.SettleInbox(ctx, parsed); err != nil {
			return 0, err
		}
		b.settled(parsed)
		parsed, hints = parsed[:0], 0
	}
	return len(list), nil
}

// parse returns what a delivery hints at. What cannot be parsed becomes a dead letter with its bytes (invariant 7).
func (b *inbox) parse(d *ledger.Delivery) ledger.Parsed {
	p := ledger.Parsed{ID: d.ID}
	b.r.silence.hear(d.Connection, b.r.now())
	w := b.r.o.Webhooks[d.Connection]
	if w == nil {
		p.Reject = fmt.Sprintf("connection %s receives no webhooks; it may have another name now", d.Connection)
		return p
	}
	var hints []connectors.Hint
	err := contain("parse delivery", func() (err error) { hints, err = w.Parse(d.Request); return err })
	if err != nil {
		p.Reject = err.Error()
		b.r.log.Error("delivery cannot be parsed; see `millrace dead list`", "source", d.Connection, "error", err)
		return p
	}
	for _, h := range hints {
		if b.fetches(h.Ref.Connection) {
			p.Hints = append(p.Hints, h)
		}
	}
	b.r.o.Metrics.parsed(d.Connection, len(p.Hints), len(hints)-len(p.Hints))
	return p
}

// fetches reports whether records of a connection can be fetched. What a target says of its own items is not read.
func (b *inbox) fetches(connection string) bool {
	f := b.r.fetches[connection]
	return f != nil && f.source.Getter != nil
}

// settled has what was hinted at fetched.
func (b *inbox) settled(list []ledger.Parsed) {
	b.taken.Add(int64(len(list)))
	told := map[string]bool{}
	for _, p := range list {
		for _, h := range p.Hints {
			if c := h.Ref.Connection; !told[c] {
				told[c] = true
				b.r.nudge(bus.Refs, []byte(c))
			}
		}
	}
}

// inboxTrouble says that deliveries are not parsed, "" when they are (invariant 8).
func (r *Router) inboxTrouble(ctx context.Context) (string, error) {
	b, err := r.o.Ledger.Inbox(ctx)
	if err != nil || b.Waiting == 0 || r.o.Webhooks == nil {
		return "", err
	}
	if since := later(b.Oldest, r.begun); r.now().Sub(since) > stuckAfter {
		return fmt.Sprintf("%d webhook deliveries wait since %s", b.Waiting, b.Oldest.Format(time.RFC3339)), nil
	}
	return "", nil
}
