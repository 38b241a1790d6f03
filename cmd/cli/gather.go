package cli

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// gatherer joins the router's counters with figures read from the ledger and the quotas at the time of a scrape.
func (h *hub) gatherer() prometheus.Gatherer {
	own := prometheus.NewRegistry()
	own.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), ledgerFigures{h})
	all := prometheus.Gatherers{h.router.Metrics().Registry, own}
	if h.hooks != nil {
		all = append(all, h.hooks.Metrics().Registry)
	}
	return all
}

var (
	descDirty    = prometheus.NewDesc("millrace_backlog_entities", "Entities whose change a target does not show yet.", []string{"target"}, nil)
	descDead     = prometheus.NewDesc("millrace_dead_letters", "Dead letters.", []string{"kind"}, nil)
	descGaps     = prometheus.NewDesc("millrace_gaps", "Spans of time a stream is known not to be complete for.", nil, nil)
	descRecords  = prometheus.NewDesc("millrace_ledger_records", "Live records in the ledger.", []string{"object"}, nil)
	descEntities = prometheus.NewDesc("millrace_ledger_entities", "Entities in the ledger.", []string{"kind"}, nil)
	descLag      = prometheus.NewDesc("millrace_stream_lag_seconds", "Time since the instant a stream is complete up to.", []string{"connection", "stream"}, nil)
	descContact  = prometheus.NewDesc("millrace_feed_silence_seconds", "Time since a feed last told anything, be it nothing new.", []string{"connection", "feed"}, nil)
	descInbox    = prometheus.NewDesc("millrace_inbox_deliveries", "Webhook deliveries that wait to be parsed.", nil, nil)
	descForward  = prometheus.NewDesc("millrace_webhook_forwarded_total", "Deliveries that receivers on other hosts forwarded.", nil, nil)
	descSize     = prometheus.NewDesc("millrace_ledger_bytes", "Size of the ledger.", nil, nil)
	descCalls    = prometheus.NewDesc("millrace_api_actions_total", "Actions asked of a vendor.", []string{"connection"}, nil)
)

// ledgerFigures is a collector over the hub.
type ledgerFigures struct{ h *hub }

func (f ledgerFigures) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descDirty, descDead, descGaps, descRecords, descEntities, descLag, descContact, descInbox, descForward, descSize, descCalls} {
		ch <- d
	}
}

func (f ledgerFigures) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	st, err := f.h.ledger.Status(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descSize, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for target, n := range st.Totals.Dirty {
		gauge(descDirty, float64(n), target)
	}
	for kind, n := range st.Totals.Dead {
		gauge(descDead, float64(n), string(kind))
	}
	for object, n := range st.Totals.Live {
		gauge(descRecords, float64(n), object)
	}
	for kind, n := range st.Totals.Entities {
		gauge(descEntities, float64(n), string(kind))
	}
	for _, s := range f.h.read(st.Streams) {
		if !s.Complete.IsZero() {
			gauge(descLag, time.Since(s.Complete).Seconds(), s.Connection, s.Stream)
		}
	}
	feeds, err := f.h.feeds(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descContact, err)
	}
	for _, fd := range feeds {
		if !fd.Contact.IsZero() {
			gauge(descContact, time.Since(fd.Contact).Seconds(), fd.Connection, fd.Feed.Feed)
		}
	}
	gauge(descGaps, float64(st.Totals.Gaps))
	if fw := f.h.hooks.forwarded(); fw != nil {
		ch <- prometheus.MustNewConstMetric(descForward, prometheus.CounterValue, float64(fw.Stored))
	}
	gauge(descInbox, float64(st.Totals.Inbox))
	gauge(descSize, float64(st.Store.SizeBytes))
	for name, c := range f.h.conns {
		ch <- prometheus.MustNewConstMetric(descCalls, prometheus.CounterValue, float64(c.calls()), name)
	}
}
