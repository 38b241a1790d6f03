package zendesk

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// FuzzCursor: whatever a ledger holds, a cursor is read as exactly what was written or refused.
func FuzzCursor(f *testing.F) {
	connectortest.FuzzCursor(f, func(text connectors.Cursor) (connectors.Cursor, error) {
		c, err := parseCursor(text)
		return c.String(), err
	}, `{"v":1,"phase":"comment","start":1,"tickets":["1"],"page":"x"}`)
}

// FuzzParse: no delivery breaks the parser, and every hint is complete.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/webhooks/*.json")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"type":"zen:event-type:user.merged","subject":"zen:user:1","event":{"user":{"id":1e400}}}`))
	a := &account{connection: "c", hooks: hooks{connection: "c", streams: streamNames()}}
	f.Fuzz(func(t *testing.T, body []byte) {
		hints, err := a.Parse(connectors.Delivery{Body: body})
		if err != nil && len(hints) > 0 {
			t.Errorf("got %d hints together with %v", len(hints), err)
		}
		for _, h := range hints {
			if _, ok := findStream(h.Ref.Object); !ok || !isID(h.Ref.ID) || h.Ref.Connection != "c" {
				t.Errorf("got the reference %+v", h.Ref)
			}
			if (h.Deleted.Kind == connectors.Merged) != !h.Deleted.Into.IsZero() || h.Deleted.Into == h.Ref {
				t.Errorf("got the deletion %+v of %s", h.Deleted, h.Ref)
			}
		}
	})
}

// FuzzTold: no header makes a limit that is none: a rate and a rest that are negative, or a wait without an end.
func FuzzTold(f *testing.F) {
	f.Add("700", "698", "24", "total=10; remaining=8; resets=36")
	f.Add("-1", "", "99999999999", "total=;remaining=-3; resets")
	f.Fuzz(func(t *testing.T, total, left, reset, endpoint string) {
		h := http.Header{}
		for _, prefix := range []string{"X-Rate-Limit", "Rate-Limit", "Ratelimit-Limit"} {
			h.Set(prefix, total)
		}
		h.Set("Ratelimit-Remaining", left)
		h.Set("Ratelimit-Reset", reset)
		h.Set("Zendesk-Ratelimit-Incremental-Exports-Cursor", endpoint)
		for _, said := range told(&http.Response{Header: h, Request: &http.Request{URL: &url.URL{Path: "/api/v2/incremental/users/cursor"}}}) {
			if said.Rate <= 0 || said.Remaining < -1 || said.Reset < 0 || said.Reset > time.Hour || said.Limit == "" {
				t.Errorf("got %+v", said)
			}
		}
	})
}

// FuzzReason: an error body never gets a text into an error that looks like more than a code.
func FuzzReason(f *testing.F) {
	f.Add([]byte(`{"error":{"title":"Forbidden","message":"zoe@initech.example"}}`))
	f.Add([]byte(`{"error":"RecordInvalid","description":"Email zoe@initech.example is taken","details":{"email":[{"error":"DuplicateValue"}]}}`))
	f.Add([]byte("You have exceeded the rate limit. user email: zoe@initech.example"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if said := reason(body); strings.ContainsAny(said, "@<>\"\n") || len(said) > 600 {
			t.Errorf("got %q", said)
		}
	})
}
