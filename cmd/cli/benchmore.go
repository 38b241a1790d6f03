package cli

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/world"
)

// stuck is when a run that was to reach something is given up.
const stuck = 5 * time.Minute

// untilAccept starts a hub, waits for its first connection and kills it.
func untilAccept(cmd *exec.Cmd, listener net.Listener) (time.Duration, error) {
	defer listener.Close()
	_ = listener.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer kill(cmd)
	conn, err := listener.Accept()
	if err != nil {
		return 0, errors.New("no request came within ten seconds")
	}
	took := time.Since(begun)
	return took, conn.Close()
}

// kills is P7: kill -9 at 30 % and at 70 %, then a run to the end.
func (b *bench) kills(ctx context.Context) ([]verdict, error) {
	n := b.count(20_000)
	var missing, doubled int
	var seen traffic
	err := b.full(ctx, n, setting{perMinute: untilRefused}, func(ctx context.Context, t *trial) error {
		for _, at := range []int{n * 3 / 10, n * 7 / 10} {
			cmd := t.hub(ctx)
			if err := cmd.Start(); err != nil {
				return err
			}
			err := t.vendors.await(ctx, stuck, at)
			kill(cmd)
			if err != nil {
				return err
			}
		}
		_, err := measure(t.hub(ctx))
		if err == nil {
			seen, err = t.vendors.traffic(ctx, world.Asana)
		}
		if err == nil {
			missing, doubled, err = t.vendors.audit(ctx, n)
		}
		return err
	})
	looked := float64(seen.of("GET", "/tasks/external"))
	return []verdict{
		notAbove("missing", float64(missing), 0, "of %d", n),
		notAbove("duplicates", float64(doubled), 0, "of %d", n),
		notAbove("look-ups a kill", looked/2, 400, "%.0f for two kills", looked),
	}, err
}

// again is P8: the second run has nothing to do. "Read again" has it read and compare everything.
func (b *bench) again(ctx context.Context) ([]verdict, error) {
	if err := b.needFloor(); err != nil {
		return nil, err
	}
	n := b.count(10_000)
	var idle, whole []float64
	var writes int
	for range b.rounds {
		var floor, second, reread figures
		err := b.full(ctx, n, setting{}, func(ctx context.Context, t *trial) (err error) {
			floor, err = measure(b.floorRun(ctx, t))
			return err
		})
		if err == nil {
			err = b.full(ctx, n, setting{perMinute: untilRefused}, func(ctx context.Context, t *trial) (err error) {
				second, reread, writes, err = secondRuns(ctx, t)
				return err
			})
		}
		if err != nil {
			return nil, err
		}
		b.note("floor %.2fs CPU; second run %.2fs; everything read again %.2fs", floor.cpu.Seconds(), second.cpu.Seconds(), reread.cpu.Seconds())
		idle = append(idle, float64(second.cpu)/float64(floor.cpu))
		whole = append(whole, float64(reread.cpu)/float64(floor.cpu))
	}
	return []verdict{
		notAbove("writes of the second runs", float64(writes), 0, ""),
		notAbove("CPU of a second run ÷ floor's full run", median(idle), 0.35, "%d contacts", n),
		notAbove("CPU of reading all again ÷ floor's full run", median(whole), 0.35, "%d contacts", n),
	}, nil
}

// secondRuns runs a hub to the end, then a second time, then with everything read again, and counts the writes of the
// last two.
func secondRuns(ctx context.Context, t *trial) (second, reread figures, writes int, err error) {
	if _, err = measure(t.hub(ctx)); err != nil {
		return second, reread, 0, err
	}
	before, err := t.vendors.traffic(ctx, world.Asana)
	if err == nil {
		second, err = measure(t.hub(ctx))
	}
	if err == nil {
		reread, err = measure(t.hub(ctx, "--since", "2000-01-01"))
	}
	if err != nil {
		return second, reread, 0, err
	}
	after, err := t.vendors.traffic(ctx, world.Asana)
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		writes += after.of(method, "/api") - before.of(method, "/api")
	}
	return second, reread, writes, err
}

// neighbours is P14: a second target that refuses nearly everything must not slow the first. Latency decides both
// walls, not the machine.
func (b *bench) neighbours(ctx context.Context) ([]verdict, error) {
	n := b.count(3000)
	throttled, err := startVendors(ctx, 0, "--only", world.Asana, "--asana-rate", "10", "--asana-burst", "10")
	if err != nil {
		return nil, err
	}
	defer throttled.stop()
	alone, err := b.untilShown(ctx, n, setting{perMinute: untilRefused})
	if err != nil {
		return nil, err
	}
	beside, err := b.untilShown(ctx, n, setting{perMinute: untilRefused, second: throttled})
	if err != nil {
		return nil, err
	}
	other, err := throttled.tasks(ctx)
	return []verdict{notBelow("tasks/s beside it ÷ alone", alone.Seconds()/beside.Seconds(), 0.95,
		"%.1fs alone, %.1fs beside one that took %d", alone.Seconds(), beside.Seconds(), other)}, err
}

// untilShown returns how long a hub takes until its first target shows n tasks.
func (b *bench) untilShown(ctx context.Context, n int, s setting) (took time.Duration, err error) {
	err = b.full(ctx, n, s, func(ctx context.Context, t *trial) error {
		cmd := t.hub(ctx)
		begun := time.Now()
		if err := cmd.Start(); err != nil {
			return err
		}
		defer kill(cmd)
		err := t.vendors.await(ctx, stuck, n)
		took = time.Since(begun)
		return err
	}, "--latency", "50ms")
	return took, err
}
