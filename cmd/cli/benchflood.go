package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/millrace/millrace/router/receive/load"
	"github.com/millrace/millrace/router/receive/spool"
)

// mostHookMiB bounds a receiver's memory, whatever it is offered.
const mostHookMiB = 64

// flooding is a way to offer a receiver more than it can take.
type flooding struct {
	what    string
	most    load.Offer // the maximum that it can take
	clients int        // that offer more
	times   float64    // the maximum is offered; 0 = as much as is answered
	siteSetting
}

// floodings: more than the configuration allows; more than a disk stores, one so slow that the processors idle, by more
// connections than deliveries may wait for it; and three times as many connections as one processor is busy with.
var floodings = []flooding{
	{"over the rate", load.Offer{Clients: hookClients, Rate: 500}, hookClients, 3, siteSetting{rate: 500}},
	{"over the disk", load.Offer{Clients: 512}, 1000, 3, siteSetting{slow: 50 * time.Millisecond, connections: 1024}},
	{"over a processor", load.Offer{Clients: hookClients}, 3 * hookClients, 0, siteSetting{env: []string{"GOMAXPROCS=1"}}},
}

// flood is P12: more than can be taken, and memory.
func (b *bench) flood(ctx context.Context) (list []verdict, err error) {
	for _, f := range floodings {
		more, err := b.overTheMaximum(ctx, f)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	flat, err := b.flat(ctx)
	return append(list, flat...), err
}

// overTheMaximum measures what a receiver can take, offers another one more, kills it meanwhile, and looks whether all is there
// that it acknowledged.
func (b *bench) overTheMaximum(ctx context.Context, f flooding) ([]verdict, error) {
	f.most.Size = 1 << 10
	calm, err := b.hookTurn(ctx, hookAlone, f.most, f.siteSetting)
	if err != nil {
		return nil, err
	}
	t, err := b.startSite(ctx, hookAlone, f.siteSetting)
	if err != nil {
		return nil, err
	}
	defer t.close()
	var mu sync.Mutex
	acked := map[int64]bool{}
	o := load.Offer{Clients: f.clients, Size: 1 << 10, Rate: f.times * calm.PerSecond(), Acked: func(number int64) {
		mu.Lock()
		defer mu.Unlock()
		acked[number] = true
	}}
	during, cancel := context.WithCancel(ctx)
	defer cancel()
	time.AfterFunc(2*b.turn, func() { _ = t.cmd.Process.Kill(); cancel() })
	peak := watch(ctx, t.cmd.Process.Pid)
	res, err := load.Run(during, t.offer(o))
	mib := peak()
	if err != nil {
		return nil, err
	}
	t.kill()
	lost, err := unspooled(ctx, filepath.Join(t.dir, spoolName), acked)
	if err != nil {
		return nil, err
	}
	least := min(1, f.times) // of those that wait for the processor, nobody knows yet that they are too many
	return []verdict{
		notBelow(f.what+": answered 429 or 503", float64(res.PutOff()), least, "of %.0f/s; acknowledged %.0f/s, at the maximum %.0f; answers %v; load %.1f",
			res.Offered(), res.PerSecond(), calm.PerSecond(), res.Codes, loadAverage()),
		notAbove(f.what+": p99 ÷ at the maximum", float64(res.P99)/float64(calm.P99), 5, "%.1f ms, at the maximum %.1f", res.P99.Seconds()*1000, calm.P99.Seconds()*1000),
		notAbove(f.what+": MiB RssAnon", mib, mostHookMiB, "%d connections", o.Clients),
		notAbove(f.what+": acknowledged and lost", float64(lost), 0, "of %d, after kill -9", len(acked)),
	}, nil
}

// watch looks at the memory of a process until the returned function is called, which tells the most there was.
func watch(ctx context.Context, pid int) (peak func() float64) {
	ctx, cancel := context.WithCancel(ctx)
	most := make(chan float64)
	go func() {
		var mib float64
		for tick := time.NewTicker(20 * time.Millisecond); ctx.Err() == nil; {
			mib = max(mib, anonymous(pid))
			select {
			case <-tick.C:
			case <-ctx.Done():
				tick.Stop()
			}
		}
		most <- mib
	}()
	return func() float64 { cancel(); return <-most }
}

// unspooled reads a spool to its end and returns how many of the numbers are not there.
func unspooled(ctx context.Context, path string, acked map[int64]bool) (lost int, err error) {
	s, err := spool.Open(path, 1)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	left := len(acked)
	for {
		batch, err := s.Take(ctx)
		if err != nil || len(batch.List) == 0 {
			return left, err
		}
		for _, d := range batch.List {
			var body struct{ Number int64 }
			if err := json.Unmarshal(d.Request.Body, &body); err != nil {
				return 0, fmt.Errorf("a delivery is not what was sent: %w", err)
			}
			if acked[body.Number] {
				left--
			}
		}
		if err := s.Forget(ctx, batch); err != nil {
			return 0, err
		}
	}
}
