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

// flooded is what came of one flooding.
type flooded struct {
	load.Result
	calm        hookTurn // at the maximum, just before
	mib         float64
	acked, lost int
}

// overTheMaximum floods a few times and judges all of them. Of what waits for a processor nobody knows yet that it is too much:
// there connections are the bound, and nothing has to be put off.
func (b *bench) overTheMaximum(ctx context.Context, f flooding) ([]verdict, error) {
	var times []float64
	var mib float64
	var last flooded
	var putOff int64
	acked, lost := 0, 0
	for range min(3, b.rounds) {
		var err error
		if last, err = b.floodOnce(ctx, f); err != nil {
			return nil, err
		}
		times = append(times, float64(last.P99)/float64(last.calm.P99))
		mib, putOff = max(mib, last.mib), putOff+last.PutOff()
		acked, lost = acked+last.acked, lost+last.lost
	}
	list := []verdict{
		notAbove(f.what+": p99 ÷ at the maximum", median(times), 5, "%.2f; last: acknowledged %.0f of %.0f/s, p99 %.1f ms, at the maximum %s; load %.1f",
			times, last.PerSecond(), last.Offered(), last.P99.Seconds()*1000, last.calm, loadAverage()),
		notAbove(f.what+": MiB RssAnon", mib, mostHookMiB, "%d connections", f.clients),
		notAbove(f.what+": acknowledged and lost", float64(lost), 0, "of %d, after kill -9", acked),
	}
	if f.times > 0 {
		list = append(list, notBelow(f.what+": answered 429 or 503", float64(putOff), 1, "last: %v", last.Codes))
	}
	return list, nil
}

// floodOnce measures what a receiver can take, offers another one more, kills it meanwhile, and looks whether all is there that
// it acknowledged.
func (b *bench) floodOnce(ctx context.Context, f flooding) (out flooded, err error) {
	f.most.Size = 1 << 10
	if out.calm, err = b.hookTurn(ctx, hookAlone, f.most, f.siteSetting); err != nil {
		return out, err
	}
	t, err := b.startSite(ctx, hookAlone, f.siteSetting)
	if err != nil {
		return out, err
	}
	defer t.close()
	var mu sync.Mutex
	acked := map[int64]bool{}
	o := load.Offer{Clients: f.clients, Size: 1 << 10, Rate: f.times * out.calm.PerSecond(), Acked: func(number int64) {
		mu.Lock()
		defer mu.Unlock()
		acked[number] = true
	}}
	during, cancel := context.WithCancel(ctx)
	defer cancel()
	time.AfterFunc(b.turn, func() { _ = t.cmd.Process.Kill(); cancel() })
	peak := watch(ctx, t.cmd.Process.Pid)
	out.Result, err = load.Run(during, t.offer(o))
	out.mib = peak()
	if err != nil {
		return out, err
	}
	t.kill()
	out.acked = len(acked)
	out.lost, err = unspooled(ctx, filepath.Join(t.dir, spoolName), acked)
	return out, err
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
