package zendesk

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// healthRows is how many of the newest deliveries are looked at; 100 is the most that a page has.
const healthRows = 100

// undecided are the statuses of deliveries that say nothing yet. Every other one but success is of a delivery that was not
// taken: Zendesk documents six of them and sends others as well (terminated).
var undecided = []string{"accepted", "unknown"}

// scarce are the statuses whose newest delivery is asked for by itself: one that was lost an hour ago may be thousands of rows
// back. It must be statuses that Zendesk's filter knows.
var scarce = []string{"circuit broken", "failed"}

// Health implements connectors.HealthReader: what became of the newest deliveries, which Zendesk keeps for a week.
// https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/#list-webhook-invocations
func (a *account) Health(ctx context.Context, have connectors.Subscription) (connectors.Subscription, error) {
	rows, err := a.invocations(ctx, have, "page[size]", fmt.Sprint(healthRows))
	if err != nil || rows == nil {
		return have, err
	}
	have = judged(have, rows)
	for _, status := range scarce {
		rows, err := a.invocations(ctx, have, "page[size]", "1", "filter[status]", status)
		if err != nil {
			return have, err
		}
		for _, row := range rows {
			have.Lost = latest(have.Lost, completed(row))
		}
	}
	return have, nil
}

// invocations returns deliveries of a webhook, the newest first; nil when Zendesk does not show them, to this user or with
// this filter.
func (a *account) invocations(ctx context.Context, have connectors.Subscription, pairs ...string) ([]gjson.Result, error) {
	const op = "list deliveries of webhook"
	q := query(pairs...)
	q.Set("sort", "-latest_completed_at")
	n, err := a.get(ctx, op, "/webhooks/"+url.PathEscape(have.ID)+"/invocations", q)
	switch connectors.KindOf(err) {
	case connectors.Denied, connectors.Gone, connectors.NotFound, connectors.Rejected:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return n.list(op, "invocations")
}

// judged says that a webhook fails when the newest delivery whose end is known was not taken, since the oldest of those in a
// row, and when one was not taken last.
func judged(have connectors.Subscription, rows []gjson.Result) connectors.Subscription {
	decided, failed, unbroken := 0, 0, true
	for _, row := range rows {
		status := row.Get("status").String()
		switch {
		case slices.Contains(undecided, status):
			continue
		case status == "success":
			unbroken = false
		default:
			failed++
			have.Lost = latest(have.Lost, completed(row))
			if unbroken {
				have.State, have.Since = connectors.SubscriptionFailing, completed(row)
			}
			if have.Why == "" {
				have.Why = "the newest " + outcome(row)
			}
		}
		decided++
	}
	if failed > 0 {
		have.Why = fmt.Sprintf("%d of the last %d deliveries, %s", failed, decided, have.Why)
	}
	return have
}

// outcome is Zendesk's word for what became of a delivery, and what we answered.
func outcome(row gjson.Result) string {
	word := strings.ReplaceAll(code(strings.ReplaceAll(row.Get("status").String(), " ", "_")), "_", " ")
	if status := row.Get("status_code").Int(); status > 0 {
		word += fmt.Sprintf(" after status %d", status)
	}
	return strings.TrimSpace(word)
}

// completed is when a delivery was last tried, zero when it does not say.
func completed(row gjson.Result) time.Time {
	at, _ := time.Parse(time.RFC3339, row.Get("latest_completed_at").String())
	return at.UTC()
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
