package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/millrace/millrace/router/receive"
)

// putOffStore remembers over a restart whose deliveries were put off, and since when: a ledger.
type putOffStore interface {
	NotePutOff(ctx context.Context, connection string, since time.Time) error
	PutOff(ctx context.Context) (map[string]time.Time, error)
	ForgetPutOff(ctx context.Context, connection string) error
}

// putOff knows of how many deliveries the receiver told vendors to come again with. Some never do: ActiveCampaign sends
// everything once, and Zendesk a few times.
type putOff struct {
	store putOffStore
	since time.Time // the last time that all was told
	seen  map[string]int64
	noted map[string]time.Time // what the store has; nil = not read yet
}

// notesEvery is how often counts are looked at for a first delivery that was put off. A process that is killed forgets no more.
const notesEvery = time.Second

// watch notes first ones for a while, and once more when ctx ends. Who is put off does not wait for it. What a disk that is full
// does not take is noted when it does again.
func (p *putOff) watch(ctx context.Context, tallies func() []receive.Tally, wait time.Duration) {
	done := time.NewTimer(wait)
	defer done.Stop()
	tick := time.NewTicker(notesEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = p.note(context.WithoutCancel(ctx), tallies()) // nobody is left to tell
			return
		case <-done.C:
			return
		case <-tick.C:
			_ = p.note(ctx, tallies()) // tried again at the next tick
		}
	}
}

// note makes durable that there is something to tell, with one write for each connection until it is told.
func (p *putOff) note(ctx context.Context, tallies []receive.Tally) error {
	if err := p.read(ctx); err != nil {
		return err
	}
	var failed error
	for _, t := range tallies {
		if _, known := p.noted[t.Connection]; known || t.Put == p.seen[t.Connection] {
			continue
		}
		if err := p.store.NotePutOff(ctx, t.Connection, p.since); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		p.noted[t.Connection] = p.since
	}
	return failed
}

// read asks once for what an earlier process noted and did not tell.
func (p *putOff) read(ctx context.Context) (err error) {
	if p.noted == nil {
		p.noted, err = p.store.PutOff(ctx)
		if err != nil {
			p.noted = nil
		}
	}
	return err
}

// tell tells of each connection that had deliveries put off since the last time, also in an earlier process. What cannot be told
// is told the next time, from the same instant on; a crash after it was told tells it again.
func (p *putOff) tell(ctx context.Context, tallies []receive.Tally, now time.Time, missed func(name string, since time.Time, why string) error) error {
	if err := p.note(ctx, tallies); err != nil {
		return err
	}
	count := map[string]int64{}
	for _, t := range tallies {
		count[t.Connection] = t.Put
	}
	var failed error
	for _, name := range slices.Sorted(maps.Keys(p.noted)) {
		why := "webhooks: the receiver put deliveries off before it was started again"
		if n := count[name] - p.seen[name]; n > 0 {
			why = fmt.Sprintf("webhooks: the receiver put deliveries off (%d)", n)
		}
		err := missed(name, p.noted[name], why)
		if err == nil {
			err = p.store.ForgetPutOff(ctx, name)
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		delete(p.noted, name)
		p.seen[name] = count[name]
	}
	if failed == nil {
		p.since = now
	}
	return failed
}
