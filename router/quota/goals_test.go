package quota_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/quota"
)

func limits(rate float64, burst, inFlight int) []connectors.Limit {
	return []connectors.Limit{{Name: "calls", Rate: rate, Burst: burst, InFlight: inFlight}}
}

func bubble(t *testing.T, name string, f func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func wantAtLeast(t *testing.T, what string, r result, utilisation, refusals float64) {
	t.Helper()
	t.Logf("%s: utilisation %.4f, refused %.4f %%, %v", what, r.utilisation, 100*r.refusals, r.took)
	if r.utilisation < utilisation || r.refusals > refusals {
		t.Errorf("%s: got utilisation %.4f with %.3f %% refused, want at least %.3f with at most %.3f %%",
			what, r.utilisation, 100*r.refusals, utilisation, 100*refusals)
	}
}

// TestKnownRate is goal P5.
func TestKnownRate(t *testing.T) {
	for name, c := range map[string]struct {
		burst   int
		latency time.Duration
	}{"burst not told": {0, 2 * time.Millisecond}, "burst told": {100, 2 * time.Millisecond}, "slow answers": {100, 24 * time.Millisecond}} {
		bubble(t, name, func(t *testing.T) {
			v := newVendor(500, 100)
			g := quota.New(quota.Config{Limits: limits(500, c.burst, 15)})
			wantAtLeast(t, name, work(t, g, v, 32, 30_000, c.latency), 0.97, 0.001)
			if v.most > 15 {
				t.Errorf("%s: got %d actions in flight, want at most 15", name, v.most)
			}
		})
	}
}

// TestUnknownRate is goal P6, with its second run.
func TestUnknownRate(t *testing.T) {
	for name, c := range map[string]struct {
		rate, burst float64
		latency     time.Duration
	}{
		"as measured": {500, 100, 2 * time.Millisecond}, "slow answers": {500, 100, 20 * time.Millisecond}, "small bucket": {500, 20, 2 * time.Millisecond},
		"large bucket": {500, 1000, 2 * time.Millisecond}, "slow vendor": {100, 50, 10 * time.Millisecond},
	} {
		if testing.Short() && name != "as measured" {
			continue
		}
		bubble(t, name, func(t *testing.T) {
			v := newVendor(c.rate, c.burst)
			g := quota.New(quota.Config{Limits: limits(0, 0, 15)})
			n := int(60 * c.rate)
			wantAtLeast(t, name, work(t, g, v, 32, n, c.latency), 0.85, 0.005)
			learnt := g.Learnt()
			again := quota.New(quota.Config{Limits: limits(0, 0, 15)})
			again.Restore(learnt)
			time.Sleep(time.Minute)
			t.Logf("%s: learnt %v", name, learnt)
			wantAtLeast(t, name+", again", work(t, again, v, 32, n, c.latency), 0.95, 0.005)
			if v.most > 15 {
				t.Errorf("%s: got %d actions in flight, want at most 15", name, v.most)
			}
		})
	}
}
