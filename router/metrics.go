package router

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// Metrics counts what the router does. Labels are configured names and fixed words, never ids (invariant 9).
type Metrics struct {
	Registry *prometheus.Registry

	records  *prometheus.CounterVec
	apply    *prometheus.HistogramVec
	failures *prometheus.CounterVec
	items    *prometheus.CounterVec
	calls    *prometheus.HistogramVec
	hints    *prometheus.CounterVec
	gaps     *prometheus.CounterVec
	webhooks *prometheus.CounterVec
}

// NewMetrics returns metrics in a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "millrace_records_total",
			Help: "Records read, by what became of them."}, []string{"connection", "stream", "outcome"}),
		apply: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "millrace_apply_seconds",
			Help: "Time to map and store a page.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 12)}, []string{"connection"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "millrace_failures_total",
			Help: "Failed reads and fetches, by kind."}, []string{"connection", "kind"}),
		items: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "millrace_items_total",
			Help: "Items written to a target, by what was done."}, []string{"target", "action"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "millrace_target_call_seconds",
			Help: "Time of one call to a target.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 12)}, []string{"target"}),
	}
	m.hints = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "millrace_feed_hints_total",
		Help: "Changes that feeds told."}, []string{"connection", "feed"})
	m.gaps = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "millrace_feed_gaps_total",
		Help: "Gaps that feeds made, by what was done."}, []string{"connection", "stream", "action"})
	m.webhooks = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "millrace_webhook_hints_total",
		Help: "Changes that webhooks told, by whether they are fetched or of nothing that is read."}, []string{"connection", "what"})
	m.Registry.MustRegister(m.records, m.apply, m.failures, m.items, m.calls, m.hints, m.gaps, m.webhooks)
	return m
}

func (m *Metrics) applied(connection, stream string, out ledger.Outcome, took time.Duration) {
	m.apply.WithLabelValues(connection).Observe(took.Seconds())
	for outcome, n := range map[string]int64{"applied": out.Applied, "unchanged": out.Unchanged, "stale": out.Stale,
		"filtered": out.Filtered, "dead": out.Dead} {
		if n > 0 {
			m.records.WithLabelValues(connection, stream, outcome).Add(float64(n))
		}
	}
}

func (m *Metrics) failed(connection string, kind connectors.Kind) {
	m.failures.WithLabelValues(connection, kind.String()).Inc()
}

func (m *Metrics) called(target string, _ int, took time.Duration) {
	m.calls.WithLabelValues(target).Observe(took.Seconds())
}

func (m *Metrics) delivered(target string, j *job) {
	for action, n := range map[string]int{"created": j.created, "updated": j.updated, "closed": j.closedItems} {
		if n > 0 {
			m.items.WithLabelValues(target, action).Add(float64(n))
		}
	}
	if j.settle.Reject != "" {
		m.items.WithLabelValues(target, "dead").Inc()
	}
}

func (m *Metrics) told(connection, feed string, hints int) {
	m.hints.WithLabelValues(connection, feed).Add(float64(hints))
}

func (m *Metrics) parsed(connection string, fetched, ignored int) {
	m.webhooks.WithLabelValues(connection, "fetched").Add(float64(fetched))
	m.webhooks.WithLabelValues(connection, "ignored").Add(float64(ignored))
}

func (m *Metrics) opened(g ledger.Gap) {
	m.gaps.WithLabelValues(g.Connection, g.Stream, "recorded").Inc()
}

func (m *Metrics) healed(g ledger.Gap) {
	m.gaps.WithLabelValues(g.Connection, g.Stream, "healed").Inc()
}
