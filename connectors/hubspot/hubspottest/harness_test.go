package hubspottest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// account is a simulator and a way to call it without a network.
type account struct {
	*hubspottest.Server
	t     testing.TB
	clock *sandbox.Clock
	token string
}

// start is frozen so that times are what the test says.
var start = time.Date(2026, 11, 22, 9, 0, 0, 123e6, time.UTC)

func open(t testing.TB, opt hubspottest.Options) *account {
	clock := sandbox.NewClock(start)
	clock.Freeze()
	opt.Clock = clock
	return &account{hubspottest.New(opt), t, clock, hubspottest.DefaultToken}
}

type reply struct {
	code   int
	header http.Header
	body   []byte
}

// do sends a request; body may be nil, a string of JSON, or anything that marshals.
func (a *account) do(method, path string, body any) reply {
	a.t.Helper()
	var in []byte
	switch b := body.(type) {
	case nil:
	case string:
		in = []byte(b)
	default:
		var err error
		if in, err = json.Marshal(b); err != nil {
			a.t.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(in))
	r.Header.Set("Authorization", "Bearer "+a.token)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	out, err := io.ReadAll(w.Result().Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return reply{w.Code, w.Header(), out}
}

// want fails the test when the status is another, and decodes the body into v unless it is nil.
func (r reply) want(t testing.TB, code int, v any) reply {
	t.Helper()
	if r.code != code {
		t.Fatalf("got status %d %s, want %d", r.code, r.body, code)
	}
	if v != nil {
		if err := json.Unmarshal(r.body, v); err != nil {
			t.Fatalf("answer is no JSON: %v\n%s", err, r.body)
		}
	}
	return r
}

type record struct {
	ID         string
	Properties map[string]*string
	CreatedAt  string
	UpdatedAt  string
	Archived   bool
	ArchivedAt string
	New        bool
}

func (r record) get(name string) string {
	if v := r.Properties[name]; v != nil {
		return *v
	}
	return ""
}

type page struct {
	Total   int
	Results []record
	Paging  struct{ Next struct{ After, Link string } }
	Errors  []struct {
		Category, SubCategory, Message string
		Context                        map[string][]string
	}
	NumErrors int
}

func (p page) ids() []string {
	var out []string
	for _, r := range p.Results {
		out = append(out, r.ID)
	}
	return out
}

type wrong struct {
	Status, Message, Category, CorrelationID, PolicyName string
	Context                                              map[string][]string
	Errors                                               []struct{ Message, Code string }
}

// make creates n contacts and returns their ids.
func (a *account) make(n int) []string {
	a.t.Helper()
	var ids []string
	for i := range n {
		id, err := a.Create("contacts", map[string]string{"email": fmt.Sprintf("p%d@acme.example", i), "firstname": fmt.Sprintf("P%d", i)})
		if err != nil {
			a.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}
