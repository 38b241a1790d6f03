package quota_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/router/quota"
)

func TestLearnerFollowsAVendorThatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(500, 100)
		g := quota.New(quota.Config{Limits: limits(0, 0, 15)})
		work(t, g, v, 32, 15_000, 2*time.Millisecond)
		v.change(100)
		wantAtLeast(t, "after 500/s fell to 100/s", work(t, g, v, 32, 6000, 2*time.Millisecond), 0.80, 0.02)
		v.change(400)
		r := work(t, g, v, 32, 80_000, 2*time.Millisecond)
		wantAtLeast(t, "after it rose to 400/s", r, 0.60, 0.005)
	})
}

func TestLearnerLeavesItsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(500, 100)
		g := quota.New(quota.Config{Limits: limits(0, 0, 15), Share: 0.2})
		g.Restore(map[string]float64{"calls": 500})
		r := work(t, g, v, 32, 60_000, 2*time.Millisecond)
		if r.utilisation > 0.81 || r.utilisation < 0.75 || r.refusals > 0 {
			t.Errorf("got %+v, want about 0.8 of the rate and no refusal", r)
		}
	})
}

// TestLearnerWithAFixedWindow meets a vendor that counts calls in each ten seconds and names the end of the window.
func TestLearnerWithAFixedWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const quotaOfWindow, window = 100, 10 * time.Second
		var (
			mu                sync.Mutex
			began             time.Time
			n, served, denied int
		)
		g := quota.New(quota.Config{Limits: limits(0, 0, 5), MaxWait: window})
		answer := func() transport.Outcome {
			mu.Lock()
			defer mu.Unlock()
			if now := time.Now(); now.Sub(began) >= window {
				began, n = now, 0
			}
			if n++; n <= quotaOfWindow {
				served++
				return transport.Outcome{Status: 200}
			}
			denied++
			return transport.Outcome{Status: 429, RetryAfter: (window - time.Since(began)).Truncate(time.Second) + time.Second}
		}
		start := time.Now()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for time.Since(start) < 20*time.Minute {
					p, err := g.Acquire(t.Context(), calls(1))
					if err != nil {
						time.Sleep(connectors.After(err))
						continue
					}
					time.Sleep(5 * time.Millisecond)
					p.Done(answer())
				}
			})
		}
		wg.Wait()
		used := float64(served) / (20 * 60 * quotaOfWindow / window.Seconds())
		t.Logf("used %.3f, refused %d of %d", used, denied, served+denied)
		if used < 0.8 || float64(denied) > 0.02*float64(served) {
			t.Errorf("got %.3f of the quota used and %d refused of %d, want at least 0.8 and at most 2 %%", used, denied, served+denied)
		}
	})
}
