package asanatest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// shared returns a file of the shared data. Without the data the test is skipped; in CI it fails, because there the data
// must be.
func shared(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("MILLRACE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	path := filepath.Join(root, name)
	if _, err := os.Stat(path); err != nil {
		why := fmt.Sprintf("NOT CHECKED AGAINST THE VENDOR: %s is not there. Set MILLRACE_SHARED to the directory of shared data.", path)
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	return path
}

// contract checks every exchange against Asana's OpenAPI file.
type contract struct {
	t        *testing.T
	router   routers.Router
	schemas  openapi3.Schemas
	checked  map[string]bool // "GET /tasks 200"
	problems []string
}

// loadContract reads the file and mends what makes a validator wrong about it:
//   - {allOf: [X, {nullable: true}]} means "X or null" to Asana and "X" to OpenAPI 3.0, so a null assignee would fail;
//   - "nullable: true" with an enum does not include null by itself;
//   - memberships of a task are marked readOnly, and their members objects, although the text beside says that they are
//     written at creation, which takes gids.
//
// And the nulls of nullsToo, where recordings or the file's own examples contradict its schemas.
//
// Examples are not validated: Asana's own are wrong in places.
func loadContract(t *testing.T, base string) *contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(shared(t, "specs/asana/asana_oas.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	mended := mendNullable(doc)
	if mended == 0 {
		t.Fatal("no nullable reference was mended: the file changed, look at this test again")
	}
	mendNames(t, doc)
	doc.Servers = openapi3.Servers{{URL: base + "/api/1.0"}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &contract{t: t, router: router, schemas: doc.Components.Schemas, checked: map[string]bool{}}
}

// owners are the schema and everything it is made of.
func owners(s *openapi3.SchemaRef) []*openapi3.SchemaRef {
	out := []*openapi3.SchemaRef{s}
	for _, p := range parts(s) {
		out = append(out, owners(p)...)
	}
	return out
}

// RoundTrip sends the request and validates both sides.
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(got))
	if err == nil {
		c.check(r, sent, resp, got)
	}
	return resp, err
}

func (c *contract) check(r *http.Request, sent []byte, resp *http.Response, got []byte) {
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		c.report(r, "no such route in the contract: %v", err)
		return
	}
	c.checked[fmt.Sprintf("%s %s %d", r.Method, route.Path, resp.StatusCode)] = true
	r.Body = io.NopCloser(bytes.NewReader(sent))
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
	ctx := context.Background()
	if resp.StatusCode < 400 { // a request that was refused may well be wrong
		if err := openapi3filter.ValidateRequest(ctx, in); err != nil {
			c.report(r, "request: %v\n%s", firstLine(err), sent)
		}
	}
	if slices.Contains(extraAnswers, fmt.Sprintf("%s %s %d", r.Method, route.Path, resp.StatusCode)) {
		return
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header,
		Body: io.NopCloser(bytes.NewReader(got)), Options: in.Options}
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		c.report(r, "response %d: %v\n%s", resp.StatusCode, firstLine(err), got)
	}
	c.checkNames(r, route, resp.StatusCode, got)
}

// checkNames reports properties that the contract does not know; JSON schema lets them pass.
func (c *contract) checkNames(r *http.Request, route *routers.Route, status int, got []byte) {
	answer := route.Operation.Responses.Status(status)
	if answer == nil || answer.Value.Content.Get("application/json") == nil {
		return
	}
	var v any
	if json.Unmarshal(got, &v) != nil {
		return
	}
	for _, name := range c.undeclared(answer.Value.Content.Get("application/json").Schema, v, "") {
		if !slices.Contains(extraNames, name) {
			c.report(r, "response %d: the contract has no %s", status, name)
		}
	}
}

// extraNames are properties we answer that the file does not list.
var extraNames = []string{
	"data.resource.resource_subtype", // of an event; recorded in a webhook of 2019
}

// extraAnswers are statuses that the file does not list for the route.
var extraAnswers = []string{
	"GET /workspaces/{workspace_gid}/tasks/search 402", // said in its text: premium only
}

func (c *contract) report(r *http.Request, format string, args ...any) {
	c.problems = append(c.problems, r.Method+" "+r.URL.RequestURI()+": "+fmt.Sprintf(format, args...))
}

func firstLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\nSchema:")
	return text
}

// undeclared lists the names in v that no part of the schema declares. An object without any declaration may hold anything.
func (c *contract) undeclared(s *openapi3.SchemaRef, v any, path string) []string {
	switch x := v.(type) {
	case []any:
		item := itemOf(s)
		if len(x) == 0 || item == nil {
			return nil
		}
		var out []string
		for _, e := range x {
			out = append(out, c.undeclared(item, e, path)...)
		}
		return out
	case map[string]any:
		known := openapi3.Schemas{}
		c.collect(s, known)
		if len(known) == 0 {
			return nil
		}
		var out []string
		for name, e := range x {
			at := strings.TrimPrefix(path+"."+name, ".")
			if known[name] == nil {
				out = append(out, at)
				continue
			}
			out = append(out, c.undeclared(known[name], e, at)...)
		}
		return out
	}
	return nil
}

func parts(s *openapi3.SchemaRef) []*openapi3.SchemaRef {
	return slices.Concat(s.Value.AllOf, s.Value.AnyOf, s.Value.OneOf)
}

// collect gathers the properties of a schema. A compact object may show, on demand, what its full form has.
func (c *contract) collect(s *openapi3.SchemaRef, into openapi3.Schemas) {
	for _, p := range owners(s) {
		maps.Copy(into, p.Value.Properties)
		kind, compact := strings.CutSuffix(p.Ref, "Compact")
		full := c.schemas[kind[strings.LastIndex(kind, "/")+1:]+"Response"]
		if !compact || full == nil {
			continue
		}
		for _, x := range owners(full) {
			maps.Copy(into, x.Value.Properties)
		}
	}
}

func itemOf(s *openapi3.SchemaRef) *openapi3.SchemaRef {
	if s.Value.Items != nil {
		return s.Value.Items
	}
	for _, p := range parts(s) {
		if i := itemOf(p); i != nil {
			return i
		}
	}
	return nil
}

// TestContract drives every route and holds both sides of every exchange against Asana's own description.
func TestContract(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	c := loadContract(t, w.url)
	w.client = &http.Client{Transport: c}
	driveEverything(w)
	for _, p := range c.problems {
		t.Errorf("%.1500s", p)
	}
	if len(c.checked) < 75 {
		t.Errorf("got %d kinds of exchange checked, want 75 or more: %v", len(c.checked), c.checked)
	}
}

// TestContractHasTeeth plants a wrong type into a created task's answer, the very schema that other validators skip.
func TestContractHasTeeth(t *testing.T) {
	c := loadContract(t, "http://asana.example")
	cases := []struct{ name, sent, got string }{
		{"a text as a flag", `{"data":{}}`, `{"data":{"completed":"yes"}}`},
		{"a number as a gid", `{"data":{}}`, `{"data":{"gid":7}}`},
		{"a text as a user", `{"data":{}}`, `{"data":{"assignee":"x"}}`},
		{"an unknown name", `{"data":{}}`, `{"data":{"nmae":"x"}}`},
		{"a number as a name in the request", `{"data":{"name":7}}`, `{"data":{}}`},
	}
	for _, x := range cases {
		r, err := http.NewRequest("POST", "http://asana.example/api/1.0/tasks", strings.NewReader(x.sent))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		c.problems = nil
		c.check(r, []byte(x.sent), &http.Response{StatusCode: 201, Header: http.Header{"Content-Type": {"application/json"}}}, []byte(x.got))
		if len(c.problems) != 1 {
			t.Errorf("%s: got problems %q, want one", x.name, c.problems)
		}
	}
}
