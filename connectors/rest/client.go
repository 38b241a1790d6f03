package rest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Client makes single JSON requests to one vendor. It is a value without state: copy it to change a field for one
// call, for example to add a header.
type Client struct {
	HTTP    *http.Client
	Base    string // address of the API, may have a path; `https://app.asana.com/api/1.0`
	MaxBody int64  // the most bytes of an answer; 0 = 64 MiB
	// Explain reads the vendor's error body; nil means that only the status is known. The body is at most 1 MiB and
	// may be anything, also empty or HTML: Explain must not trust it.
	Explain func(status int, h http.Header, body []byte) Problem
	Header  http.Header // sent with every request, besides Accept and Content-Type; may be nil
	// Accept is the media type asked for; empty = application/json. Answers to another one are not checked to be JSON.
	Accept string
	// Now is our clock, needed for a Retry-After date in an answer without Date; nil = time.Now.
	Now func() time.Time
}

// Problem is what a vendor's error body says. The zero value leaves everything to the status.
type Problem struct {
	Reason string          // the vendor's code or a short explanation; no personal data, so never a whole message with values
	Trace  string          // the vendor's correlation id
	Kind   connectors.Kind // 0 = by status
	After  time.Duration   // 0 = by Retry-After
	Limit  string          // the limit that refused, as declared in Spec.Limits; empty = the whole account
}

// Response is a complete answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // valid JSON or empty, unless Accept asked for something else or the answer is a refusal
	// Date is the vendor's clock, from the Date header, zero when absent. It has whole seconds; what is below them only
	// orders the answers of one second.
	Date time.Time
}

// Do makes one request and returns its answer. op names the operation in errors (`read contacts`). path is joined to
// Base; it may carry a query, and may be a complete address (a "next page" link) as long as it stays on Base's scheme
// and host. in is the body: nil for none, []byte or json.RawMessage as they are, anything else encoded as JSON.
//
// Every status but 2xx is a *connectors.Error, and so is an answer that is not whole, too large or not JSON. With an
// error the Response is nil, except for a refusal: then it holds the refused answer, for vendors that put something
// useful there (Asana's 412 carries the new sync token). When ctx ends first, errors.Is finds its error.
func (c Client) Do(ctx context.Context, op, method, path string, query url.Values, in any) (*Response, error) {
	req, err := c.request(ctx, method, path, query, in)
	if err != nil {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: op, Reason: "request cannot be built", Err: err}
	}
	req, dated := ordered(req)
	answer, err := c.HTTP.Do(req)
	if err != nil {
		return nil, networkError(ctx, op, err)
	}
	defer drain(answer.Body)
	r := &Response{Status: answer.StatusCode, Header: answer.Header, Date: dated(answer.Header)}
	if r.Status < 200 || r.Status > 299 {
		r.Body, _ = io.ReadAll(io.LimitReader(answer.Body, maxErrorBody))
		return r, c.refusal(op, r)
	}
	if r.Body, err = c.read(answer); err != nil {
		return nil, bodyError(ctx, op, r.Status, err)
	}
	if reason := c.defect(method, r); reason != "" {
		return nil, &connectors.Error{Kind: connectors.Temporary, Op: op, Status: r.Status, Reason: reason}
	}
	return r, nil
}

func (c Client) request(ctx context.Context, method, path string, query url.Values, in any) (*http.Request, error) {
	address, err := c.address(path, query)
	if err != nil {
		return nil, err
	}
	body, err := encode(in)
	if err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body) // gives the request a GetBody, so that it can be replayed
	}
	req, err := http.NewRequestWithContext(ctx, method, address, reader)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", withoutURL(err))
	}
	for name, values := range c.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	req.Header.Set("Accept", c.accept())
	if body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

func (c Client) accept() string {
	if c.Accept == "" {
		return "application/json"
	}
	return c.Accept
}

// address joins path and query to Base. A complete address must stay on Base's scheme and host: a link in an answer
// must not lead our requests, and with them the sign-in, elsewhere.
func (c Client) address(path string, query url.Values) (string, error) {
	joined := strings.TrimRight(c.Base, "/") + "/" + strings.TrimLeft(path, "/")
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		joined = path
	}
	base, err := url.Parse(c.Base)
	if err != nil {
		return "", fmt.Errorf("read base address: %w", withoutURL(err))
	}
	u, err := url.Parse(joined)
	if err != nil {
		return "", fmt.Errorf("read address: %w", withoutURL(err))
	}
	if u.Scheme != base.Scheme || u.Host != base.Host {
		return "", fmt.Errorf("address on %s leaves the base address on %s", u.Host, base.Host)
	}
	if len(query) > 0 {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += query.Encode()
	}
	return u.String(), nil
}
