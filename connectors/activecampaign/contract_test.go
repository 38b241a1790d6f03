package activecampaign_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/activecampaign"
	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/transport"
)

// checking is a transport that holds every exchange against ActiveCampaign's published document.
type checking struct {
	next   http.RoundTripper
	router routers.Router

	mu       sync.Mutex
	seen     map[string]int
	problems []string
}

// RoundTrip implements http.RoundTripper.
func (c *checking) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	c.mu.Lock()
	defer c.mu.Unlock()
	if problem := c.check(r, res, body); problem != nil {
		c.problems = append(c.problems, fmt.Sprintf("%s %s: %v", r.Method, r.URL, problem))
	}
	return res, err
}

// unwritten are the parameters that the document describes in words, for all lists together (pagination), and those that only
// other programs have (include); see "What is not confirmed" in README.md.
var unwritten = []string{"limit", "offset", "include"}

func (c *checking) check(r *http.Request, res *http.Response, body []byte) error {
	u := *r.URL
	u.Scheme, u.Host, u.Path = "https", "example.api-us1.com", strings.TrimPrefix(u.Path, "/api/3")
	in, err := http.NewRequest(r.Method, u.String(), nil)
	if err != nil {
		return err
	}
	route, params, err := c.router.FindRoute(in)
	if err != nil {
		return err
	}
	c.seen[r.Method+" "+route.Path]++
	for name := range u.Query() {
		if !slices.Contains(unwritten, name) && route.Operation.Parameters.GetByInAndName("query", strings.TrimSuffix(name, "[]")) == nil {
			return fmt.Errorf("request: the document has no parameter %s", name)
		}
	}
	opt := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	asked := &openapi3filter.RequestValidationInput{Request: in, PathParams: params, Route: route, Options: opt}
	if err := openapi3filter.ValidateRequest(context.Background(), asked); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	answered := &openapi3filter.ResponseValidationInput{RequestValidationInput: asked, Status: res.StatusCode, Header: res.Header, Options: opt,
		Body: io.NopCloser(bytes.NewReader(excused(body)))}
	err = openapi3filter.ValidateResponse(context.Background(), answered)
	if err == nil || textual(route, res.StatusCode) || strings.HasSuffix(err.Error(), "input matches more than one oneOf schemas") {
		return nil // the forms of a contact that the document has differ in what may be missing
	}
	return fmt.Errorf("answer: %w", err)
}

// textual reports whether the document has a text with an example where the answer's schema should be.
func textual(route *routers.Route, status int) bool {
	answer := route.Operation.Responses.Status(status)
	if answer == nil || answer.Value.Content.Get("application/json") == nil {
		return false
	}
	return answer.Value.Content.Get("application/json").Schema.Value.Type.Is("string")
}

// excused takes null members and links out: the document was made from examples, and where one has a text, recorded answers have
// null; the links of an account are a list there, and an object in what was recorded.
func excused(body []byte) []byte {
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return body
	}
	out, _ := json.Marshal(withoutNulls(v))
	return out
}

func withoutNulls(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			if x[k] = withoutNulls(e); e == nil || k == "links" {
				delete(x, k)
			}
		}
	case []any:
		for i := range x {
			x[i] = withoutNulls(x[i])
		}
	}
	return v
}

// document returns the router of the vendor's published document, in the form whose defects as a document were mended.
func document(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(connectortest.Shared(t, "specs/activecampaign/activecampaign-v3-openapi-konfig-fixed.yaml"))
	must(t, err)
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	must(t, err)
	return router
}

// TestContract: every request and answer of reading all streams, sweeping, fetching, counting and checking agrees with what
// ActiveCampaign publishes, as far as that goes.
func TestContract(t *testing.T) {
	c := &checking{next: http.DefaultTransport, router: document(t), seen: map[string]int{}}
	h := newHarness(t, "contacts", func(o *activecampaigntest.Options) { o.HiddenDeals = []string{"Secret"} })
	account := h.make(t, "accounts", map[string]any{"name": "Initech", "accountUrl": "https://www.initech.example/"})
	id := contact(t, h, "zoe@initech.example")
	join := h.make(t, "accountContacts", map[string]any{"account": account, "contact": id, "jobTitle": "CEO"})
	deal := h.make(t, "deals", map[string]any{"title": "Order 7", "contact": id, "account": account, "organization": account, "value": "100"})
	h.make(t, "deals", map[string]any{"title": "Secret"})
	h.make(t, "campaigns", map[string]any{"name": "Spring"})
	h.make(t, "messages", map[string]any{"subject": "Spring"})
	automation := h.make(t, "automations", map[string]any{"name": "Welcome"})
	h.make(t, "contactAutomations", map[string]any{"contact": id, "automation": automation})
	must(t, h.sim.Subscribe(id, "1", activecampaigntest.Subscribed), h.sim.Tag(id, "vip"), h.sim.SetField(id, "TIER", "dropdown", "Gold"))

	var names []string
	for _, s := range activecampaign.Connector.Spec.Streams {
		names = append(names, s.Name)
	}
	h.extra["streams"] = names
	values, problems := activecampaign.Connector.Spec.Parse(h.Settings())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	client, err := transport.New(transport.Config{Connection: "under-test", Spec: activecampaign.Connector.Spec, Values: values, Retries: -1, Base: c})
	must(t, err)
	opened, err := activecampaign.Connector.Open(connectors.Env{Connection: "under-test", Settings: values, HTTP: client, Now: h.clock.Now})
	must(t, err)
	for _, name := range names {
		r := &reader{src: opened.(connectors.Source), stream: name, got: map[string]connectors.Record{}}
		if r.drain(t); r.at != "" {
			r.drain(t) // the poll after it
		}
		if name == "contacts" || name == "deals" {
			_, err := opened.(connectors.Sweeper).Sweep(context.Background(), name, "")
			must(t, err)
		}
		_, err := opened.(connectors.Counter).Count(context.Background(), name)
		must(t, err)
	}
	for object, id := range map[string]string{"contacts": id, "deals": deal, "accounts": account, "accountContacts": join} {
		records, err := opened.(connectors.Getter).Get(context.Background(), []connectors.Ref{{Connection: "under-test", Object: object, ID: id}})
		if err != nil || len(records) == 0 {
			t.Errorf("get %s: got %d records and %v", object, len(records), err)
		}
	}
	_, err = opened.(connectors.Checker).Check(context.Background())
	must(t, err)
	for _, problem := range c.problems {
		t.Error(problem)
	}
	if len(c.seen) < 15 {
		t.Errorf("got %d operations, want at least 15: %v", len(c.seen), slices.Sorted(maps.Keys(c.seen)))
	}
}
