package quota_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/router/quota"
)

// vendor is a token bucket as performance.md (iii) describes it, in virtual time: a refused request costs a token, and
// Retry-After comes in whole seconds.
type vendor struct {
	mu                sync.Mutex
	rate, burst       float64
	tokens            float64
	at                time.Time
	accepted, refused int
	running, most     int
}

func newVendor(rate, burst float64) *vendor {
	return &vendor{rate: rate, burst: burst, tokens: burst, at: time.Now()}
}

func (v *vendor) change(rate float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rate = rate
}

// begin is a request of some actions arriving.
func (v *vendor) begin(actions int) transport.Outcome {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	v.tokens = min(v.burst, v.tokens+v.rate*now.Sub(v.at).Seconds())
	v.at = now
	v.running += actions
	v.most = max(v.most, v.running)
	v.tokens -= float64(actions)
	if v.tokens >= 0 {
		v.accepted += actions
		return transport.Outcome{Status: 200}
	}
	v.refused++
	v.tokens = max(v.tokens, -v.burst)
	wait := math.Ceil(max(1, (1-v.tokens)/v.rate))
	return transport.Outcome{Status: 429, RetryAfter: time.Duration(wait) * time.Second}
}

func (v *vendor) end(actions int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.running -= actions
}

// result is what a job of n actions came to.
type result struct {
	utilisation, refusals float64 // of the rate; of all requests
	took                  time.Duration
}

// work has workers do n requests through g, each repeated until it is accepted.
func work(t *testing.T, g *quota.Governor, v *vendor, workers, n int, latency time.Duration, costs ...connectors.Cost) result {
	t.Helper()
	cost := connectors.Cost{Weight: 1, Limits: []string{"calls"}}
	if len(costs) > 0 {
		cost = costs[0]
	}
	v.mu.Lock()
	v.accepted, v.refused = 0, 0
	v.mu.Unlock()
	start := time.Now()
	jobs := make(chan struct{})
	var wg sync.WaitGroup
	for i := range workers {
		random := rand.New(rand.NewPCG(7, uint64(i)))
		wg.Go(func() {
			for range jobs {
				for !once(t, g, v, cost, latency, random) {
				}
			}
		})
	}
	for range n {
		jobs <- struct{}{}
	}
	close(jobs)
	wg.Wait()
	took := time.Since(start)
	return result{float64(v.accepted) / v.rate / took.Seconds(), float64(v.refused) / float64(v.refused+n), took}
}

// once makes one request, and reports whether there is nothing more to do for it.
func once(t *testing.T, g *quota.Governor, v *vendor, cost connectors.Cost, latency time.Duration, random *rand.Rand) bool {
	p, err := g.Acquire(t.Context(), cost)
	if after := connectors.After(err); after > 0 {
		time.Sleep(after)
		return false
	}
	if err != nil {
		t.Error(err)
		return true
	}
	part := func() time.Duration { return latency/4 + time.Duration(random.Int64N(int64(latency/2)+1)) }
	time.Sleep(part())
	o := v.begin(cost.Weight)
	time.Sleep(part())
	v.end(cost.Weight)
	p.Done(o)
	return o.Status == 200
}
