package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// TestStream: a long answer is read as it comes, may be left early, and one that breaks off is no end.
func TestStream(t *testing.T) {
	broken := false
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "refused"):
			w.WriteHeader(http.StatusForbidden)
		case broken:
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half")
		default:
			w.Header().Set("X-Rows", "2")
			fmt.Fprint(w, strings.Repeat("a long answer\n", 1<<16))
		}
	})
	first := func(r *rest.Response, body io.Reader) error {
		head := make([]byte, 13)
		if _, err := io.ReadFull(body, head); err != nil {
			return err
		}
		if string(head) != "a long answer" || r.Header.Get("X-Rows") != "2" || r.Date.IsZero() {
			t.Errorf("got %q with %v at %v", head, r.Header, r.Date)
		}
		return nil
	}
	if err := c.Stream(t.Context(), "op", "/rows", nil, first); err != nil {
		t.Error(err)
	}
	if err := c.Stream(t.Context(), "op", "/refused", nil, first); connectors.KindOf(err) != connectors.Denied {
		t.Errorf("got %v, want it denied", err)
	}
	mine := errors.New("mine")
	if err := c.Stream(t.Context(), "op", "/rows", nil, func(*rest.Response, io.Reader) error { return mine }); err != mine {
		t.Errorf("got %v, want the reader's own error", err)
	}
	broken = true
	all := func(_ *rest.Response, body io.Reader) error { _, _ = io.Copy(io.Discard, body); return nil }
	if e := asError(t, c.Stream(t.Context(), "op", "/rows", nil, all)); e.Kind != connectors.Temporary {
		t.Errorf("got %v for half an answer, want it temporary", e)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Stream(ended, "op", "/rows", nil, all); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
