package salesforcetest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// org is a simulator and a way to call it without a network.
type org struct {
	*salesforcetest.Server
	t     testing.TB
	clock *sandbox.Clock
	token string
}

// start is frozen so that times are what the test says.
var start = time.Date(2026, 11, 22, 9, 0, 0, 123e6, time.UTC)

func open(t testing.TB, opt salesforcetest.Options) *org {
	clock := sandbox.NewClock(start)
	clock.Freeze()
	opt.Clock = clock
	return &org{salesforcetest.New(opt), t, clock, salesforcetest.DefaultToken}
}

type reply struct {
	code   int
	header http.Header
	body   []byte
}

// data is the path of the current version.
const data = "/services/data/v67.0/"

// do sends a request; a path that does not begin with a slash is below data. The body may be nil, a string, url.Values,
// or anything that marshals; headers are pairs.
func (o *org) do(method, path string, body any, headers ...string) reply {
	o.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = data + path
	}
	var in []byte
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		in = []byte(b)
	case url.Values:
		in, kind = []byte(b.Encode()), "application/x-www-form-urlencoded"
	default:
		var err error
		if in, err = json.Marshal(b); err != nil {
			o.t.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(in))
	r.Header.Set("Authorization", "Bearer "+o.token)
	if in != nil {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	o.Handler().ServeHTTP(w, r)
	out, err := io.ReadAll(w.Result().Body)
	if err != nil {
		o.t.Fatal(err)
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

// refused wants an error of the data APIs.
func (r reply) refused(t testing.TB, status int, code, part string) {
	t.Helper()
	var out []struct {
		Message, ErrorCode, ExtendedErrorCode string
		Fields                                []string
	}
	r.want(t, status, &out)
	if len(out) != 1 || out[0].ErrorCode != code || !strings.Contains(out[0].Message+out[0].ExtendedErrorCode, part) {
		t.Errorf("got %s, want %s with %q", r.body, code, part)
	}
}

type record map[string]any

type page struct {
	TotalSize      int
	Done           bool
	NextRecordsURL string `json:"nextRecordsUrl"`
	Records        []record
}

func (p page) column(name string) []string {
	out := []string{}
	for _, r := range p.Records {
		out = append(out, fmt.Sprint(r[name]))
	}
	return out
}

// query runs a query and returns all of its pages as one.
func (o *org) query(soql string, headers ...string) page {
	o.t.Helper()
	return o.pages("query?q="+url.QueryEscape(soql), headers...)
}

func (o *org) queryAll(soql string) page {
	o.t.Helper()
	return o.pages("queryAll?q=" + url.QueryEscape(soql))
}

func (o *org) pages(path string, headers ...string) page {
	o.t.Helper()
	var all page
	for {
		var p page
		o.do("GET", path, nil, headers...).want(o.t, 200, &p)
		all.TotalSize = p.TotalSize
		all.Records = append(all.Records, p.Records...)
		if p.Done {
			return all
		}
		path = p.NextRecordsURL
	}
}

// create makes a row or fails the test.
func (o *org) create(object string, fields map[string]any) string {
	o.t.Helper()
	id, err := o.Create(object, fields)
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

// contacts creates n contacts and returns their ids.
func (o *org) contacts(n int) []string {
	o.t.Helper()
	var ids []string
	for i := range n {
		ids = append(ids, o.create("Contact", map[string]any{"LastName": fmt.Sprintf("P%05d", i), "Email": fmt.Sprintf("p%d@acme.example", i)}))
	}
	return ids
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
