package mailchimp

import (
	"context"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/verbatim"
)

// campaignPage is the most campaigns of a page: half of what is possible, so that the reports of those that were sent fit
// in one answer although others were sent in between.
const campaignPage = 500

// reportFields are what is taken of a report. The rest is compared with the industry, or repeats the campaign.
const reportFields = "reports.id,reports.emails_sent,reports.abuse_reports,reports.unsubscribed,reports.bounces,reports.forwards," +
	"reports.opens,reports.clicks,total_items"

var campaignStamps = []string{"create_time", "send_time"}

// campaigns lists the campaigns in the order in which they were made, and the reports of those of a page that were sent.
// A campaign does not say when it was changed, and its figures grow for weeks, so all are listed anew each time.
func (a *account) campaigns(ctx context.Context, c cursor) (connectors.Page, error) {
	const op = "list campaigns"
	q := query("exclude_fields", "_links,campaigns._links", "sort_field", "create_time", "sort_dir", "ASC")
	n, rows, more, err := a.page(ctx, op, "/campaigns", campaignsStream, q, campaignPage, &c.place)
	if err != nil {
		return connectors.Page{}, err
	}
	records, err := a.listed(op, campaignsStream, "", n, rows, campaignStamps, nil)
	if err != nil {
		return connectors.Page{}, err
	}
	reports, err := a.reports(ctx, rows)
	if err != nil {
		return connectors.Page{}, err
	}
	for i, row := range rows {
		records[i].Data = verbatim.With(records[i].Data, row, "report", reports[row.Get("id").String()])
	}
	return snapshot(records, n, cursor{Phase: listing, place: c.place}, more), nil
}

// reports returns the reports of campaigns by their ids, with one request for the span in which they were sent. Of more than
// a page of them some are left out, and those campaigns show the figures of their own summary.
func (a *account) reports(ctx context.Context, rows []gjson.Result) (map[string]string, error) {
	const op = "list reports"
	var first, last int64
	for _, row := range rows {
		if at := seconds(row.Get("send_time").String()); at > 0 {
			last = max(last, at)
			if first == 0 || at < first {
				first = at
			}
		}
	}
	if first == 0 {
		return nil, nil
	}
	// Whether the ends belong to the span is not documented.
	n, err := a.get(ctx, op, "/reports", query("count", digits(pageSize), "since_send_time", stamp(first-1), "before_send_time", stamp(last+1), "fields", reportFields))
	if err != nil {
		return nil, err
	}
	list, _, err := n.list(op, "reports")
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, one := range list {
		found[one.Get("id").String()] = one.Raw
	}
	return found, nil
}

// campaign reads one campaign with its report.
func (a *account) campaign(ctx context.Context, id string) ([]connectors.Record, error) {
	const op = "get campaign"
	n, row, err := a.one(ctx, op, "/campaigns/"+id)
	if err != nil {
		return nil, err
	}
	records, err := a.listed(op, campaignsStream, "", n, []gjson.Result{row}, campaignStamps, nil)
	if err != nil {
		return nil, err
	}
	reports, err := a.reports(ctx, []gjson.Result{row})
	if err != nil {
		return nil, err
	}
	records[0].Data = verbatim.With(records[0].Data, row, "report", reports[id])
	return records, nil
}

// one reads one object without its links.
func (a *account) one(ctx context.Context, op, path string) (answer, gjson.Result, error) {
	return a.object(ctx, op, path, query("exclude_fields", "_links"))
}

func (a *account) object(ctx context.Context, op, path string, q url.Values) (answer, gjson.Result, error) {
	r, err := a.getWhole(ctx, op, path, q)
	if err != nil {
		return answer{}, gjson.Result{}, err
	}
	row := gjson.ParseBytes(r.Body)
	if !row.IsObject() || !isID(row.Get("id").String()) {
		return answer{}, row, broken(op, "answer has no id")
	}
	return newAnswer(r.Body, r.Date), row, nil
}
