package asanatest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// world is a simulator with one project of two sections and a client that speaks to it.
type world struct {
	t        *testing.T
	srv      *asanatest.Server
	url      string
	clock    *sandbox.Clock
	token    string
	project  string
	sections []string
	human    asanatest.Human
	client   *http.Client
}

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, opt asanatest.Options) *world {
	t.Helper()
	w := &world{t: t, clock: sandbox.NewClock(start), token: asanatest.DefaultToken, client: http.DefaultClient}
	w.clock.Freeze()
	opt.Now = w.clock.Now
	opt.Apps = append(opt.Apps, asanatest.App{ClientID: "hub", ClientSecret: "hub-secret"}, asanatest.App{ClientID: "rival", ClientSecret: "x"})
	w.srv = asanatest.New(opt)
	s := httptest.NewServer(w.srv.Handler())
	t.Cleanup(s.Close)
	w.url = s.URL
	human, err := w.srv.Human("ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	w.human = human
	w.project, w.sections = human.AddProject("Customers", "New", "Active")
	return w
}

// answer is a decoded response.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

// do sends a request; the body is JSON text, "" for none.
func (w *world) do(method, path, body string) answer {
	w.t.Helper()
	r, err := http.NewRequest(method, w.url+"/api/1.0"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&a.body); err != nil {
		w.t.Fatalf("%s %s answered %d with no JSON: %q", method, path, a.status, raw)
	}
	return a
}

func (w *world) get(path string) answer        { w.t.Helper(); return w.do("GET", path, "") }
func (w *world) post(path, body string) answer { w.t.Helper(); return w.do("POST", path, body) }

// ok sends a request that must answer the status and returns data.
func (w *world) ok(status int, method, path, body string) map[string]any {
	w.t.Helper()
	a := w.do(method, path, body)
	if a.status != status {
		w.t.Fatalf("%s %s %s: got %d %v, want %d", method, path, body, a.status, a.body, status)
	}
	data, _ := a.body["data"].(map[string]any)
	return data
}

// refused sends a request that must be refused and returns the first message.
func (w *world) refused(status int, method, path, body string) string {
	w.t.Helper()
	a := w.do(method, path, body)
	if a.status != status {
		w.t.Fatalf("%s %s %s: got %d %v, want %d", method, path, body, a.status, a.body, status)
	}
	return a.message()
}

func (a answer) message() string {
	list, _ := a.body["errors"].([]any)
	if len(list) == 0 {
		return ""
	}
	first, _ := list[0].(map[string]any)
	text, _ := first["message"].(string)
	return text
}

// list returns the values of one key of each object of data.
func (a answer) list(key string) []string {
	data, _ := a.body["data"].([]any)
	out := []string{}
	for _, x := range data {
		object, _ := x.(map[string]any)
		text, _ := object[key].(string)
		out = append(out, text)
	}
	return out
}

func (a answer) offset() string {
	next, _ := a.body["next_page"].(map[string]any)
	text, _ := next["offset"].(string)
	return text
}

// add creates a task in the project's first section and returns its gid.
func (w *world) add(name string) string {
	w.t.Helper()
	return w.ok(201, "POST", "/tasks", `{"data":{"name":"`+name+`","projects":["`+w.project+`"]}}`)["gid"].(string)
}

// asApp makes the client an OAuth app.
func (w *world) asApp(id string) {
	w.t.Helper()
	w.token, _ = w.srv.AppToken(id, "")
	if w.token == "" {
		w.t.Fatalf("no token for app %s", id)
	}
}

// field creates a custom field on the project and returns it.
func (w *world) field(name, kind, more string) map[string]any {
	w.t.Helper()
	f := w.ok(201, "POST", "/custom_fields", `{"data":{"workspace":"`+w.srv.Workspace()+`","name":"`+name+`","resource_subtype":"`+kind+`"`+more+`}}`)
	w.ok(200, "POST", "/projects/"+w.project+"/addCustomFieldSetting", `{"data":{"custom_field":"`+f["gid"].(string)+`"}}`)
	return f
}
