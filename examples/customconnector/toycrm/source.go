package toycrm

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/millrace/millrace/connectors"
)

// people is the only stream, and the object of its records.
const people = "people"

// pageSize is the most changes ToyCRM returns at once.
const pageSize = 100

// ToyCRM numbers its changes: every change of a person gives that person the next number, and a person is in the feed
// once, under the newest. So a cursor is a number, and the same reading serves the first scan, the changes after it and
// what changes meanwhile. A vendor with times instead of numbers needs more care, see connectors/hubspot/source.go.

// feed is ToyCRM's answer.
type feed struct {
	Changes []struct {
		Number  uint64          `json:"number"`
		ID      string          `json:"id"`
		Changed time.Time       `json:"changed_at"`
		Deleted bool            `json:"deleted"`
		Person  json.RawMessage `json:"person"`
	} `json:"changes"`
	More bool `json:"more"`
}

// Streams implements connectors.Source.
func (a *account) Streams(context.Context) ([]connectors.Stream, error) {
	return []connectors.Stream{{Name: people, Object: people, Every: time.Minute}}, nil
}

// Read implements connectors.Source with one request.
func (a *account) Read(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
	number, err := position(stream, after)
	if err != nil {
		return connectors.Page{}, err
	}
	query := url.Values{"after": {strconv.FormatUint(number, 10)}, "limit": {strconv.Itoa(pageSize)}}
	answer, err := a.client.Do(ctx, "read people", http.MethodGet, "/changes", query, nil)
	if err != nil {
		return connectors.Page{}, err
	}
	var f feed
	if err := json.Unmarshal(answer.Body, &f); err != nil {
		return connectors.Page{}, broken("is not a feed of changes")
	}
	page := connectors.Page{More: f.More}
	for _, c := range f.Changes {
		if c.Number <= number || c.ID == "" || c.Changed.IsZero() { // going on from here would lose or repeat people
			return connectors.Page{}, broken("is not in the order of the numbers, or a change lacks its id or time")
		}
		number = c.Number
		rec := connectors.Record{Ref: connectors.Ref{Connection: a.connection, Object: people, ID: c.ID},
			Version: c.Changed, Seen: answer.Date, Data: c.Person}
		if c.Deleted {
			rec.Deleted.Kind = connectors.Hard
		}
		page.Records = append(page.Records, rec)
	}
	page.Next = connectors.Cursor(strconv.FormatUint(number, 10))
	if !page.More { // what ToyCRM stamped before it answered was in the feed
		page.Complete = answer.Date
	}
	return page, nil
}

// position reads a cursor. One that is not understood must never mean "from the beginning".
func position(stream string, after connectors.Cursor) (uint64, error) {
	if stream != people {
		return 0, &connectors.Error{Kind: connectors.Rejected, Op: "read " + people, Reason: "there is no such stream; there is " + people}
	}
	if after == "" {
		return 0, nil
	}
	number, err := strconv.ParseUint(string(after), 10, 64)
	if err != nil {
		return 0, &connectors.Error{Kind: connectors.Rejected, Op: "read " + people, Reason: "the cursor is not one of this connector's; reset the stream"}
	}
	return number, nil
}

// broken is an answer that cannot be used; the router asks again.
func broken(what string) error {
	return &connectors.Error{Kind: connectors.Temporary, Op: "read " + people, Reason: "the answer " + what}
}
