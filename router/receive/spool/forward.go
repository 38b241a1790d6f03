package spool

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/millrace/millrace/router/receive/relay"
)

// Sender brings a batch to the hub; relay.Client is one.
type Sender interface {
	// Send returns nil when all of it is durable there. The same may be sent again.
	Send(ctx context.Context, spool string, list []relay.Numbered) error
}

// Forwarder brings what a spool has to the hub.
type Forwarder struct {
	Spool *Spool
	To    Sender
	Log   *slog.Logger

	mu    sync.Mutex
	err   error     // of the last try
	since time.Time // when the tries began to fail
}

// The wait after a failure doubles from leastWait to mostWait: a hub that comes back is noticed within seconds. Half of it
// is random.
const (
	leastWait = time.Second
	mostWait  = 15 * time.Second
)

// Run forwards until ctx ends. What is under way then is sent again by the next run, and known there.
func (f *Forwarder) Run(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		n, err := f.once(ctx)
		if ctx.Err() != nil {
			return
		}
		f.note(err)
		if err != nil {
			failures++
			f.tell(failures, err)
			pause(ctx, wait(failures), nil)
			continue
		}
		if failures > 0 {
			f.Log.Info("the hub takes deliveries again", "tries", failures)
			failures = 0
		}
		if n == 0 {
			pause(ctx, mostWait, f.Spool.wake)
		} else if err := f.Spool.Shrink(ctx); err != nil && ctx.Err() == nil {
			f.Log.Warn("the spool keeps room that it does not need", "error", err)
		}
	}
}

// tell says once that the hub is away, not at every try.
func (f *Forwarder) tell(failures int, err error) {
	level := slog.LevelDebug
	if failures == 1 || failures%120 == 0 {
		level = slog.LevelWarn
	}
	f.Log.Log(context.Background(), level, "deliveries cannot be forwarded; they wait", "tries", failures, "error", err)
}

// once forwards one batch and returns how many deliveries were in it.
func (f *Forwarder) once(ctx context.Context) (int, error) {
	b, err := f.Spool.Take(ctx)
	if err != nil || len(b.List) == 0 {
		return 0, err
	}
	if err := f.To.Send(ctx, b.Spool, b.List); err != nil {
		return 0, err
	}
	return len(b.List), f.Spool.Forget(ctx, b)
}

func (f *Forwarder) note(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err = err; err == nil {
		f.since = time.Time{}
	} else if f.since.IsZero() {
		f.since = time.Now()
	}
}

// Trouble returns why the last try failed and since when tries do, nil when it did not.
func (f *Forwarder) Trouble() (since time.Time, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.since, f.err
}

func wait(failures int) time.Duration {
	d := min(mostWait, leastWait<<min(failures-1, 10))
	return d/2 + rand.N(d/2+1)
}

// pause waits for a time, the end of ctx or a sign.
func pause(ctx context.Context, d time.Duration, sign <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-sign:
	case <-ctx.Done():
	}
}
