package asana

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

const (
	pageSize = 100 // the most Asana gives; without a limit it truncates or refuses large lists
	maxPages = 1000
)

// client makes single requests to Asana and unwraps the `data` envelope that every body has.
type client struct {
	rest rest.Client
}

func newClient(env connectors.Env, base string) client {
	return client{rest.Client{HTTP: env.HTTP, Base: base, Explain: explain, Now: env.Now}}
}

// do sends data (nil for none) and decodes the answer's data into out (nil to ignore it).
func (c client) do(ctx context.Context, a action, out any) error {
	var in any
	if a.data != nil {
		in = map[string]any{"data": a.data}
	}
	var query url.Values
	if a.fields != "" {
		query = fieldsOf(a.fields)
	}
	answer, err := c.rest.Do(ctx, a.op, a.method, a.path, query, in)
	if err != nil {
		return err
	}
	return decode(a.op, answer.Body, out)
}

func (c client) get(ctx context.Context, op, path string, query url.Values, out any) error {
	answer, err := c.rest.Do(ctx, op, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	return decode(op, answer.Body, out)
}

func decode(op string, body []byte, out any) error {
	if out == nil {
		return nil
	}
	known := true
	if list, ok := out.(*outcomes); ok { // the one answer that is read thousands of times
		known = list.read(gjson.GetBytes(body, "data"))
	} else {
		envelope := struct {
			Data any `json:"data"`
		}{out}
		known = json.Unmarshal(body, &envelope) == nil
	}
	if !known {
		return &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: "answer has another shape than documented"}
	}
	return nil
}

// page is one page of a list. Offset is empty at the end.
type page[T any] struct {
	Data []T `json:"data"`
	Next *struct {
		Offset string `json:"offset"`
	} `json:"next_page"`
}

func (p page[T]) offset() string {
	if p.Next == nil {
		return ""
	}
	return p.Next.Offset
}

// list reads one page of a collection after offset.
func list[T any](ctx context.Context, c client, op, path string, query url.Values, offset string) (page[T], error) {
	q := url.Values{"limit": {strconv.Itoa(pageSize)}}
	for name, values := range query {
		q[name] = values
	}
	if offset != "" {
		q.Set("offset", offset)
	}
	var p page[T]
	answer, err := c.rest.Do(ctx, op, http.MethodGet, path, q, nil)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(answer.Body, &p); err != nil || p.Data == nil {
		return p, &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: "answer is no list"}
	}
	return p, nil
}

// each calls visit with every element of a collection until it returns false. It is for the short lists a name is looked
// up in (projects, sections, fields); tasks are read page by page.
func each[T any](ctx context.Context, c client, op, path string, query url.Values, visit func(T) bool) error {
	offset := ""
	for range maxPages {
		p, err := list[T](ctx, c, op, path, query, offset)
		if err != nil {
			return err
		}
		for _, element := range p.Data {
			if !visit(element) {
				return nil
			}
		}
		if offset = p.offset(); offset == "" {
			return nil
		}
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: op, Reason: "the list has more than 100,000 entries; set team"}
}

// fieldsOf is the query that asks for nothing but the named fields; the default representation is compact and opt_fields
// makes an answer as small as it can be (https://developers.asana.com/docs/inputoutput-options).
func fieldsOf(names string) url.Values { return url.Values{"opt_fields": {names}} }

// action is one request of a write, also as an element of a batch.
type action struct {
	op, method, path string
	fields           string // what the answer should hold, "" = everything
	data             map[string]any
}

// named is the smallest shape of most objects.
type named struct {
	GID     string    `json:"gid"`
	Name    string    `json:"name"`
	Created time.Time `json:"created_at"`
}

// older reports whether a was created before b; equal times are decided by the id, so that every process agrees.
func older(a, b named) bool {
	if !a.Created.Equal(b.Created) {
		return a.Created.Before(b.Created)
	}
	return len(a.GID) < len(b.GID) || len(a.GID) == len(b.GID) && a.GID < b.GID
}

// status returns the HTTP status behind err, 0 when there was no answer.
func status(err error) int {
	var e *connectors.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}
