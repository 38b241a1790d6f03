package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/router/quota"
)

// quotaReport is one budget of one connection in `status`.
type quotaReport struct {
	Connection string    `json:"connection"`
	Limit      string    `json:"limit"`
	PerSecond  float64   `json:"per_second"`
	Learnt     bool      `json:"learnt"`
	InFlight   int       `json:"in_flight"`
	Used       uint64    `json:"used"`
	Refused    uint64    `json:"refused"`
	Left       *int      `json:"left,omitempty"` // of the vendor's present window, when it says so
	Paused     time.Time `json:"paused,omitzero"`
}

// unlimited is a rate that only a limit without one has, of which the account's requests in flight are all that counts.
const unlimited = 100_000

// rate says how fast the limit lets requests through, in words.
func (q quotaReport) rate() string {
	if q.PerSecond == 0 || q.PerSecond > unlimited {
		return "-"
	}
	text := fmt.Sprintf("%.1f/s", q.PerSecond)
	if q.PerSecond < 1 {
		text = fmt.Sprintf("%.1f/min", 60*q.PerSecond)
	}
	if q.Learnt {
		text += " (learnt)"
	}
	if !q.Paused.IsZero() {
		text += " paused until " + instant(q.Paused)
	}
	return text
}

// leftOver says how much is left, in words.
func (q quotaReport) leftOver() string {
	if q.Left == nil {
		return "-"
	}
	return fmt.Sprint(*q.Left)
}

// quotas reports every budget of every connection.
func (h *hub) quotas() []quotaReport {
	var list []quotaReport
	for _, c := range h.cfg.Connections {
		for _, s := range h.conns[c.Name].quota.Snapshot().Limits {
			q := quotaReport{Connection: c.Name, Limit: s.Name, PerSecond: s.Rate, Learnt: s.Learnt,
				InFlight: s.InFlight, Used: s.Used, Refused: s.Refused, Paused: s.Paused}
			if s.Remaining >= 0 {
				q.Left = &s.Remaining
			}
			list = append(list, q)
		}
	}
	return list
}

// counted is a quota that counts the actions it lets through.
type counted struct {
	*quota.Governor
	actions atomic.Int64
}

// Acquire waits for the quota and counts.
func (c *counted) Acquire(ctx context.Context, cost connectors.Cost) (transport.Permit, error) {
	p, err := c.Governor.Acquire(ctx, cost)
	if err == nil {
		c.actions.Add(int64(cost.Weight))
	}
	return p, err
}

// calls returns the actions asked of the vendor since the start.
func (c *connection) calls() int64 { return c.quota.actions.Load() }

// left returns how many actions the vendor says are left of the tightest window, -1 when it does not say.
func (c *connection) left() int {
	left := -1
	for _, s := range c.quota.Snapshot().Limits {
		if s.Remaining >= 0 && (left < 0 || s.Remaining < left) {
			left = s.Remaining
		}
	}
	return left
}

// waiting returns how many calls wait until a limit lets them through.
func (c *connection) waiting() int { return c.quota.Snapshot().Waiting }

// learntName is where the rates learnt for a connection are kept in the ledger.
func learntName(connection string) string { return "rates of " + connection }

// restoreRates starts a governor with what earlier runs have learnt.
func (h *hub) restoreRates(ctx context.Context, connection string, g *quota.Governor) {
	b, err := h.ledger.Learnt(ctx, learntName(connection))
	var rates map[string]float64
	if err != nil || len(b) == 0 || json.Unmarshal(b, &rates) != nil {
		return // nothing learnt: the rate is found again
	}
	g.Restore(rates)
}

// ratesEvery is how often a daemon writes down what it learnt, so that a kill loses little of it.
const ratesEvery = time.Minute

// keepLearning writes the rates down until ctx ends.
func (h *hub) keepLearning(ctx context.Context) {
	tick := time.NewTicker(ratesEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.keepRates()
		}
	}
}

// keepRates writes down what the governors have learnt.
func (h *hub) keepRates() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for name, c := range h.conns {
		rates := c.quota.Learnt()
		if len(rates) == 0 {
			continue
		}
		b, err := json.Marshal(rates)
		if err == nil {
			err = h.ledger.PutLearnt(ctx, learntName(name), b)
		}
		if err != nil {
			h.log.Warn("keep learnt rates", "source", name, "error", err)
		}
	}
}
