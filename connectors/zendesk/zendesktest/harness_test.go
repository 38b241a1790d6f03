package zendesktest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// account is a simulator and a way to call it without a network.
type account struct {
	*zendesktest.Server
	t     testing.TB
	clock *sandbox.Clock
	auth  string
}

// start is frozen so that times are what the test says.
var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func open(t testing.TB, opt zendesktest.Options) *account {
	clock := sandbox.NewClock(start)
	clock.Freeze()
	opt.Clock = clock
	return &account{zendesktest.New(opt), t, clock, "Bearer " + zendesktest.DefaultToken}
}

type reply struct {
	code   int
	header http.Header
	body   []byte
}

// do sends a request; body may be nil, a string of JSON, or anything that marshals. A link that the simulator gave is a
// path too.
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
	r := httptest.NewRequest(method, strings.TrimPrefix(path, "http://example.com"), bytes.NewReader(in))
	if a.auth != "" {
		r.Header.Set("Authorization", a.auth)
	}
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
		t.Fatalf("got status %d %.500s, want %d", r.code, r.body, code)
	}
	if v != nil {
		if err := json.Unmarshal(r.body, v); err != nil {
			t.Fatalf("answer is no JSON: %v\n%.500s", err, r.body)
		}
	}
	return r
}

// item is a user, an organization or a ticket, as far as tests look.
type item struct {
	ID                 uint64
	Name, Email        *string
	Subject, Status    string
	Active             bool
	PermanentlyDeleted bool    `json:"permanently_deleted"`
	ExternalID         *string `json:"external_id"`
	OrganizationID     *uint64 `json:"organization_id"`
	UpdatedAt          string  `json:"updated_at"`
	Generated          int64   `json:"generated_timestamp"`
	DeletedAt          *string `json:"deleted_at"`
	Tags               []string
}

// page is any list of the API.
type page struct {
	Users, Organizations, Tickets, Comments, Identities []item
	Ratings                                             []item `json:"satisfaction_ratings"`
	Meta                                                struct {
		HasMore     bool    `json:"has_more"`
		AfterCursor *string `json:"after_cursor"`
	}
	Links struct{ Prev, Next *string }

	NextPage    *string `json:"next_page"`
	Count       int
	EndTime     *int64  `json:"end_time"`
	EndOfStream bool    `json:"end_of_stream"`
	AfterURL    *string `json:"after_url"`
	AfterCursor string  `json:"after_cursor"`
}

func (p page) rows() []item {
	return slices.Concat(p.Users, p.Organizations, p.Tickets, p.Comments, p.Identities, p.Ratings)
}

func (p page) ids() []string {
	var out []string
	for _, r := range p.rows() {
		out = append(out, fmt.Sprint(r.ID))
	}
	return out
}

func (a *account) get(path string) page {
	a.t.Helper()
	var p page
	a.do("GET", path, nil).want(a.t, 200, &p)
	return p
}

// export returns everything that a cursor export answers from an instant on, and the last cursor.
func (a *account) export(object string, from time.Time) ([]item, string) {
	a.t.Helper()
	path, all := fmt.Sprintf("/api/v2/incremental/%s/cursor.json?start_time=%d", object, from.Unix()), []item{}
	for {
		p := a.get(path)
		all = append(all, p.rows()...)
		if p.EndOfStream {
			return all, p.AfterCursor
		}
		path = *p.AfterURL
	}
}

// make creates n users and returns their ids.
func (a *account) make(n int) []string {
	a.t.Helper()
	var ids []string
	for i := range n {
		ids = append(ids, a.create("users", map[string]any{"name": fmt.Sprintf("P%d", i), "email": fmt.Sprintf("p%d@acme.example", i)}))
	}
	return ids
}

func (a *account) create(object string, fields map[string]any) string {
	a.t.Helper()
	id, err := a.Create(object, fields)
	if err != nil {
		a.t.Fatal(err)
	}
	return id
}
