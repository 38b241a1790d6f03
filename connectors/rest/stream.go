package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/millrace/millrace/connectors"
)

// Stream is Do for a GET whose answer is too long to be held whole (a Bulk job's result): read gets the body as it
// arrives and may stop early. Nothing of the body is checked here, so read must know when it is whole. An error of the
// network while reading is Temporary, whatever read makes of it; any other error of read is returned as it is.
func (c Client) Stream(ctx context.Context, op, path string, query url.Values, read func(r *Response, body io.Reader) error) error {
	req, err := c.request(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return &connectors.Error{Kind: connectors.Rejected, Op: op, Reason: "request cannot be built", Err: err}
	}
	req, dated := ordered(req)
	answer, err := c.HTTP.Do(req)
	if err != nil {
		return networkError(ctx, op, err)
	}
	defer func() { _ = answer.Body.Close() }() // what is left may be long: better to drop the connection
	r := &Response{Status: answer.StatusCode, Header: answer.Header, Date: dated(answer.Header)}
	if r.Status < 200 || r.Status > 299 {
		r.Body, _ = io.ReadAll(io.LimitReader(answer.Body, maxErrorBody))
		return c.refusal(op, r)
	}
	body := &watched{r: answer.Body}
	err = read(r, body)
	if body.err != nil {
		return bodyError(ctx, op, r.Status, body.err)
	}
	return err
}

// watched remembers why reading ended.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}
