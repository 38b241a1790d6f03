package receive

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what arrives. Labels are configured names and fixed words (invariant 9).
type Metrics struct {
	Registry *prometheus.Registry

	deliveries *prometheus.CounterVec
	took       *prometheus.HistogramVec
	commit     prometheus.Histogram
}

// NewMetrics returns metrics in a registry of their own.
func NewMetrics() *Metrics {
	buckets := prometheus.ExponentialBuckets(0.0005, 2, 14)
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "millrace_webhook_requests_total",
			Help: "Requests to the webhook receiver, by what became of them."}, []string{"connection", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "millrace_webhook_seconds",
			Help: "Time from a request's headers to its answer.", Buckets: buckets}, []string{"connection"}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "millrace_webhook_commit_seconds",
			Help: "Time to store the deliveries of one commit.", Buckets: buckets}),
	}
	m.Registry.MustRegister(m.deliveries, m.took, m.commit)
	return m
}

// quiet keeps a flood of refusals from flooding the log.
type quiet struct {
	mu   sync.Mutex
	last map[string]time.Time // by connection and outcome
	held map[string]int
}

// quietFor is how long the like of a line is not repeated.
const quietFor = 10 * time.Second

// pass reports whether a line is to be written, and how many like it were not since the last one.
func (q *quiet) pass(key string, now time.Time) (held int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Sub(q.last[key]) < quietFor {
		q.held[key]++
		return 0, false
	}
	held = q.held[key]
	q.last[key], q.held[key] = now, 0
	return held, true
}

// tell logs a request: neither its content nor its path, which may be a secret, nor who sent it (invariant 9).
func (r *Receiver) tell(h *hook, res result) {
	source := h.Connection
	switch res.outcome {
	case stored, repeated, probed:
		if r.log.Enabled(context.Background(), slog.LevelDebug) {
			r.log.Debug("webhook", "source", source, "outcome", res.outcome, "status", res.Status, "bytes", res.bytes)
		}
		return
	case shaken:
		r.log.Info("webhook secret taken", "source", source)
		return
	}
	if held, ok := r.quiet.pass(source+" "+string(res.outcome), r.now()); ok {
		r.log.Warn("webhook "+fmt.Sprint(res.outcome), "source", source, "status", res.Status, "bytes", res.bytes, "unsaid", held, "error", res.err)
	}
}
