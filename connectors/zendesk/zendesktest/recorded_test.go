package zendesktest_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// exchange is one recorded request and its answer.
type exchange struct {
	Source, Method, Path string
	Query                map[string]string
	Status               int
	Request              json.RawMessage   `json:"request_body"`
	Headers              map[string]string `json:"response_headers"`
	Response             json.RawMessage   `json:"response_body"`
}

// body returns the answer; node-zendesk recorded some as hexadecimal of gzip.
func (e exchange) body(t *testing.T) []byte {
	t.Helper()
	var parts []string
	if json.Unmarshal(e.Response, &parts) != nil {
		return e.Response
	}
	packed, err := hex.DecodeString(strings.Join(parts, ""))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func recordings(t *testing.T) []exchange {
	f, err := os.Open(connectortest.Shared(t, "recorded", "zendesk", "exchanges.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []exchange
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e exchange
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	if len(out) < 140 {
		t.Fatalf("got %d recorded exchanges, want 140", len(out))
	}
	return out
}

// notReplayed are recordings that say nothing about the vendor, with the reason.
var notReplayed = map[string]string{
	"/api/v2/users/me.json": "the SDK's authors cut the user down to its name",
	"/api/v2/webhooks":      "the SDK's authors made up an answer with an id alone",
}

var number = regexp.MustCompile(`\d{6,}`)

// TestRecordedExchanges replays every recorded request in a world like the one it met and compares status, shape of the
// answer and the headers that matter.
func TestRecordedExchanges(t *testing.T) {
	compared := map[string]int{}
	for _, e := range recordings(t) {
		if notReplayed[e.Path] != "" {
			continue
		}
		name := e.Method + " " + number.ReplaceAllString(e.Path, "N") + fmt.Sprint(" ", e.Status)
		got := replay(t, e)
		if got.code != e.Status {
			t.Errorf("%s: got status %d %s", name, got.code, got.body)
			continue
		}
		compared[regexp.MustCompile(`V3-[0-9a-zN]+`).ReplaceAllString(name, "V3")]++
		want := e.body(t)
		var text string
		if json.Unmarshal(want, &text) == nil {
			if string(got.body) != text {
				t.Errorf("%s: got %q, want %q", name, got.body, text)
			}
		} else if diff := shapeDiff(want, got.body, nil); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, h := range []string{"content-type", "retry-after", "location"} {
			if (e.Headers[h] != "") != (got.header.Get(h) != "") || (h == "content-type" && !strings.EqualFold(e.Headers[h], got.header.Get(h)) && e.Headers[h] != "") {
				t.Errorf("%s: header %s recorded %q, got %q", name, h, e.Headers[h], got.header.Get(h))
			}
		}
	}
	t.Logf("compared %d kinds: %v", len(compared), compared)
	if len(compared) < 25 {
		t.Errorf("compared %d kinds of exchange, want at least 25", len(compared))
	}
}

// replay makes the world that a recorded request met and sends it with our ids.
func replay(t *testing.T, e exchange) reply {
	t.Helper()
	opt := zendesktest.Options{}
	if e.Status == 429 {
		opt.Limits = &zendesktest.Limits{UserUpdates: 1}
	}
	a := open(t, opt)
	for _, f := range []string{"text_field text", "multiline_field textarea", "numeric_field integer", "decimal_field decimal", "checkbox_field checkbox", "date_field date", "dropdown_field dropdown", "regex_field regexp"} {
		key, kind, _ := strings.Cut(f, " ")
		field := map[string]any{"key": key, "type": kind, "title": key}
		switch kind {
		case "checkbox":
			field["tag"] = "checkedbox"
		case "dropdown":
			field["custom_field_options"] = []map[string]any{{"name": "One", "value": "one"}}
		}
		a.create("user_fields", field)
	}
	user := a.create("users", map[string]any{"name": "Met", "email": "met@acme.example", "external_id": "met"})
	org := a.create("organizations", map[string]any{"name": "xTestx Met", "external_id": "69420"})
	other := a.create("organizations", map[string]any{"name": "Other"})
	second := a.create("identities", map[string]any{"user_id": user, "value": "second@acme.example"})
	path := strings.TrimSuffix(e.Path, ".json")
	parts := strings.Split(path, "/")
	for i, p := range parts {
		switch {
		case strings.HasPrefix(p, "V3-"):
			parts[i] = a.recordedJob(t, e, org)
		case !number.MatchString(p) || e.Status == 404:
		case parts[i-1] == "users":
			parts[i] = user
		case parts[i-1] == "organizations":
			parts[i] = org
		case parts[i-1] == "identities":
			parts[i] = second
		}
	}
	q := url.Values{}
	for k, v := range e.Query {
		if strings.HasPrefix(k, "ids") {
			v = org + "," + other
		}
		q.Set(k, v)
	}
	body := any(nil)
	if len(e.Request) > 2 {
		body = string(number.ReplaceAll(e.Request, []byte(org)))
	}
	if strings.Contains(path, "/users/search") && shapeHasRows(e.body(t)) {
		q.Set("query", "met@acme.example")
	}
	if q.Get("page[after]") != "" {
		q.Set("page[after]", a.cursorAfter(t, shapeHasRows(e.body(t))))
	}
	send := func() reply { return a.do(e.Method, strings.Join(parts, "/")+".json?"+q.Encode(), body) }
	if e.Status == 429 {
		send()
	}
	if strings.HasSuffix(path, "create_or_update") && e.Status == 200 {
		send()
	}
	return send()
}

// recordedJob starts a job of the recorded kind and looks at it as often as the recording had before.
func (a *account) recordedJob(t *testing.T, e exchange, org string) string {
	t.Helper()
	var rec struct {
		Job struct {
			Status  string
			Message *string
			Results []struct{ Status string }
		} `json:"job_status"`
	}
	if err := json.Unmarshal(e.body(t), &rec); err != nil {
		t.Fatal(err)
	}
	r := a.do("POST", "/api/v2/organizations/create_many", `{"organizations":[{"name":"A"},{"name":"B"}]}`)
	if (rec.Job.Message != nil && strings.Contains(*rec.Job.Message, "Deleting")) || (len(rec.Job.Results) > 0 && rec.Job.Results[0].Status == "Deleted") {
		r = a.do("DELETE", "/api/v2/organizations/destroy_many?ids="+org, nil)
	} else if len(rec.Job.Results) > 0 && rec.Job.Results[0].Status == "Updated" {
		r = a.do("PUT", "/api/v2/organizations/update_many", `{"organizations":[{"id":`+org+`,"notes":"x"}]}`)
	}
	var job struct {
		Job struct{ ID string } `json:"job_status"`
	}
	r.want(t, 200, &job)
	looks := map[string]int{"queued": 0, "working": 0, "completed": 1}[rec.Job.Status]
	for range looks {
		a.do("GET", "/api/v2/job_statuses/"+job.Job.ID, nil)
	}
	return job.Job.ID
}

// cursorAfter returns a cursor after which there are rows, or none.
func (a *account) cursorAfter(t *testing.T, rows bool) string {
	t.Helper()
	var p page
	size := "100"
	if rows {
		size = "1"
	}
	a.do("GET", "/api/v2/organizations?page[size]="+size, nil).want(t, 200, &p)
	return *p.Meta.AfterCursor
}

func shapeHasRows(body []byte) bool {
	var m map[string]json.RawMessage
	_ = json.Unmarshal(body, &m)
	for _, v := range m {
		var list []any
		if json.Unmarshal(v, &list) == nil && len(list) > 0 {
			return true
		}
	}
	return false
}
