package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/millrace/millrace/router/receive/load"
)

// Of P11: how many connections deliver, the rate of a busy account, and by how much the slow disk is slower. bbolt syncs
// twice a commit.
const (
	hookClients = 64
	hookRate    = 1000
	slowSync    = 5 * time.Millisecond
)

// hookTurn is one measured turn of a receiver.
type hookTurn struct {
	load.Result
	cpu time.Duration // for each acknowledgement
}

// turn starts a receiver, offers it something and ends it.
func (b *bench) hookTurn(ctx context.Context, kind receiverKind, o load.Offer, s siteSetting) (hookTurn, error) {
	t, err := b.startSite(ctx, kind, s)
	if err != nil {
		return hookTurn{}, err
	}
	defer t.close()
	o.Length = b.turn
	before := cpuSoFar(t.cmd.Process.Pid)
	res, err := load.Run(ctx, t.offer(o))
	if err != nil {
		return hookTurn{}, fmt.Errorf("%s: %w", kind, err)
	}
	return hookTurn{res, (cpuSoFar(t.cmd.Process.Pid) - before) / time.Duration(res.Acked())}, nil
}

// hookPair holds the ratios of one kind of receiver to the floor, one of each round.
type hookPair struct {
	rate, p99, cpu []float64
	ms             []float64 // p99 of the receiver
	last, floor    hookTurn
}

// besideFloor measures a receiver and the floor in turn; every other round the floor is second.
func (b *bench) besideFloor(ctx context.Context, kind receiverKind, o load.Offer, s siteSetting) (p hookPair, err error) {
	for round := range b.rounds {
		kinds := []receiverKind{hookFloor, kind}
		if round%2 == 1 {
			slices.Reverse(kinds)
		}
		for _, k := range kinds {
			into := &p.last
			if k == hookFloor {
				into = &p.floor
			}
			if *into, err = b.hookTurn(ctx, k, o, s); err != nil {
				return p, err
			}
		}
		p.rate = append(p.rate, p.last.PerSecond()/p.floor.PerSecond())
		p.p99 = append(p.p99, float64(p.last.P99)/float64(p.floor.P99))
		p.cpu = append(p.cpu, float64(p.last.cpu)/float64(p.floor.cpu))
		p.ms = append(p.ms, p.last.P99.Seconds()*1000)
	}
	return p, nil
}

// detail says how the ratios scatter and what was measured last.
func (p hookPair) detail(list []float64) string {
	return fmt.Sprintf("[%.2f–%.2f], CPU %.2f; last: %s, floor %s; load %.1f", slices.Min(list), slices.Max(list), median(slices.Clone(p.cpu)),
		p.last, p.floor, loadAverage())
}

// String says what a turn measured.
func (t hookTurn) String() string {
	return fmt.Sprintf("%.0f/s p99 %.1f ms %d µs", t.PerSecond(), t.P99.Seconds()*1000, t.cpu.Microseconds())
}

// loadAverage returns that of the last minute, 0 where the system does not say. A figure from a busy machine is worth less.
func loadAverage() (l float64) {
	text, _ := os.ReadFile("/proc/loadavg")
	_, _ = fmt.Sscan(string(text), &l)
	return l
}

// acknowledged is P11: durable acknowledgements, against the smallest program that gives them.
func (b *bench) acknowledged(ctx context.Context) ([]verdict, error) {
	if err := needBinary(b.hookFloor, "webhookfloor", "--webhook-floor"); err != nil {
		return nil, err
	}
	var list []verdict
	for _, fresh := range []bool{false, true} {
		for _, size := range []int{1 << 10, 2 << 10} {
			p, err := b.besideFloor(ctx, hookAlone, load.Offer{Clients: hookClients, Size: size, Fresh: fresh}, siteSetting{})
			if err != nil {
				return nil, err
			}
			how := fmt.Sprintf("%d KiB, %s", size>>10, map[bool]string{false: "keep-alive", true: "fresh"}[fresh])
			list = append(list, notBelow("acknowledged/s ÷ floor, "+how, median(slices.Clone(p.rate)), 0.85, "%s", p.detail(p.rate)),
				notAbove("p99 ÷ floor, "+how, median(slices.Clone(p.p99)), 1.3, "[%.2f–%.2f]", slices.Min(p.p99), slices.Max(p.p99)))
		}
	}
	p, err := b.besideFloor(ctx, hookDaemon, load.Offer{Clients: hookClients, Size: 1 << 10, Tickets: 1000}, siteSetting{})
	if err != nil {
		return nil, err
	}
	list = append(list, notBelow("acknowledged/s ÷ floor, by a daemon that parses", median(slices.Clone(p.rate)), 0.7, "%s", p.detail(p.rate)))
	if p, err = b.besideFloor(ctx, hookAlone, load.Offer{Clients: hookClients, Size: 1 << 10, Rate: hookRate, FromDue: true}, siteSetting{}); err != nil {
		return nil, err
	}
	list = append(list, notAbove("p99 ms at 1,000/s", median(p.ms), 10, "%s", p.detail(p.p99)),
		notAbove("p99 ÷ floor at 1,000/s", median(slices.Clone(p.p99)), 2, "[%.2f–%.2f]", slices.Min(p.p99), slices.Max(p.p99)))
	if p, err = b.besideFloor(ctx, hookAlone, load.Offer{Clients: hookClients, Size: 1 << 10}, siteSetting{slow: slowSync}); err != nil {
		return nil, err
	}
	return append(list, notBelow("acknowledged/s ÷ floor, fsync 5 ms slower", median(slices.Clone(p.rate)), 0.7, "%s", p.detail(p.rate))), nil
}
