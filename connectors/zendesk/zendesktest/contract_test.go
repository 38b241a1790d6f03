package zendesktest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// contract returns the router of the vendor's published document.
func contract(t *testing.T) routers.Router {
	doc, err := openapi3.NewLoader().LoadFromFile(connectortest.Shared(t, "specs", "zendesk", "support-api.json"))
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	doc.Servers = nil // the host is a template with a domain that no test has
	excuse(t, doc)
	router, err := gorillamux.NewRouter(doc) // does not validate the document, which has examples of other types
	if err != nil {
		t.Fatalf("route: %v", err)
	}
	return router
}

// checked is an account whose every exchange is held against the contract.
type checked struct {
	*account
	router routers.Router
	seen   map[string]bool // operations exercised
}

// call sends a request and validates it and its answer.
func (c *checked) call(method, path, body string, code int) reply {
	c.t.Helper()
	build := func() *http.Request {
		r := httptest.NewRequest(method, "http://example.com"+path, strings.NewReader(body))
		if body == "" {
			r.Body, r.ContentLength = http.NoBody, 0
		} else {
			r.Header.Set("Content-Type", "application/json")
		}
		r.Header.Set("Authorization", c.auth)
		return r
	}
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, build())
	out := reply{w.Code, w.Header(), w.Body.Bytes()}
	out.want(c.t, code, nil)
	r := build()
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		c.t.Errorf("%s %s: %v", method, path, err)
		return out
	}
	c.seen[method+" "+route.Path] = true
	if err := validate(r, route, params, out); err != nil {
		c.t.Errorf("%s %s: %v\n%.3000s", method, path, err, out.body)
	}
	return out
}

// validate holds one exchange against the document. Errors are not in it, so they are compared with recordings instead.
func validate(r *http.Request, route *routers.Route, params map[string]string, got reply) error {
	if got.code >= 400 {
		return nil
	}
	opt := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: opt}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	res := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: got.code, Header: got.header, Options: opt,
		Body: io.NopCloser(bytes.NewReader(got.body))}
	if err := openapi3filter.ValidateResponse(context.Background(), res); err != nil {
		return fmt.Errorf("answer %d: %w", got.code, err)
	}
	return nil
}

func TestContract(t *testing.T) {
	c := &checked{account: open(t, zendesktest.Options{}), router: contract(t), seen: map[string]bool{}}
	c.users()
	c.organizations()
	c.tickets()
	c.fields()
	c.exports()
	if len(c.seen) < 95 {
		t.Errorf("got %d operations exercised, want at least 95", len(c.seen))
	}
	t.Logf("exercised %d operations:\n%s", len(c.seen), strings.Join(slices.Sorted(maps.Keys(c.seen)), "\n"))
}

// id reads the id that an answer gave the object of a name.
func (c *checked) id(r reply, name string) string {
	c.t.Helper()
	var v map[string]json.RawMessage
	r.want(c.t, r.code, &v)
	var o struct{ ID json.RawMessage }
	if err := json.Unmarshal(v[name], &o); err != nil || len(o.ID) == 0 {
		c.t.Fatalf("no id in %s of %s", name, r.body)
	}
	return strings.Trim(string(o.ID), `"`)
}

func (c *checked) users() {
	ada := c.id(c.call("POST", "/api/v2/users", `{"user":{"name":"Ada","email":"ada@acme.example","role":"end-user","tags":["a"],"user_fields":{}}}`, 201), "user")
	bob := c.id(c.call("POST", "/api/v2/users", `{"user":{"name":"Bob","email":"bob@acme.example"}}`, 201), "user")
	c.call("POST", "/api/v2/users", `{"user":{"name":"Bob","email":"bob@acme.example"}}`, 422)
	c.call("GET", "/api/v2/users", "", 200)
	c.call("GET", "/api/v2/users?role[]=admin&role[]=agent", "", 200)
	c.call("GET", "/api/v2/users/count", "", 200)
	c.call("GET", "/api/v2/users/me", "", 200)
	c.call("GET", "/api/v2/users/"+ada, "", 200)
	c.call("GET", "/api/v2/users/1", "", 404)
	c.call("GET", "/api/v2/users/show_many?ids="+ada+","+bob, "", 200)
	c.call("PUT", "/api/v2/users/"+ada, `{"user":{"name":"Ada L.","phone":"+15550100"}}`, 200)
	c.call("POST", "/api/v2/users/create_or_update", `{"user":{"name":"Ada K.","email":"ada@acme.example"}}`, 200)
	c.call("POST", "/api/v2/users/create_or_update", `{"user":{"name":"Eve","external_id":"e-1"}}`, 201)
	c.call("GET", "/api/v2/users/search?query=ada@acme.example", "", 200)
	c.call("GET", "/api/v2/users/"+ada+"/identities", "", 200)
	second := c.id(c.call("POST", "/api/v2/users/"+ada+"/identities", `{"identity":{"type":"email","value":"ada@home.example"}}`, 201), "identity")
	c.call("PUT", "/api/v2/users/"+ada+"/identities/"+second+"/make_primary", "", 200)
	c.call("PUT", "/api/v2/users/"+bob+"/merge", `{"user":{"id":`+ada+`}}`, 200)
	eve := c.id(c.call("POST", "/api/v2/users", `{"user":{"name":"Eve"}}`, 201), "user")
	c.call("DELETE", "/api/v2/users/"+eve, "", 200)
	c.call("GET", "/api/v2/deleted_users", "", 200)
	c.call("GET", "/api/v2/deleted_users/count", "", 200)
	c.call("GET", "/api/v2/deleted_users/"+eve, "", 200)
	c.call("DELETE", "/api/v2/deleted_users/"+eve, "", 200)
	c.call("POST", "/api/v2/users/create_many", `{"users":[{"name":"One"},{"name":"Two"}]}`, 200)
	c.call("PUT", "/api/v2/users/update_many", `{"users":[{"id":`+ada+`,"name":"Ada M."}]}`, 200)
}

func (c *checked) organizations() {
	acme := c.id(c.call("POST", "/api/v2/organizations", `{"organization":{"name":"Acme"}}`, 201), "organization")
	other := c.id(c.call("POST", "/api/v2/organizations", `{"organization":{"name":"Other"}}`, 201), "organization")
	ada := c.id(c.call("POST", "/api/v2/users", `{"user":{"name":"Member"}}`, 201), "user")
	c.call("GET", "/api/v2/organizations", "", 200)
	c.call("GET", "/api/v2/organizations/count", "", 200)
	c.call("GET", "/api/v2/organizations/"+acme, "", 200)
	c.call("GET", "/api/v2/organizations/show_many?ids="+acme+","+other, "", 200)
	c.call("GET", "/api/v2/organizations/search?name=Acme", "", 200)
	c.call("GET", "/api/v2/organizations/autocomplete?name=Ac", "", 200)
	c.call("PUT", "/api/v2/organizations/"+acme, `{"organization":{"notes":"x"}}`, 200)
	c.call("POST", "/api/v2/organizations/create_or_update", `{"organization":{"id":`+acme+`,"name":"Acme Inc"}}`, 200)
	member := c.id(c.call("POST", "/api/v2/organization_memberships", `{"organization_membership":{"user_id":`+ada+`,"organization_id":`+other+`}}`, 201), "organization_membership")
	c.call("GET", "/api/v2/organization_memberships", "", 200)
	c.call("GET", "/api/v2/organization_memberships/"+member, "", 200)
	merge := c.id(c.call("POST", "/api/v2/organizations/"+other+"/merge", `{"organization_merge":{"winner_id":`+acme+`}}`, 200), "organization_merge")
	c.call("GET", "/api/v2/organization_merges/"+merge, "", 200)
	c.call("GET", "/api/v2/organizations/"+acme+"/merges", "", 200)
	job := c.id(c.call("POST", "/api/v2/organizations/create_many", `{"organizations":[{"name":"One"},{"name":"Acme Inc"}]}`, 200), "job_status")
	for range 3 {
		c.call("GET", "/api/v2/job_statuses/"+job, "", 200)
	}
	c.call("GET", "/api/v2/job_statuses/show_many?ids="+job, "", 200)
	c.call("PUT", "/api/v2/organizations/update_many", `{"organizations":[{"id":`+acme+`,"name":"Acme"}]}`, 200)
	c.call("DELETE", "/api/v2/organizations/destroy_many?ids="+acme, "", 200)
	gone := c.id(c.call("POST", "/api/v2/organizations", `{"organization":{"name":"Gone"}}`, 201), "organization")
	c.call("DELETE", "/api/v2/organizations/"+gone, "", 204)
}

func (c *checked) tickets() {
	one := c.id(c.call("POST", "/api/v2/tickets", `{"ticket":{"subject":"S","comment":{"body":"B"},"priority":"high"}}`, 201), "ticket")
	two := c.id(c.call("POST", "/api/v2/tickets", `{"ticket":{"subject":"T","comment":{"body":"B"}}}`, 201), "ticket")
	c.call("GET", "/api/v2/tickets", "", 200)
	c.call("GET", "/api/v2/tickets/count", "", 200)
	c.call("GET", "/api/v2/tickets/"+one, "", 200)
	c.call("GET", "/api/v2/tickets/show_many?ids="+one+","+two, "", 200)
	c.call("PUT", "/api/v2/tickets/"+one, `{"ticket":{"status":"solved","comment":{"body":"Done","public":true}}}`, 200)
	c.call("GET", "/api/v2/tickets/"+one+"/comments", "", 200)
	c.call("GET", "/api/v2/tickets/"+one+"/comments/count", "", 200)
	c.call("GET", "/api/v2/tickets/"+one+"/audits", "", 200)
	c.call("GET", "/api/v2/ticket_metrics", "", 200)
	c.call("GET", "/api/v2/ticket_metrics/"+one, "", 200)
	c.call("POST", "/api/v2/tickets/"+one+"/satisfaction_rating", `{"satisfaction_rating":{"score":"good","comment":"Fast"}}`, 200)
	c.call("GET", "/api/v2/satisfaction_ratings", "", 200)
	c.call("GET", "/api/v2/satisfaction_ratings/count", "", 200)
	c.call("POST", "/api/v2/tickets/"+one+"/merge", `{"ids":[`+two+`]}`, 200)
	c.call("DELETE", "/api/v2/tickets/"+one, "", 204)
	c.call("GET", "/api/v2/deleted_tickets", "", 200)
	c.call("PUT", "/api/v2/deleted_tickets/"+one+"/restore", "", 200)
	c.call("DELETE", "/api/v2/tickets/"+one, "", 204)
	c.call("DELETE", "/api/v2/deleted_tickets/"+one, "", 200)
	c.call("POST", "/api/v2/tickets/create_many", `{"tickets":[{"subject":"U","comment":{"body":"B"}}]}`, 200)
}

func (c *checked) fields() {
	for _, name := range []string{"user_field", "organization_field"} {
		field := c.id(c.call("POST", "/api/v2/"+name+"s", `{"`+name+`":{"key":"tier","title":"Tier","type":"text"}}`, 201), name)
		c.call("GET", "/api/v2/"+name+"s", "", 200)
		c.call("GET", "/api/v2/"+name+"s/"+field, "", 200)
		c.call("PUT", "/api/v2/"+name+"s/"+field, `{"`+name+`":{"title":"Level"}}`, 200)
		c.call("DELETE", "/api/v2/"+name+"s/"+field, "", 204)
	}
	field := c.id(c.call("POST", "/api/v2/ticket_fields", `{"ticket_field":{"type":"text","title":"Order"}}`, 201), "ticket_field")
	c.call("GET", "/api/v2/ticket_fields", "", 200)
	c.call("GET", "/api/v2/ticket_fields/count", "", 200)
	c.call("GET", "/api/v2/ticket_fields/"+field, "", 200)
	form := c.id(c.call("POST", "/api/v2/ticket_forms", `{"ticket_form":{"name":"Second"}}`, 201), "ticket_form")
	c.call("GET", "/api/v2/ticket_forms", "", 200)
	c.call("GET", "/api/v2/ticket_forms/"+form, "", 200)
	c.call("GET", "/api/v2/custom_statuses", "", 200)
	group := c.id(c.call("POST", "/api/v2/groups", `{"group":{"name":"Sales"}}`, 201), "group")
	c.call("GET", "/api/v2/groups", "", 200)
	c.call("GET", "/api/v2/groups/count", "", 200)
	c.call("GET", "/api/v2/groups/"+group, "", 200)
	c.call("PUT", "/api/v2/groups/"+group, `{"group":{"name":"Sales EU"}}`, 200)
	c.call("DELETE", "/api/v2/groups/"+group, "", 204)
	c.call("GET", "/api/v2/brands", "", 200)
	c.call("GET", "/api/v2/account/settings", "", 200)
	c.call("GET", "/api/v2/search?query=type:user%20ada", "", 200)
	c.call("GET", "/api/v2/search/count?query=type:user%20ada", "", 200)
}

func (c *checked) exports() {
	since := fmt.Sprint(c.clock.Now().Unix() - 1)
	c.clock.Advance(5 * 60e9)
	for _, path := range []string{"users/cursor", "tickets/cursor", "users", "tickets", "organizations", "users/sample", "ticket_events", "ticket_metric_events"} {
		c.call("GET", "/api/v2/incremental/"+path+"?start_time="+since, "", 200)
	}
	p := c.get("/api/v2/incremental/users/cursor?start_time=" + since)
	c.call("GET", "/api/v2/incremental/users/cursor?start_time=0&cursor="+p.AfterCursor, "", 200)
}
