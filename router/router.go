package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
)

// SourceConn is a connection that is read.
type SourceConn struct {
	Name    string
	Source  connectors.Source
	Getter  connectors.Getter  // nil = hints cannot be fetched
	Sweeper connectors.Sweeper // nil = the vendor cannot be listed
	Feeder  connectors.Feeder  // nil = the vendor pushes nothing; hints need a Getter
	Streams []string           // read only these; nil = all
	Every   time.Duration      // 0 = the stream's suggestion
	Sweep   time.Duration      // 0 = the stream's suggestion, negative = never
}

// TargetConn is a connection that is written to.
type TargetConn struct {
	Name    string
	Target  connectors.Target
	Batcher connectors.Batcher // nil = one item a call
	Lister  connectors.Lister  // nil = what an earlier ledger had made is not found again
	Locator connectors.Locator // nil = comments name no pages
	// Redactor is nil when the target cannot take a customer out of an object: what shows somebody who was erased is then
	// overwritten with nothing personal and closed, or deleted.
	Redactor connectors.Redactor
	Finder   connectors.Finder // nil = what an interrupted call left and nobody wants any more stays
	// Rechecker is nil when no request that nobody waits for any more can make a second object.
	Rechecker connectors.Rechecker
	// InFlight is the most items being written at the same time; a batch counts as its items.
	InFlight int
}

// Options of a router.
type Options struct {
	Ledger  *ledger.Ledger
	Bus     *bus.Bus
	Sources []SourceConn
	Targets []TargetConn
	Rules   *work.Rules
	// Webhooks parse what is in the inbox, by connection; nil = it is left alone. What they hint at of a connection that is not
	// among Sources is dropped, so a router that reads only some connections has none.
	Webhooks map[string]connectors.Webhook
	// KindOf returns the kind of entity that the records of an object become, "" when none is known. With it, what shows
	// the deals of a customer waits for the first pass over the deals; nil = nothing waits.
	KindOf   func(connection, object string) canonical.Kind
	Attempts int // before an item that fails while others succeed becomes a dead letter; default 8
	// Late is how long a call of a process that was killed may still take effect at a target; default 5 s. What is in
	// doubt since before this router began waits so long before it is looked for (invariant 4).
	Late time.Duration
	// Recheck is how long after an object was made in doubt it is looked for again; default 2 minutes, longer than a
	// request is handled anywhere (invariant 4).
	Recheck time.Duration
	Share   float64 // invariant 6: most a run may close, as a share of the items shown; default 0.10
	Once    bool    // streams are read when they are asked for, and not again by themselves
	Force   bool    // lift the closing guard for this run
	Log     *slog.Logger
	Now     func() time.Time
	Metrics *Metrics // nil = not measured
}

// Router runs streams and targets against one ledger.
type Router struct {
	begun   time.Time
	o       Options
	log     *slog.Logger
	now     func() time.Time
	sources map[string]*SourceConn
	gathers map[canonical.Kind][]canonical.Kind // kind -> kinds whose entities it shows though they refer to it
	fetches map[string]*fetcher
	targets map[string]*deliverer

	inbox      *inbox
	store      storeHealth
	tally      tally
	silence    silence
	expected   atomic.Int64   // records the vendors have, for an estimate
	lifted     atomic.Int32   // callers of LiftGuard
	settling   atomic.Int32   // callers of Settle
	background sync.WaitGroup // everything but handlers that must end before Run returns
	reading    sync.WaitGroup // reads ahead, which handlers begin; waited for when no handler is left
	started    chan struct{}  // closed when nudges are heard

	upkeepMu sync.Mutex // one at a time does background work
	upkept   bool       // it was done once
	purged   time.Time  // when the store was last compacted after an erasure

	mu        sync.Mutex
	streams   map[string]*stream       // by stream.key
	feeds     []*feed                  // those that are followed
	listed    map[string]bool          // connections whose streams are known
	unlisted  map[string]error         // why the others' are not
	barred    map[string]bool          // of those, the ones nothing waits for: refused, or failing for long
	listeners []chan struct{}          // closed when either changes
	movedCh   chan struct{}            // closed at the next settlement
	retries   map[string]chan struct{} // by connection; closed by Retry
}

// New checks the options and returns a router that does nothing until Run.
func New(o Options) (*Router, error) {
	if o.Ledger == nil || o.Bus == nil || o.Rules == nil || o.Log == nil {
		return nil, errors.New("a router needs a ledger, a bus, rules and a log")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Attempts == 0 {
		o.Attempts = 8
	}
	if o.Late == 0 {
		o.Late = defaultLate
	}
	if o.Recheck == 0 {
		o.Recheck = defaultRecheck
	}
	if o.Share == 0 {
		o.Share = 0.10
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	r := &Router{begun: o.Now(), o: o, log: o.Log, now: o.Now, sources: map[string]*SourceConn{}, fetches: map[string]*fetcher{},
		targets: map[string]*deliverer{}, retries: map[string]chan struct{}{}, started: make(chan struct{}), streams: map[string]*stream{},
		listed: map[string]bool{}, unlisted: map[string]error{}, barred: map[string]bool{}, movedCh: make(chan struct{})}
	r.inbox = &inbox{r: r, wake: make(chan struct{}, 1)}
	for i := range o.Sources {
		s := &o.Sources[i]
		r.sources[s.Name] = s
		r.fetches[s.Name] = &fetcher{r: r, source: s}
	}
	r.gathers = gathers(o.Rules)
	for _, t := range o.Targets {
		r.targets[t.Name] = newDeliverer(r, t)
	}
	return r, nil
}

// Run reads, applies and delivers until ctx ends, then drains: items being written are finished, for at
// most grace. It returns nil after a clean stop.
func (r *Router) Run(ctx context.Context, grace time.Duration) error {
	// Calls to targets and their settlements run under hard, which outlives ctx by the grace time, so that what was
	// begun is finished. A page that is being read or applied is given up: its cursor has not moved.
	hard, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	stopKill := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, kill)
		context.AfterFunc(hard, func() { timer.Stop() })
	})
	defer stopKill()

	wm, err := message.NewRouter(message.RouterConfig{CloseTimeout: grace + time.Second}, bus.Logger(r.log))
	if err != nil {
		return fmt.Errorf("start router: %w", err)
	}
	wm.AddMiddleware(r.acknowledge)
	handle := func(topic string, fn func(ctx context.Context, payload []byte)) {
		wm.AddConsumerHandler(topic, topic, r.o.Bus.Subscriber(topic), func(m *message.Message) error {
			if ctx.Err() == nil {
				fn(ctx, m.Payload)
			}
			return nil
		})
	}
	handle(bus.Pages, r.onPages)
	handle(bus.Refs, r.onRefs)
	handle(bus.Changes, r.onChanges)
	ended := make(chan error, 1)
	go func() { ended <- wm.Run(hard) }()
	select {
	case <-wm.Running(): // before it, a nudge would be dropped
	case err := <-ended:
		return fmt.Errorf("start router: %w", err)
	}
	for _, d := range r.targets {
		r.background.Go(func() { d.run(ctx, hard) })
	}
	for name := range r.sources {
		r.background.Go(func() { r.discover(ctx, name) })
	}
	r.background.Go(func() { r.upkeep(ctx) })
	if r.o.Webhooks != nil {
		r.background.Go(func() { r.inbox.run(ctx) })
	}
	close(r.started)
	<-ctx.Done()
	r.stopTimers()
	r.background.Wait()
	kill()
	err = wm.Close()
	<-ended
	r.reading.Wait()
	return err
}

// acknowledge turns a panic into a log line and an acknowledgement: a message that fails would be redelivered at once,
// for ever, and the ledger already knows what is left to do.
func (r *Router) acknowledge(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) (out []*message.Message, err error) {
		defer func() {
			if p := recover(); p != nil {
				r.log.Error("handler panicked; the ledger will bring the work back", "error", panicText(p))
				out, err = nil, nil
			}
		}()
		if out, err = next(m); err != nil {
			r.log.Error("handle nudge", "error", err)
		}
		return nil, nil
	}
}

// Rescan has the targets look for marks that nobody nudged them about: after a replay, for example.
func (r *Router) Rescan() { r.rescanTargets() }

// rescanTargets has every target look through its dirty marks.
func (r *Router) rescanTargets() {
	for _, d := range r.targets {
		d.rescan()
	}
}

// Metrics returns what the router counts.
func (r *Router) Metrics() *Metrics { return r.o.Metrics }

// LiftGuard lets everything be closed and reaped (invariant 6) until the returned function is called.
func (r *Router) LiftGuard() (restore func()) {
	r.lifted.Add(1)
	r.rescanTargets()
	return func() { r.lifted.Add(-1) }
}

// forced reports whether the guard is lifted.
func (r *Router) forced() bool { return r.o.Force || r.lifted.Load() > 0 }

// nudge publishes and only logs a failure: the ledger is looked at again anyway.
func (r *Router) nudge(topic string, payload []byte) {
	if err := r.o.Bus.Publish(topic, payload); err != nil {
		r.log.Debug("nudge", "error", err)
	}
}

// changes is the payload of a nudge about entities that became dirty.
type changes struct {
	Entities []string `json:"entities"`
	Told     bool     `json:"told,omitempty"` // a vendor told of them just now
}

// nudgeChanges tells the targets which entities became dirty.
func (r *Router) nudgeChanges(ids []string, l lane) {
	if len(ids) == 0 {
		return
	}
	payload, err := json.Marshal(changes{ids, l == told})
	if err != nil {
		r.log.Error("encode nudge", "error", err)
		return
	}
	r.nudge(bus.Changes, payload)
}

// onChanges queues entities for every target.
func (r *Router) onChanges(_ context.Context, payload []byte) {
	var c changes
	if err := json.Unmarshal(payload, &c); err != nil {
		r.log.Error("nudge names no entities", "error", err)
		return
	}
	l := found
	if c.Told {
		l = told
	}
	for _, d := range r.targets {
		for _, id := range c.Entities {
			d.queue.add(id, l)
		}
	}
}
