package zendesk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/zendesk"
)

// checking is a transport that holds every exchange against Zendesk's OpenAPI document.
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

func (c *checking) check(r *http.Request, res *http.Response, body []byte) error {
	u := *r.URL
	q := u.Query()
	if q.Has("cursor") && !q.Has("start_time") {
		q.Set("start_time", "0") // exception: the document wants it always, the vendor's guide sends it only with the first request
	}
	u.Scheme, u.Host, u.RawQuery = "https", "example.zendesk.com", q.Encode()
	in, err := http.NewRequest(r.Method, u.String(), nil)
	if err != nil {
		return err
	}
	route, params, err := c.router.FindRoute(in)
	if err != nil {
		return err
	}
	c.seen[r.Method+" "+route.Path]++
	opt := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	asked := &openapi3filter.RequestValidationInput{Request: in, PathParams: params, Route: route, Options: opt}
	if err := openapi3filter.ValidateRequest(context.Background(), asked); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	answered := &openapi3filter.ResponseValidationInput{RequestValidationInput: asked, Status: res.StatusCode, Header: res.Header, Options: opt,
		Body: io.NopCloser(bytes.NewReader(excused(body)))}
	if err := openapi3filter.ValidateResponse(context.Background(), answered); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// excused takes out of an answer what recorded ones have and the document forbids: null for a member without a value, and
// deleted as the status of a ticket.
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
		if x["status"] == "deleted" {
			x["status"] = "closed"
		}
		short := x["user_fields"] == nil && x["role"] != nil // a deleted user, whose members must all be there
		for k, e := range x {
			if x[k] = withoutNulls(e); e == nil && !short {
				delete(x, k)
			} else if e == nil {
				x[k] = map[string]any{"email": "", "organization_id": 0}[k]
			}
		}
	case []any:
		for i := range x {
			x[i] = withoutNulls(x[i])
		}
	}
	return v
}

// document returns the router of the vendor's published document.
func document(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(connectortest.Shared(t, "specs/zendesk/support-api.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	// The list of groups is described together with that of a user, whose id its path does not have.
	groups := doc.Paths.Value("/api/v2/groups")
	notUser := func(p *openapi3.ParameterRef) bool { return p.Value.Name == "user_id" }
	groups.Parameters = slices.DeleteFunc(groups.Parameters, notUser)
	groups.Get.Parameters = slices.DeleteFunc(groups.Get.Parameters, notUser)
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// TestContract: every request and answer of reading all streams, sweeping, fetching, counting and checking agrees with
// what Zendesk publishes.
func TestContract(t *testing.T) {
	c := &checking{next: signing{http.DefaultTransport}, router: document(t), seen: map[string]int{}}
	h := newHarness(t, "tickets", nil)
	h.extra["streams"] = []string{}
	org := h.make(t, "organizations", map[string]any{"name": "Initech", "domain_names": []string{"initech.example"}})
	user := h.make(t, "users", map[string]any{"name": "Zoë", "email": "zoe@initech.example", "organization_id": json.Number(org)})
	lost := h.make(t, "users", map[string]any{"name": "Lou", "email": "lou@initech.example", "role": "agent"})
	tickets := h.Create(t, 4)
	h.set(t, map[string]any{"assignee_id": json.Number(h.owner)}, tickets[1])
	h.make(t, "satisfaction_ratings", map[string]any{"ticket_id": json.Number(tickets[1]), "score": "good", "comment": "Quick!"})
	must(t, h.sim.Delete("tickets", tickets[0]), h.sim.Delete("users", lost))
	h.clock.Advance(2 * time.Minute)

	for _, s := range zendesk.Connector.Spec.Streams {
		h.extra["streams"] = append(h.extra["streams"].([]string), s.Name)
	}
	values, problems := zendesk.Connector.Spec.Parse(h.Settings())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	opened, err := zendesk.Connector.Open(connectors.Env{Connection: "under-test", Settings: values, HTTP: &http.Client{Transport: c}, Now: h.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	exerciseAll(t, opened, map[string]string{"tickets": tickets[2], "users": user, "organizations": org})
	for _, problem := range c.problems {
		t.Error(problem)
	}
	if len(c.seen) < 16 {
		t.Errorf("got %d operations, want at least 16: %v", len(c.seen), slices.Sorted(maps.Keys(c.seen)))
	}
}

// exerciseAll makes every kind of request the connector can make.
func exerciseAll(t *testing.T, opened any, have map[string]string) {
	t.Helper()
	source, counter, sweeper := opened.(connectors.Source), opened.(connectors.Counter), opened.(connectors.Sweeper)
	list, err := source.Streams(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		r := &reader{src: source, stream: s.Name}
		r.drain(t)
		if !s.Snapshot {
			r.drain(t) // the poll after it
		}
		if s.Sweep > 0 {
			if _, err := sweeper.Sweep(context.Background(), s.Name, ""); err != nil {
				t.Errorf("sweep %s: %v", s.Name, err)
			}
		}
		if _, err := counter.Count(context.Background(), s.Name); err != nil && connectors.KindOf(err) != connectors.NotFound {
			t.Errorf("count %s: %v", s.Name, err)
		}
	}
	for object, id := range have {
		ref := connectors.Ref{Connection: "under-test", Object: object, ID: id}
		if records, err := opened.(connectors.Getter).Get(context.Background(), []connectors.Ref{ref}); err != nil || len(records) != 1 {
			t.Errorf("get %s: got %d records and %v", ref, len(records), err)
		}
	}
	if _, err := opened.(connectors.Checker).Check(context.Background()); err != nil {
		t.Errorf("check: %v", err)
	}
}
