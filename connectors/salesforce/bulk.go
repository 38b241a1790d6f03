package salesforce

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// A Bulk API 2.0 query job reads an object in a handful of calls: one makes it, some ask whether it is done, and each
// page of its result is one. The job's id, and then the locator of the next page, are the place in the stream; the
// vendor keeps results for seven days, and any page may be read again.
// https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm

const (
	firstAsk   = 2 * time.Second // until a job is first asked for
	longestAsk = time.Minute
	// mostRows is the most rows that a page may be asked for: a page is stored in one transaction.
	mostRows = 10_000
	// pageBytes bounds the data of a page of results, whatever its rows hold.
	pageBytes = 24 << 20
)

// startJob makes a job for all rows up to the bound.
func (a *account) startJob(ctx context.Context, o object, l *layout, c cursor) (connectors.Page, error) {
	q := soql{fields: l.columns(o), from: o.sobject, where: []string{o.where, l.until(c.Bound)}}
	in := map[string]string{"operation": "queryAll", "query": q.String(), "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}
	op := "start a job for " + o.name
	n, err := a.ask(ctx, op, http.MethodPost, a.path("jobs/query"), nil, in)
	if codeOf(err) == "INVALID_FIELD" {
		if _, again := a.relearn(ctx, o, err); again != nil {
			return connectors.Page{}, again
		}
	}
	if err != nil {
		return connectors.Page{}, err
	}
	id := n.body.Get("id").String()
	if !isID(id) {
		return connectors.Page{}, broken(op, "answer has no id")
	}
	c.Phase, c.Job = bulking, &job{ID: id, Began: n.date.UnixMilli()}
	return connectors.Page{Next: c.String(), More: true, Wait: firstAsk}, nil
}

// mayFallBack reports whether a job that was refused, failed or is late gives way to reading by REST: always when the
// way was ours to choose, unless asking again helps.
func (a *account) mayFallBack(err error) bool {
	kind := connectors.KindOf(err)
	return a.backfill == backfillAuto && kind != connectors.Temporary && kind != connectors.Limited && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// bulk goes on with a job: it asks whether it is done, and then reads a page of its result.
func (a *account) bulk(ctx context.Context, o object, c cursor) (connectors.Page, error) {
	if c.Job.Locator != "" || c.Job.Skip > 0 {
		return a.result(ctx, o, c)
	}
	op := "ask for the job of " + o.name
	n, err := a.get(ctx, op, a.path("jobs/query/"+c.Job.ID), nil)
	if err != nil {
		return a.lostJob(ctx, o, c, op, err)
	}
	switch state := n.body.Get("state").String(); state {
	case "JobComplete":
		return a.result(ctx, o, c)
	case "UploadComplete", "InProgress", "Open":
		if n.date.UnixMilli()-c.Job.Began < a.jobDeadline.Milliseconds() {
			return a.askLater(c), nil
		}
		return a.giveUp(ctx, o, c, "it is not done after "+a.jobDeadline.String(), true)
	case "Failed", "Aborted":
		return a.giveUp(ctx, o, c, strings.TrimSpace(state+" "+firstCode(n.body.Get("errorMessage").String())), false)
	default:
		return connectors.Page{}, broken(op, "answer has no state that is known")
	}
}

// firstCode returns the code that a job's error begins with (`InvalidBatch : Field name not found`); what follows quotes
// the query.
func firstCode(message string) string {
	code, _, _ := strings.Cut(message, " ")
	return token(strings.TrimSuffix(code, ":"))
}

// askLater waits for a job, longer each time. The count makes the cursor another one, and the wait a function of it.
func (a *account) askLater(c cursor) connectors.Page {
	next := *c.Job
	next.Asked++
	c.Job = &next
	wait := min(longestAsk, firstAsk<<min(next.Asked, 5))
	return connectors.Page{Next: c.String(), More: true, Wait: wait}
}

// giveUp leaves a job alone and reads by REST instead, from the beginning and up to the same bound. A job that runs is
// aborted, so that it does not go on costing; whether that worked decides nothing.
func (a *account) giveUp(ctx context.Context, o object, c cursor, why string, running bool) (connectors.Page, error) {
	op := "wait for the job of " + o.name
	if running {
		abort := map[string]string{"state": "Aborted"}
		if _, err := a.ask(ctx, op, http.MethodPatch, a.path("jobs/query/"+c.Job.ID), nil, abort); ctx.Err() != nil {
			return connectors.Page{}, err
		}
	}
	if a.backfill != backfillAuto {
		return connectors.Page{}, &connectors.Error{Kind: connectors.Rejected, Op: op, Reason: why + "; set backfill to auto or rest, or reset the stream"}
	}
	c.Phase, c.Job = scanning, nil
	return a.scan(ctx, o, c)
}

// lostJob acts on a job that is refused: one that is no longer kept makes the stream begin anew; any other refusal, such as
// that of another API version than it was made with, makes it read by REST.
func (a *account) lostJob(ctx context.Context, o object, c cursor, op string, err error) (connectors.Page, error) {
	switch connectors.KindOf(err) {
	case connectors.NotFound:
		return connectors.Page{}, expired(op, "the job or its result is no longer kept")
	case connectors.Rejected:
		return a.giveUp(ctx, o, c, "it is refused: "+codeOf(err), false)
	}
	return connectors.Page{}, err
}

// result reads a page of a job's result.
func (a *account) result(ctx context.Context, o object, c cursor) (connectors.Page, error) {
	l, err := a.known(ctx, o, 0)
	if err != nil {
		return connectors.Page{}, err
	}
	op := "read the job of " + o.name
	client := a.client
	client.Accept = "text/csv"
	q := query("maxRecords", strconv.Itoa(a.bulkRows))
	if c.Job.Locator != "" {
		q.Set("locator", c.Job.Locator)
	}
	r := &results{a: a, op: op, object: o, layout: l, skip: c.Job.Skip, most: pageBytes}
	locator := ""
	err = client.Stream(ctx, op, a.path("jobs/query/"+c.Job.ID+"/results"), q, func(head *rest.Response, body io.Reader) error {
		if head.Date.IsZero() {
			return broken(op, "answer has no Date header")
		}
		locator = head.Header.Get("Sforce-Locator")
		return r.read(head, body)
	})
	if err != nil {
		return a.lostJob(ctx, o, c, op, err)
	}
	next := *c.Job
	if next.Locator == "" && next.Skip == 0 {
		c.Newest = newest(r.records)
	}
	switch {
	case r.cut:
		next.Skip += len(r.records)
	case locator != "" && locator != "null":
		if locator == c.Job.Locator {
			return connectors.Page{}, broken(op, "answer leads back to the same page")
		}
		next.Locator, next.Skip = locator, 0
	default:
		return a.handOver(c, r.records), nil
	}
	c.Job = &next
	return connectors.Page{Records: r.records, Next: c.String(), More: true}, nil
}
