package asana_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/asana"
)

// contract checks what the connector sends, and what it is answered, against Asana's OpenAPI file.
type contract struct {
	router   routers.Router
	base     string
	mu       sync.Mutex
	seen     map[string]bool
	problems map[string]bool
}

func loadContract(t *testing.T) *contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(asana.Shared(t, "specs/asana/asana_oas.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	mend(t, doc)
	c := &contract{base: "http://asana.test/api/1.0", seen: map[string]bool{}, problems: map[string]bool{}}
	doc.Servers = openapi3.Servers{{URL: c.base}}
	if c.router, err = gorillamux.NewRouter(doc); err != nil {
		t.Fatal(err)
	}
	return c
}

// mend changes the file where it contradicts its own text. These are the deliberate exceptions:
//   - memberships of a task are marked readOnly beside a text that says they are written at creation, and described by the
//     objects a read shows where a write takes gids;
//   - custom_fields values are declared as strings beside a text that says "an enum GID, string, number, object, or array";
//   - opt_fields list what a resource can show without `gid`, which every answer has and which alone is the smallest answer.
//
// And in answers, nulls are left out before they are checked: the file writes "X or null" in ways OpenAPI 3.0 does not know.
func mend(t *testing.T, doc *openapi3.T) {
	t.Helper()
	task := doc.Components.Schemas["TaskBase"].Value.AllOf[1].Value.Properties
	if task["memberships"] == nil || !task["memberships"].Value.ReadOnly {
		t.Fatal("memberships are no longer readOnly: the file changed, look at this test again")
	}
	task["memberships"] = openapi3.NewSchemaRef("", openapi3.NewArraySchema())
	for _, schema := range doc.Components.Schemas["TaskRequestBase"].Value.AllOf {
		if values := schema.Value.Properties["custom_fields"]; values != nil {
			values.Value.AdditionalProperties = openapi3.AdditionalProperties{}
		}
	}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, p := range operation.Parameters {
				if p.Value.Name == "opt_fields" {
					p.Value.Schema.Value.Items.Value.Enum = append(p.Value.Schema.Value.Items.Value.Enum, "gid")
				}
			}
		}
	}
}

// watch checks every exchange that passes.
func (c *contract) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(sent))
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/1.0"); ok && answer.Code < 400 {
			c.check(r.Method, path, r.URL.RawQuery, sent, answer.Code, answer.Body.Bytes())
			c.checkActions(path, sent, answer.Body.Bytes())
		}
		for key, values := range answer.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// checkActions checks the actions of a batch as the requests they stand for.
func (c *contract) checkActions(path string, sent, got []byte) {
	if path != "/batch" {
		return
	}
	var in struct {
		Data struct {
			Actions []struct {
				Method string
				Path   string `json:"relative_path"`
				Data   json.RawMessage
			}
		}
	}
	var out struct {
		Data []struct {
			Status int `json:"status_code"`
			Body   json.RawMessage
		}
	}
	if json.Unmarshal(sent, &in) != nil || json.Unmarshal(got, &out) != nil || len(in.Data.Actions) != len(out.Data) {
		c.report("POST /batch: the body cannot be read")
		return
	}
	for i, a := range in.Data.Actions {
		if strings.Contains(a.Path, "?") {
			c.report("POST /batch: a query in a relative path: " + a.Path)
		}
		if out.Data[i].Status < 400 {
			c.check(strings.ToUpper(a.Method), a.Path, "", []byte(`{"data":`+string(a.Data)+`}`), out.Data[i].Status, out.Data[i].Body)
		}
	}
}

func (c *contract) check(method, path, query string, sent []byte, status int, got []byte) {
	r, err := http.NewRequest(method, c.base+path+"?"+query, bytes.NewReader(sent))
	if err != nil {
		c.report(err.Error())
		return
	}
	if len(sent) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		c.report(fmt.Sprintf("%s %s: %v", method, path, err))
		return
	}
	name := method + " " + route.Path
	c.mu.Lock()
	c.seen[name] = true
	c.mu.Unlock()
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
		c.report(fmt.Sprintf("%s: request: %.300s", name, err))
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Options: options,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(withoutNulls(got)))}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		c.report(fmt.Sprintf("%s: answer %d: %.300s", name, status, err))
	}
}

func (c *contract) report(problem string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems[problem] = true
}

func withoutNulls(body []byte) []byte {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return body
	}
	out, _ := json.Marshal(prune(v))
	return out
}

func prune(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for key, inner := range x {
			if x[key] = prune(inner); inner == nil {
				delete(x, key)
			}
		}
	case []any:
		for i := range x {
			x[i] = prune(x[i])
		}
	}
	return v
}

// TestContract drives everything the connector can send past Asana's OpenAPI file.
func TestContract(t *testing.T) {
	c := loadContract(t)
	for _, oauth := range []bool{true, false} {
		for _, team := range []bool{true, false} {
			w := newWorld(t, oauth, c.watch)
			if team {
				var teams []object
				w.get("/workspaces/"+w.sim.Workspace()+"/teams?limit=10", &teams)
				w.extra["team"] = teams[0].GID
			}
			drive(t, w)
		}
	}
	var problems []string
	for p := range c.problems {
		problems = append(problems, p)
	}
	sort.Strings(problems)
	for _, p := range problems {
		t.Error(p)
	}
	want := []string{"POST /batch", "POST /tasks", "PUT /tasks/{task_gid}", "GET /tasks/{task_gid}", "GET /tasks",
		"DELETE /tasks/{task_gid}", "POST /sections/{section_gid}/addTask", "POST /tasks/{task_gid}/addProject",
		"POST /tasks/{task_gid}/removeProject", "POST /tasks/{task_gid}/stories", "GET /tasks/{task_gid}/stories",
		"POST /projects", "POST /teams/{team_gid}/projects", "GET /workspaces/{workspace_gid}/projects",
		"GET /teams/{team_gid}/projects", "POST /projects/{project_gid}/sections", "GET /projects/{project_gid}/sections",
		"GET /projects/{project_gid}/custom_field_settings", "GET /workspaces/{workspace_gid}/custom_fields",
		"POST /custom_fields", "POST /projects/{project_gid}/addCustomFieldSetting",
		"POST /custom_fields/{custom_field_gid}/enum_options", "PUT /enum_options/{enum_option_gid}", "GET /users/{user_gid}",
		"GET /workspaces/{workspace_gid}"}
	for _, name := range want {
		if !c.seen[name] {
			t.Errorf("%s was never checked", name)
		}
	}
	for name := range c.seen {
		if !slices.Contains(want, name) && !strings.HasPrefix(name, "GET ") && !strings.HasPrefix(name, "DELETE ") {
			t.Logf("also checked: %s", name)
		}
	}
}

// drive makes every kind of request once.
func drive(t *testing.T, w *world) {
	t.Helper()
	ctx, target := context.Background(), open(t, w)
	for _, r := range target.UpsertBatch(ctx, []connectors.Want{{Item: deal(1)}, {Item: deal(2)}, {Item: deal(3)}}) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	last := deal(1)
	link := upsert(t, target, connectors.Want{Item: last, InDoubt: true})
	now := deal(1)
	now.Title, now.Assignee, now.Due, now.Notes, now.Section, now.Completed = "Other", "", "", "New text", "Won", true
	now.Fields = []connectors.Field{{Name: "Amount", Kind: connectors.NumberField, Value: "5"}, {Name: "Closes", Kind: connectors.DateField},
		{Name: "Customer", Kind: connectors.TextField}, {Name: "Stage", Kind: connectors.EnumField, Value: "Won"}}
	other := deal(4)
	for _, r := range target.UpsertBatch(ctx, []connectors.Want{{Item: now, Link: link, Last: &last}, {Item: other}}) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	upsert(t, target, connectors.Want{Item: last, Link: link})
	for _, o := range w.field(t, "Stage").Options {
		w.call("PUT", "/enum_options/"+o.GID, `{"data":{"enabled":false}}`, &struct{}{})
	}
	moved := last
	moved.Project, moved.Section, moved.Sections = "Onboarding", "Kick-off", nil
	upsert(t, open(t, w), connectors.Want{Item: moved, Link: link, Last: &last})
	for i, how := range []connectors.Closing{{Comment: "No longer wanted."}, {Delete: true}} {
		doomed := upsert(t, target, connectors.Want{Item: deal(10 + i)})
		if err := target.Close(ctx, doomed, how); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := target.List(ctx, "Deals", w.clock.Now().AddDate(0, 0, -1), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Check(ctx); err != nil {
		t.Fatal(err)
	}
}
