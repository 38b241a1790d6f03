package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/millrace/millrace/connectors"
	"github.com/tidwall/gjson"
)

const (
	defaultMaxBody = 64 << 20
	maxErrorBody   = 1 << 20
	maxDrain       = 256 << 10
)

// tooLarge is an answer above the bound; it is Rejected, since asking again brings the same one.
type tooLarge struct{ max, length int64 }

func (e tooLarge) Error() string {
	size := fmt.Sprintf("more than %d bytes", e.max)
	if e.length > 0 {
		size = fmt.Sprintf("%d bytes, the most is %d", e.length, e.max)
	}
	return "answer is too large: " + size + "; ask for smaller pages"
}

// read returns the whole body, or an error when it breaks off or exceeds the bound.
func (c Client) read(answer *http.Response) ([]byte, error) {
	limit := c.MaxBody
	if limit <= 0 {
		limit = defaultMaxBody
	}
	if answer.ContentLength > limit {
		return nil, tooLarge{limit, answer.ContentLength}
	}
	body, err := readAll(io.LimitReader(answer.Body, limit+1))
	if int64(len(body)) > limit {
		return nil, tooLarge{limit, answer.ContentLength}
	}
	if err != nil {
		return nil, err
	}
	// A RoundTripper other than net/http's may deliver less than it announced without an error.
	if n := answer.ContentLength; n > 0 && int64(len(body)) < n && answer.Request.Method != http.MethodHead {
		return nil, io.ErrUnexpectedEOF
	}
	return body, nil
}

// buffers are what bodies grow in before they are copied to their size: a page of a list is read many times, and its
// length is seldom announced.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// mostKept bounds the buffers that are kept for the next body.
const mostKept = 1 << 20

func readAll(r io.Reader) ([]byte, error) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	_, err := b.ReadFrom(r)
	body := bytes.Clone(b.Bytes())
	if b.Cap() <= mostKept {
		buffers.Put(b)
	}
	return body, err
}

func bodyError(ctx context.Context, op string, status int, err error) error {
	var large tooLarge
	if errors.As(err, &large) {
		return &connectors.Error{Kind: connectors.Rejected, Op: op, Status: status, Reason: large.Error()}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", op, ctx.Err())
	}
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Status: status, Reason: "body breaks off", Err: Cause(err)}
}

// defect says what is wrong with an accepted answer, "" when nothing is. A page of a proxy or a login form must not
// pass for an empty list (invariant 6).
func (c Client) defect(method string, r *Response) string {
	if c.Accept != "" && !strings.Contains(c.Accept, "json") {
		return ""
	}
	if len(r.Body) == 0 {
		return emptyDefect(method, r.Status)
	}
	if gjson.ValidBytes(r.Body) {
		return ""
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "" && !strings.Contains(kind, "json") {
		return fmt.Sprintf("answer is %s where JSON is expected; check base_url and whether a proxy or a login page answers", safeType(kind))
	}
	return fmt.Sprintf("body of %d bytes is not JSON or breaks off", len(r.Body))
}

// emptyDefect allows an empty answer only where nothing is expected of it: a read that answers nothing is broken.
func emptyDefect(method string, status int) string {
	switch status {
	case http.StatusAccepted, http.StatusNoContent, http.StatusResetContent:
		return ""
	}
	if method == http.MethodGet || method == http.MethodPost || method == "" {
		return "answer is empty where JSON is expected"
	}
	return ""
}

// safeType returns a media type fit for an error text, whatever the header holds.
func safeType(kind string) string {
	kind = strings.ToLower(strings.TrimSpace(kind))
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("/+-.", r)
	}
	if kind == "" || len(kind) > 64 || strings.ContainsFunc(kind, odd) {
		return "of an unknown type"
	}
	return kind
}

// drain reads a little of what is left, so that the connection can be used again, and closes. Of a long rest it is
// cheaper to drop the connection.
func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, io.LimitReader(body, maxDrain))
	_ = body.Close()
}
