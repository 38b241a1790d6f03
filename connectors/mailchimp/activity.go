package mailchimp

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/verbatim"
)

// What recipients did is asked for campaign by campaign. Which campaigns are worth asking about, their reports say in one
// answer: those that were opened or clicked since the last pass began, and those that were sent lately, because of bounces
// no report tells a time.

const (
	// activityPage is the most recipients of an answer, activityMost the most events of a page: a recipient may have opened a
	// message hundreds of times.
	activityPage = 500
	activityMost = 5000
	// late is how far a pass goes back behind the beginning of the one before: opens show up late.
	late = int64(time.Hour / time.Second)
	// bouncing is how long after it was sent a campaign is asked about anyway: mail servers are tried for up to three days
	// (https://mailchimp.com/help/soft-vs-hard-bounces/).
	bouncing = int64(4 * 24 * time.Hour / time.Second)
)

// emailActivity reads a page of what recipients did. It promises no time up to which it is complete.
func (a *account) emailActivity(ctx context.Context, c cursor) (connectors.Page, error) {
	if len(c.Items) == 0 {
		if err := a.nextCampaigns(ctx, &c); err != nil {
			return connectors.Page{}, err
		}
	}
	var page connectors.Page
	if len(c.Items) > 0 {
		records, more, err := a.activityOf(ctx, &c)
		if err != nil && connectors.KindOf(err) != connectors.NotFound { // the campaign was deleted meanwhile
			return connectors.Page{}, err
		}
		if page.Records = records; !more {
			c.Items, c.place = c.Items[1:], place{}
		}
	}
	if len(c.Items) == 0 && !c.More {
		page.Next = cursor{Phase: waiting, From: c.Next}.String()
		return page, nil
	}
	page.Next, page.More = c.String(), true
	return page, nil
}

// nextCampaigns finds, among the next thousand campaigns, those to ask about. The first page of a pass sets its span.
func (a *account) nextCampaigns(ctx context.Context, c *cursor) error {
	const op = "list reports"
	since := a.now().Add(-a.activity).Unix()
	n, err := a.get(ctx, op, "/reports", query("count", digits(pageSize), "offset", digits(c.Done), "since_send_time", stamp(since),
		"fields", "reports.id,reports.subject_line,reports.send_time,reports.opens.last_open,reports.clicks.last_click,total_items"))
	if err != nil {
		return err
	}
	rows, total, err := n.list(op, "reports")
	if err != nil {
		return err
	}
	if c.Phase != visiting {
		c.Phase, c.Next = visiting, n.date.Unix()-late
	}
	for _, row := range rows {
		one := named{ID: row.Get("id").String(), Name: row.Get("subject_line").String()}
		if !isID(one.ID) {
			return broken(op, "a report in the answer has no id")
		}
		happened := max(seconds(row.Get("opens.last_open").String()), seconds(row.Get("clicks.last_click").String()))
		if c.From == 0 || happened >= c.From || seconds(row.Get("send_time").String()) >= n.date.Unix()-bouncing {
			c.Items = append(c.Items, one)
		}
	}
	c.Done += len(rows)
	if c.More = c.Done < total; c.More && len(rows) == 0 {
		return broken(op, "answer is empty, but says that there are more reports")
	}
	return nil
}

// activityOf reads the next page of the first campaign's activity. Recipients with activity only become more, so that
// paging by number loses none: one that comes in before our place did something after the pass began, and is in the next.
func (a *account) activityOf(ctx context.Context, c *cursor) (records []connectors.Record, more bool, err error) {
	const op = "read email activity"
	campaign := c.Items[0]
	q := query("count", digits(activityPage), "offset", digits(c.Offset), "exclude_fields", "_links,emails._links")
	if c.From > 0 {
		q.Set("since", stamp(c.From))
	}
	n, err := a.get(ctx, op, "/reports/"+campaign.ID+"/email-activity", q)
	if err != nil {
		return nil, false, err
	}
	rows, total, err := n.list(op, "emails")
	if err != nil {
		return nil, false, err
	}
	if len(rows) == 0 && total > c.Offset {
		return nil, false, broken(op, "answer is empty, but says that there are more recipients")
	}
	for _, row := range rows {
		events := row.Get("activity").Array()
		for i := min(c.Inner, len(events)); i < len(events); i++ {
			if len(records) == activityMost {
				c.Inner = i
				return records, true, nil
			}
			records = append(records, a.event(campaign, row, events[i], n.date))
		}
		c.Offset, c.Inner = c.Offset+1, 0
	}
	return records, c.Offset < total, nil
}

// event makes a record of what one recipient did. Mailchimp gives these no ids. What is made up is opaque, for references
// are logged, and Mailchimp's own name of a recipient is a hash of the address that anybody can make.
func (a *account) event(campaign named, row, what gjson.Result, seen time.Time) connectors.Record {
	at := seconds(what.Get("timestamp").String())
	parts := []string{campaign.ID, row.Get("email_id").String(), what.Get("action").String(), what.Get("type").String(), digits(int(at)), what.Get("url").String()}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	id := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))[:26]
	r := connectors.Record{Ref: a.ref(activityStream, id), Version: unix(max(at, 1)), Seen: seen.UTC(), Data: raw(what)}
	for _, member := range []string{"email_address", "list_id"} {
		r.Data = verbatim.With(r.Data, what, member, row.Get(member).Raw)
	}
	r.Data = verbatim.With(r.Data, what, "campaign_id", quoted(campaign.ID))
	r.Data = verbatim.With(r.Data, what, "subject", quoted(campaign.Name))
	return r
}
