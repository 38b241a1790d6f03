package cli

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/world"
)

// workers is how many writes Asana allows at the same time.
const workers = 15

// full runs fresh vendors, and then what fn wants, in a directory of its own.
func (b *bench) full(ctx context.Context, customers int, s setting, fn func(context.Context, *trial) error, flags ...string) error {
	v, err := startVendors(ctx, customers, flags...)
	if err != nil {
		return err
	}
	defer v.stop()
	t, err := newTrial(v, s)
	if err != nil {
		return err
	}
	defer t.close()
	// A hub waits for vendors that are away, so when these end before their time it has to be ended too.
	during, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		<-v.ended
		cancel()
	}()
	err = fn(during, t)
	if err != nil && during.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("the simulated vendors ended too early: %w", err)
	}
	return err
}

// cpu is P1: the CPU of the hub's full run over the floor's, in turn.
func (b *bench) cpu(ctx context.Context) ([]verdict, error) {
	if err := b.needFloor(); err != nil {
		return nil, err
	}
	n := b.count(20_000)
	var cpu, wall []float64
	for round := range b.rounds {
		var floor, hub figures
		err := b.full(ctx, n, setting{}, func(ctx context.Context, t *trial) (err error) {
			floor, err = measure(b.floorRun(ctx, t))
			return err
		})
		if err == nil {
			err = b.full(ctx, n, setting{perMinute: untilRefused}, func(ctx context.Context, t *trial) (err error) {
				hub, err = measure(t.hub(ctx))
				return err
			})
		}
		if err != nil {
			return nil, err
		}
		per := func(f figures) float64 { return float64(f.cpu.Microseconds()) / float64(n) }
		b.note("%d: floor %.1f µs a record, %.2fs; hub %.1f µs, %.2fs, %.0f MiB", round+1, per(floor), floor.wall.Seconds(),
			per(hub), hub.wall.Seconds(), hub.anonMiB)
		cpu = append(cpu, float64(hub.cpu)/float64(floor.cpu))
		wall = append(wall, float64(hub.wall)/float64(floor.wall))
	}
	return []verdict{notAbove("CPU ÷ floor", median(cpu), 1.5, "wall ÷ floor %.2f, %d contacts", median(wall), n)}, nil
}

// latency is P3: every request takes 50 ms and 15 actions may be in flight, so 300 a second are the bound. The floor
// shows what the machine leaves of it: its timers and the simulator's own work are in both.
func (b *bench) latency(ctx context.Context) ([]verdict, error) {
	const each = 50 * time.Millisecond
	if err := b.needFloor(); err != nil {
		return nil, err
	}
	n := b.count(6000)
	flags := []string{"--latency", each.String(), "--asana-writes", fmt.Sprint(workers)}
	var hub, floor figures
	var seen traffic
	err := b.full(ctx, n, setting{perMinute: untilRefused}, func(ctx context.Context, t *trial) (err error) {
		if hub, err = measure(t.hub(ctx)); err == nil {
			seen, err = t.vendors.traffic(ctx, world.Asana)
		}
		return err
	}, flags...)
	if err == nil {
		err = b.full(ctx, n, setting{}, func(ctx context.Context, t *trial) (err error) {
			floor, err = measure(b.floorRun(ctx, t))
			return err
		}, flags...)
	}
	if err != nil {
		return nil, err
	}
	bound := workers / each.Seconds()
	rate := float64(n) / hub.wall.Seconds()
	return []verdict{
		notBelow("share of workers ÷ latency", rate/bound, 0.95, "%.0f of %.0f/s, start and end included; the floor %.0f", rate, bound,
			float64(n)/floor.wall.Seconds()),
		notAbove("actions refused as too many in flight", float64(seen.Totals.Limited), 0, "%d requests", seen.Totals.Requests),
	}, nil
}

// The rate and the bucket of P5 and P6.
const (
	benchRate  = 500
	benchBurst = 100
)

// told is P5: the rate is configured.
func (b *bench) told(ctx context.Context) ([]verdict, error) {
	return b.paced(ctx, b.count(10_000), benchRate*60, 0.97, 0.001)
}

// untold is P6: the rate has to be learnt from refusals.
func (b *bench) untold(ctx context.Context) ([]verdict, error) {
	return b.paced(ctx, b.count(30_000), 0, 0.85, 0.005)
}

func (b *bench) paced(ctx context.Context, n, perMinute int, used, refused float64) ([]verdict, error) {
	var f figures
	var seen traffic
	err := b.full(ctx, n, setting{perMinute: perMinute}, func(ctx context.Context, t *trial) (err error) {
		if f, err = measure(t.hub(ctx)); err == nil {
			seen, err = t.vendors.traffic(ctx, world.Asana)
		}
		return err
	}, "--asana-rate", fmt.Sprint(benchRate), "--asana-burst", fmt.Sprint(benchBurst), "--asana-writes", fmt.Sprint(workers))
	if err != nil {
		return nil, err
	}
	use := float64(n) / f.wall.Seconds() / benchRate
	return []verdict{
		notBelow("share of the rate used", use, used, "%d tasks in %.1fs, start and end included", n, f.wall.Seconds()),
		notAbove("share of requests answered 429", seen.refused(), refused, "%d of %d", seen.Totals.Limited, seen.Totals.Requests),
	}, nil
}

// memory is P9.
func (b *bench) memory(ctx context.Context) ([]verdict, error) {
	sizes := []int{10_000, 200_000}
	if b.customers > 0 {
		sizes = []int{b.customers}
	}
	var list []verdict
	for _, n := range sizes {
		var f figures
		err := b.full(ctx, n, setting{perMinute: untilRefused}, func(ctx context.Context, t *trial) (err error) {
			f, err = measure(t.hub(ctx))
			return err
		})
		if err != nil {
			return nil, err
		}
		list = append(list, notAbove(fmt.Sprintf("MiB RssAnon with %d contacts", n), f.anonMiB, 64, "CPU %.1f µs a record, %.1fs",
			float64(f.cpu.Microseconds())/float64(n), f.wall.Seconds()))
	}
	return list, nil
}

// connections is P10.
func (b *bench) connections(ctx context.Context) ([]verdict, error) {
	n := b.count(5000)
	var seen, source traffic
	err := b.full(ctx, n, setting{perMinute: untilRefused}, func(ctx context.Context, t *trial) error {
		_, err := measure(t.hub(ctx))
		if err == nil {
			seen, err = t.vendors.traffic(ctx, world.Asana)
		}
		if err == nil {
			source, err = t.vendors.traffic(ctx, world.HubSpot)
		}
		return err
	})
	// One of each is ours: the traffic was asked for over a connection too.
	opened := seen.Totals.Connections + source.Totals.Connections - 2
	return []verdict{notAbove("connections opened at both vendors", float64(opened), workers+5, "Asana %d, HubSpot %d, for %d requests",
		seen.Totals.Connections-1, source.Totals.Connections-1, seen.Totals.Requests+source.Totals.Requests)}, err
}

// start is P13: from exec to the first connection at the source.
func (b *bench) start(ctx context.Context) ([]verdict, error) {
	var took []float64
	for range b.rounds {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		address := "http://" + listener.Addr().String()
		v := &vendors{access: map[string]map[string]string{
			world.HubSpot: {"base_url": address, "token": "none"},
			world.Asana:   {"base_url": "http://127.0.0.1:9", "workspace": "1", "client_id": "a", "client_secret": "b", "refresh_token": "c"}}}
		t, err := newTrial(v, setting{})
		if err != nil {
			return nil, err
		}
		d, err := untilAccept(t.hub(ctx), listener)
		t.close()
		if err != nil {
			return nil, err
		}
		took = append(took, d.Seconds()*1000)
	}
	return []verdict{notAbove("ms from exec to the first request", median(took), 100, "best %.0f, worst %.0f", took[0], took[len(took)-1])}, nil
}
