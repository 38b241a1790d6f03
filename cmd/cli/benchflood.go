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

// Of P12: a disk so slow that a maximum is reached while the processors are idle, and how many connections flood. The receiver
// takes 512.
const (
	floodSync    = 50 * time.Millisecond
	floodClients = 480
	mostHookMiB  = 64
)

// flood is P12: three times what the disk can store; then, as many as there may be on one processor; then memory.
func (b *bench) flood(ctx context.Context) ([]verdict, error) {
	slow := siteSetting{slow: floodSync}
	calm, err := b.hookTurn(ctx, hookAlone, load.Offer{Clients: 256, Size: 1 << 10}, slow)
	if err != nil {
		return nil, err
	}
	list, err := b.overTheMaximum(ctx, "three times the disk's maximum", calm, load.Offer{Clients: floodClients, Size: 1 << 10, Rate: 3 * calm.PerSecond()}, slow)
	if err != nil {
		return nil, err
	}
	one := siteSetting{env: []string{"GOMAXPROCS=1"}}
	if calm, err = b.hookTurn(ctx, hookAlone, load.Offer{Clients: hookClients, Size: 1 << 10}, one); err != nil {
		return nil, err
	}
	more, err := b.overTheMaximum(ctx, "all that one processor is given", calm, load.Offer{Clients: floodClients, Size: 1 << 10}, one)
	if err != nil {
		return nil, err
	}
	flat, err := b.flat(ctx)
	return append(append(list, more...), flat...), err
}

// overTheMaximum offers a receiver more than it can take, kills it meanwhile, and looks whether all is there that it
// acknowledged.
func (b *bench) overTheMaximum(ctx context.Context, what string, calm hookTurn, o load.Offer, s siteSetting) ([]verdict, error) {
	t, err := b.startSite(ctx, hookAlone, s)
	if err != nil {
		return nil, err
	}
	defer t.close()
	var mu sync.Mutex
	acked := map[int64]bool{}
	o.Acked = func(number int64) {
		mu.Lock()
		defer mu.Unlock()
		acked[number] = true
	}
	o.Length = 2 * b.turn
	time.AfterFunc(o.Length-b.turn/10, func() { _ = t.cmd.Process.Kill() })
	peak := watch(ctx, t.cmd.Process.Pid)
	res, err := load.Run(ctx, t.offer(o))
	mib := peak()
	if err != nil {
		return nil, err
	}
	t.kill()
	lost, err := unspooled(ctx, filepath.Join(t.dir, spoolName), acked)
	if err != nil {
		return nil, err
	}
	return []verdict{
		notBelow("put off, "+what, float64(res.PutOff()), 1, "answers %v, %.0f/s; acknowledged %.0f/s, the maximum is %.0f; load %.1f", res.Codes,
			res.Offered(), res.PerSecond(), calm.PerSecond(), loadAverage()),
		notAbove("p99 of what is acknowledged ÷ at the maximum", float64(res.P99)/float64(calm.P99), 5, "%.0f ms and %.0f ms", res.P99.Seconds()*1000, calm.P99.Seconds()*1000),
		notAbove("MiB RssAnon", mib, mostHookMiB, "%d connections", o.Clients),
		notAbove("acknowledged and lost", float64(lost), 0, "of %d, after kill -9", len(acked)),
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
