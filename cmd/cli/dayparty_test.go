package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// party is a vendor and the people who work with it.
type party struct {
	name  string
	clock *sandbox.Clock
	dice  *dice
	wire  *wire
	every time.Duration // how often it tries again what was not taken
	wake  chan struct{} // something happened that is to be told

	send func(context.Context) error
	acts []func() error
	// live returns by object/id what must be found at which place of a record; it is derived from the simulator alone.
	live func() map[string]map[string]string
	// stamp returns what a record is stamped with, where the vendor stamps some that nobody wrote a mark into: Zendesk the requester
	// of a new ticket, and the tickets of a user who was merged; nil = it does not.
	stamp func(object, id string) time.Time
	// meddle are what people and vendors do to a subscription of ours.
	meddle  map[string]func() error
	objects []string // those that marks are written into and a stream is read of

	mu    sync.Mutex
	marks int
	book  []entry
}

// entry is one thing that somebody did.
type entry struct {
	ref  string    // object/id
	at   time.Time // the vendor's clock afterwards
	when time.Time // ours
	mark int       // what is in the record since then
	gone bool      // it was deleted, or merged into another
}

func markOf(n int) string { return fmt.Sprintf("~%d~", n) }

// write has somebody write a new mark into a record.
func (p *party) write(object string, do func(mark string) (id string, err error)) error {
	p.mu.Lock()
	p.marks++
	n := p.marks
	p.mu.Unlock()
	id, err := do(markOf(n))
	if err != nil || id == "" {
		return err
	}
	p.note(entry{ref: object + "/" + id, mark: n})
	return nil
}

// lose notes that a record is gone.
func (p *party) lose(object, id string, err error) error {
	if err == nil {
		p.note(entry{ref: object + "/" + id, gone: true})
	}
	return err
}

func (p *party) note(e entry) {
	e.at, e.when = p.clock.Now(), time.Now()
	p.mu.Lock()
	p.book = append(p.book, e)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// newest returns the last entry of each record that was written up to an instant of the vendor's clock and not deleted since. A
// record that was written again before it could be read has the later stamp alone, so nothing is promised of it.
func (p *party) newest(until, read time.Time) map[string]entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := map[string]entry{}
	for _, e := range p.book {
		switch {
		case e.gone, !e.at.Before(until) && !e.when.After(read):
			delete(list, e.ref)
		case e.at.Before(until):
			list[e.ref] = e
		}
	}
	return list
}

// work has people do one thing after another, now and then many at once, until ctx ends.
func (p *party) work(ctx context.Context, most time.Duration) error {
	for wait(ctx, p.dice.span(0, most)) {
		n := 1
		if p.dice.one(12) {
			n += p.dice.n(12)
		}
		for range n {
			if err := p.acts[p.dice.n(len(p.acts))](); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if !wait(ctx, p.dice.span(0, 2*time.Second)) {
				return nil
			}
		}
	}
	return nil
}

// tell delivers what happened, and again what was not taken, until ctx ends.
func (p *party) tell(ctx context.Context) error {
	for {
		timer := time.NewTimer(p.every)
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
			if !wait(ctx, p.dice.span(50*time.Millisecond, 2*time.Second)) {
				return nil
			}
		case <-timer.C:
		}
		timer.Stop()
		if err := p.send(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
}

// pick returns one of them, often one of the newest, "" when there is none.
func (p *party) pick(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	if p.dice.one(3) {
		ids = ids[max(0, len(ids)-3):]
	}
	return ids[p.dice.n(len(ids))]
}

// two returns two different ones, or none.
func (p *party) two(ids []string) (a, b string) {
	if a, b = p.pick(ids), p.pick(ids); a == b {
		return "", ""
	}
	return a, b
}

// often repeats an act in a list, so that it is drawn more often.
func often(n int, acts ...func() error) (list []func() error) {
	for range n {
		list = append(list, acts...)
	}
	return list
}

// client is how a vendor reaches what it was told of.
func (w *wire) client() *http.Client { return &http.Client{Transport: w, Timeout: 10 * time.Second} }

var errNothing = errors.New("there is none of ours")
