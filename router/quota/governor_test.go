package quota_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/router/quota"
)

func calls(weight int) connectors.Cost {
	return connectors.Cost{Weight: weight, Limits: []string{"calls"}}
}

// take acquires, which must not fail.
func take(t *testing.T, g *quota.Governor, cost connectors.Cost) transport.Permit {
	t.Helper()
	p, err := g.Acquire(t.Context(), cost)
	if err != nil {
		t.Fatalf("got %v, want a permit", err)
	}
	return p
}

// waits starts an Acquire in the bubble and returns how it ends: a permit, or the error.
func waits(ctx context.Context, g *quota.Governor, cost connectors.Cost) <-chan any {
	end := make(chan any, 1)
	go func() {
		p, err := g.Acquire(ctx, cost)
		if err != nil {
			end <- err
			return
		}
		end <- p
	}()
	synctest.Wait()
	return end
}

func ended(c <-chan any) any {
	synctest.Wait()
	select {
	case x := <-c:
		return x
	default:
		return nil
	}
}

func TestRefusalStopsTheWholeAccount(t *testing.T) { // invariant 10
	synctest.Test(t, func(t *testing.T) {
		g := quota.New(quota.Config{Limits: append(limits(100, 50, 0), connectors.Limit{Name: "search", Rate: 5, Burst: 5})})
		p := take(t, g, calls(1))
		p.Done(transport.Outcome{Status: 429, RetryAfter: 3 * time.Second})
		start := time.Now()
		one := waits(t.Context(), g, calls(1))
		two := waits(t.Context(), g, connectors.Cost{Weight: 1, Limits: []string{"search"}})
		if ended(one) != nil || ended(two) != nil {
			t.Fatal("got a permit during the pause")
		}
		<-one
		<-two
		if got := time.Since(start); got < 3*time.Second || got > 3*time.Second+50*time.Millisecond {
			t.Errorf("got a pause of %v, want 3s", got)
		}
	})
}

func TestNamedRefusalStopsOnlyThatLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.New(quota.Config{Limits: append(limits(100, 50, 0), connectors.Limit{Name: "search", Rate: 5, Burst: 5})})
		search := connectors.Cost{Weight: 1, Limits: []string{"calls", "search"}}
		take(t, g, search).Done(transport.Outcome{Status: 429, RetryAfter: 3 * time.Second, Limit: "search"})
		blocked := waits(t.Context(), g, search)
		for range 20 {
			take(t, g, calls(1)).Done(transport.Outcome{Status: 200})
		}
		if ended(blocked) != nil {
			t.Error("got a permit for the paused limit")
		}
		start := time.Now()
		<-blocked
		if got := time.Since(start); got < 2900*time.Millisecond {
			t.Errorf("got a pause of %v, want 3s", got)
		}
	})
}

func TestLongPauseIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.New(quota.Config{Limits: limits(1, 1, 0)})
		p := take(t, g, calls(1))
		waiting := waits(t.Context(), g, calls(1))
		p.Done(transport.Outcome{Status: 429, RetryAfter: time.Minute})
		err, _ := ended(waiting).(error)
		if connectors.KindOf(err) != connectors.Limited || connectors.After(err) != time.Minute {
			t.Errorf("got %v for who waits already, want Limited for a minute", err)
		}
		if _, err = g.Acquire(t.Context(), calls(1)); connectors.After(err) != time.Minute {
			t.Errorf("got %v for who comes, want Limited for a minute", err)
		}
		time.Sleep(time.Minute)
		take(t, g, calls(1))
	})
}

func TestPauseFromOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.New(quota.Config{Limits: limits(1, 1, 0)})
		g.Pause("nobody", time.Hour)
		take(t, g, calls(1))
		g.Pause("calls", time.Hour)
		if _, err := g.Acquire(t.Context(), calls(1)); connectors.After(err) != time.Hour {
			t.Errorf("got %v, want Limited for an hour", err)
		}
		if s := g.Snapshot(); !s.Paused.IsZero() || s.Limits[0].Paused.IsZero() {
			t.Errorf("got %+v, want the limit paused and not the account", s)
		}
	})
}

func TestCancelGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.New(quota.Config{Limits: limits(1, 2, 1)})
		held := take(t, g, calls(1))
		ctx, cancel := context.WithCancel(t.Context())
		waiting := waits(ctx, g, calls(1))
		cancel()
		if err, _ := ended(waiting).(error); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		held.Done(transport.Outcome{Status: 200})
		if s := g.Snapshot(); s.Waiting != 0 || s.Limits[0].InFlight != 0 || s.Limits[0].Used != 1 {
			t.Errorf("got %+v, want nobody waiting, nothing in flight and one action used", s)
		}
		if _, err := g.Acquire(ctx, calls(1)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want no permit for a context that has ended", err)
		}
	})
}

// late is a context that ends just after Acquire has looked at it, when the permit is already granted.
type late struct {
	context.Context
	looked bool
}

func (l *late) Err() error {
	if !l.looked {
		l.looked = true
		return nil
	}
	return l.Context.Err()
}

func TestCancelInTheMomentOfTheGrant(t *testing.T) {
	g := quota.New(quota.Config{Limits: limits(100, 50, 1)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 40 {
		p, err := g.Acquire(&late{Context: ctx}, calls(1))
		if err == nil { // the select takes either at random
			p.Done(transport.Outcome{Status: 200})
		}
		if s := g.Snapshot().Limits[0]; s.InFlight != 0 || err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("got %+v and %v, want nothing in flight", s, err)
		}
	}
}

func TestHeavyRequestIsNotOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.New(quota.Config{Limits: limits(0, 0, 15)})
		first := take(t, g, calls(10))
		heavy := waits(t.Context(), g, calls(10))
		light := waits(t.Context(), g, calls(1))
		if ended(heavy) != nil || ended(light) != nil {
			t.Fatal("got a permit past the slots or past the queue")
		}
		first.Done(transport.Outcome{Status: 200})
		if (<-heavy).(transport.Permit) == nil || (<-light).(transport.Permit) == nil {
			t.Fatal("got no permit")
		}
		if got := g.Snapshot().Limits[0].InFlight; got != 11 {
			t.Errorf("got %d actions in flight, want 11", got)
		}
	})
}

func TestExhaustedLimitDoesNotHoldTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.New(quota.Config{Limits: append(limits(1000, 100, 0), connectors.Limit{Name: "search", Rate: 1, Burst: 1})})
		search := connectors.Cost{Weight: 1, Limits: []string{"calls", "search"}}
		take(t, g, search)
		blocked := waits(t.Context(), g, search)
		start := time.Now()
		for range 20 {
			take(t, g, calls(1))
		}
		if got := time.Since(start); got > 30*time.Millisecond {
			t.Errorf("got %v for requests of another limit, want no wait", got)
		}
		<-blocked
	})
}

func TestDailyQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		day := connectors.Limit{Name: "day", Rate: 15000.0 / 86400, Burst: 15000}
		g := quota.New(quota.Config{Limits: []connectors.Limit{day}, Share: 0.2})
		cost := connectors.Cost{Weight: 1, Limits: []string{"day"}}
		p := take(t, g, cost)
		p.Done(transport.Outcome{Status: 200, Told: []connectors.Told{{Limit: "day", Remaining: 3002, Reset: time.Hour}, {Limit: "other"}}})
		for range 2 {
			take(t, g, cost).Done(transport.Outcome{Status: 200})
		}
		last := waits(t.Context(), g, cost)
		if ended(last) != nil {
			t.Error("got a third permit, want only what is above the share of 3000 that is left to others")
		}
		p = (<-last).(transport.Permit)
		p.Done(transport.Outcome{Status: 200, Told: []connectors.Told{{Limit: "day", Remaining: 2999, Reset: 40 * time.Minute}}})
		if _, err := g.Acquire(t.Context(), cost); connectors.After(err) != 40*time.Minute {
			t.Errorf("got %v, want Limited until the quota is reset", err)
		}
	})
}

func TestToldRateWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.New(quota.Config{Limits: limits(0, 0, 0), Share: 0.5})
		take(t, g, calls(1)).Done(transport.Outcome{Status: 200, Told: []connectors.Told{{Limit: "calls", Rate: 20, Remaining: -1}}})
		s := g.Snapshot().Limits[0]
		if s.Learnt || math.Abs(s.Rate-10) > 0.1 {
			t.Errorf("got %+v, want half of the told 20/s", s)
		}
		if got := g.Learnt(); len(got) != 0 {
			t.Errorf("got %v learnt, want nothing", got)
		}
	})
}

func TestRefusalsThatNameNoTimeGetLonger(t *testing.T) {
	for _, limit := range []string{"", "calls"} {
		bubble(t, "limit "+limit, func(t *testing.T) {
			g := quota.New(quota.Config{Limits: limits(10, 10, 0), MaxWait: time.Hour})
			refusedFor := func() time.Duration {
				p := take(t, g, calls(1))
				time.Sleep(time.Millisecond)
				p.Done(transport.Outcome{Status: 429, Limit: limit})
				start := time.Now()
				take(t, g, calls(1)).Done(transport.Outcome{Err: errors.New("no answer")})
				return time.Since(start).Round(100 * time.Millisecond)
			}
			for _, want := range []time.Duration{1, 2, 4, 8} {
				if got := refusedFor(); got != want*time.Second {
					t.Errorf("got a pause of %v, want %ds", got, want)
				}
			}
			take(t, g, calls(1)).Done(transport.Outcome{Status: 200})
			if got := refusedFor(); got != time.Second {
				t.Errorf("got a pause of %v after a success, want 1s again", got)
			}
		})
	}
}

func TestUndeclaredLimitIsRejected(t *testing.T) {
	g := quota.New(quota.Config{})
	if _, err := g.Acquire(t.Context(), calls(1)); connectors.KindOf(err) != connectors.Rejected {
		t.Errorf("got %v, want Rejected", err)
	}
	p := take(t, g, connectors.Cost{})
	p.Done(transport.Outcome{Status: 200})
	p.Done(transport.Outcome{Status: 429, RetryAfter: time.Hour}) // a second Done does nothing
	take(t, g, connectors.Cost{})
}

func TestRestoreIgnoresNonsense(t *testing.T) {
	g := quota.New(quota.Config{Limits: limits(0, 0, 0)})
	before := g.Snapshot().Limits[0].Rate
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		g.Restore(map[string]float64{"calls": rate, "gone": 5})
	}
	if got := g.Snapshot().Limits[0].Rate; got != before {
		t.Errorf("got rate %v, want %v as before", got, before)
	}
}

// TestNeverMoreThanDeclared holds any mix of weights against the declared limits: in flight at every moment, and
// actions in every span of time.
func TestNeverMoreThanDeclared(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rate := float64(rapid.IntRange(5, 800).Draw(r, "rate"))
		burst := rapid.IntRange(1, 100).Draw(r, "burst")
		slots := rapid.IntRange(10, 30).Draw(r, "slots")
		weights := rapid.SliceOfN(rapid.IntRange(1, 10), 1, 120).Draw(r, "weights")
		milliseconds := rapid.IntRange(1, 60).Draw(r, "latency")
		var failure string
		synctest.Test(t, func(t *testing.T) {
			failure = hold(t, rate, burst, slots, weights, time.Duration(milliseconds)*time.Millisecond)
		})
		if failure != "" {
			r.Fatal(failure)
		}
	})
}

func hold(t *testing.T, rate float64, burst, slots int, weights []int, latency time.Duration) string {
	g := quota.New(quota.Config{Limits: limits(rate, burst, slots)})
	var (
		mu            sync.Mutex
		running, most int
		at            []time.Time
		taken         []int
		wg            sync.WaitGroup
	)
	for _, weight := range weights {
		wg.Go(func() {
			p, err := g.Acquire(t.Context(), calls(weight))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			running += weight
			most = max(most, running)
			at, taken = append(at, time.Now()), append(taken, weight)
			mu.Unlock()
			time.Sleep(latency)
			mu.Lock()
			running -= weight
			mu.Unlock()
			p.Done(transport.Outcome{Status: 200})
		})
	}
	wg.Wait()
	if most > slots {
		return fmt.Sprintf("got %d actions in flight, want at most %d", most, slots)
	}
	allowed := max(float64(burst), 3*rate/100, 1) + 10 // a weight above the bucket leaves a debt
	for i := range at {
		sum := 0
		for j := i; j < len(at); j++ {
			sum += taken[j]
			if want := allowed + rate*at[j].Sub(at[i]).Seconds(); float64(sum) > want+1e-6 {
				return fmt.Sprintf("got %d actions in %v, want at most %.1f", sum, at[j].Sub(at[i]), want)
			}
		}
	}
	if s := g.Snapshot(); s.Limits[0].InFlight != 0 || s.Waiting != 0 {
		return fmt.Sprintf("got %+v at the end, want nothing in flight", s)
	}
	return ""
}

func TestWhatTheVendorSaysIsLeftCanBeShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := quota.New(quota.Config{Limits: limits(100, 50, 0)})
		if got := g.Snapshot().Limits[0].Remaining; got != -1 {
			t.Errorf("got %d left before the vendor said anything, want -1", got)
		}
		told := []connectors.Told{{Limit: "calls", Remaining: 42, Reset: time.Second}}
		take(t, g, calls(1)).Done(transport.Outcome{Status: 200, Told: told})
		if got := g.Snapshot().Limits[0].Remaining; got != 42 {
			t.Errorf("got %d left, want the 42 of the answer", got)
		}
	})
}
