package quota

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/transport"
)

const (
	defaultQuantum = 10 * time.Millisecond
	defaultMaxWait = 5 * time.Second
)

// Config describes one account.
type Config struct {
	Limits []connectors.Limit
	Share  float64          // the fraction of every limit left to other users of the account, 0 to 0.95
	Now    func() time.Time // nil = time.Now; timers run on the machine's clock
	// MaxWait is the longest pause that Acquire waits for; 0 = 5 s.
	MaxWait time.Duration
	// Quantum is how often actions are released. One by one costs three times the CPU in wake-ups; 0 = 10 ms.
	Quantum time.Duration
}

// Governor paces one account for every loop that uses it (invariant 10). It is safe for concurrent use and starts no goroutine.
type Governor struct {
	now     func() time.Time
	maxWait time.Duration
	quantum time.Duration

	mu     sync.Mutex
	order  []*limit // as declared
	byName map[string]*limit
	all    pause     // of the whole account
	queue  list.List // of *waiter, first come first
	timer  *time.Timer
	wake   time.Time // when timer fires; zero = not armed
}

var _ transport.Limiter = (*Governor)(nil)

// New returns a Governor with full buckets.
func New(c Config) *Governor {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxWait <= 0 {
		c.MaxWait = defaultMaxWait
	}
	if c.Quantum <= 0 {
		c.Quantum = defaultQuantum
	}
	g := &Governor{now: c.Now, maxWait: c.MaxWait, quantum: c.Quantum, byName: map[string]*limit{}}
	for _, declared := range c.Limits {
		l := newLimit(declared, min(max(c.Share, 0), 0.95), c.Quantum, c.Now())
		g.order = append(g.order, l)
		g.byName[declared.Name] = l
	}
	return g
}

// waiter is one Acquire in the queue.
type waiter struct {
	limits []*limit
	weight float64
	place  *list.Element // nil once it has left the queue
	ready  chan error    // receives nil with the permit, or why there is none
	permit *permit
}

// Acquire waits until every limit the cost names has room, in the order of the calls for each limit, and takes it. A
// pause longer than MaxWait is a Limited *connectors.Error at once, also for those who wait already. When ctx ends,
// what was taken is given back and ctx's error returned.
func (g *Governor) Acquire(ctx context.Context, cost connectors.Cost) (transport.Permit, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wait for quota: %w", err)
	}
	w := &waiter{weight: float64(max(cost.Weight, 1)), ready: make(chan error, 1)}
	g.mu.Lock()
	for _, name := range cost.Limits {
		l := g.byName[name]
		if l == nil {
			g.mu.Unlock()
			return nil, &connectors.Error{Kind: connectors.Rejected, Op: "wait for quota", Reason: fmt.Sprintf("limit %q is not declared by the connector", name)}
		}
		w.limits = append(w.limits, l)
	}
	w.place = g.queue.PushBack(w)
	g.pump()
	g.mu.Unlock()
	select {
	case err := <-w.ready:
		return w.result(err)
	case <-ctx.Done():
		g.leave(w)
		return nil, fmt.Errorf("wait for quota: %w", ctx.Err())
	}
}

func (w *waiter) result(err error) (transport.Permit, error) {
	if err != nil {
		return nil, err
	}
	return w.permit, nil
}

// leave takes w out of the queue, or gives back what it was granted in the same moment.
func (g *Governor) leave(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.place != nil {
		g.queue.Remove(w.place)
		w.place = nil
	} else if w.permit != nil && !w.permit.done {
		w.permit.done = true
		for _, l := range w.limits {
			l.giveBack(w.weight)
		}
	}
	g.pump()
}

// permit is the right to send one request.
type permit struct {
	g       *Governor
	limits  []*limit
	weight  float64
	granted time.Time
	marks   []mark // where each limit's learning stood
	done    bool
}

// Done gives the slots back and learns from the outcome. Only the first call counts.
func (p *permit) Done(o transport.Outcome) {
	g := p.g
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.done {
		return
	}
	p.done = true
	for _, l := range p.limits {
		l.slots -= p.weight
	}
	now := g.now()
	for _, t := range o.Told {
		if l := g.byName[t.Limit]; l != nil {
			l.tell(t, now)
		}
	}
	g.judge(p, o, now)
	g.pump()
}
