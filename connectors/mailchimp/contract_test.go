package mailchimp_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/mailchimp"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// checking is a transport that holds every exchange against Mailchimp's OpenAPI document.
type checking struct {
	router routers.Router

	mu       sync.Mutex
	seen     map[string]int
	problems []string
}

// RoundTrip implements http.RoundTripper.
func (c *checking) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth("any", testKey)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	c.mu.Lock()
	defer c.mu.Unlock()
	if problem := c.check(r, res, body); problem != nil {
		c.problems = append(c.problems, fmt.Sprintf("%s %s: %.600v", r.Method, r.URL, problem))
	}
	return res, err
}

func (c *checking) check(r *http.Request, res *http.Response, body []byte) error {
	u := *r.URL
	u.Scheme, u.Host, u.Path = "https", "us19.api.mailchimp.com", strings.TrimPrefix(u.Path, "/3.0")
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
		Body: io.NopCloser(bytes.NewReader(body))}
	if err := openapi3filter.ValidateResponse(context.Background(), answered); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// blank are the times that the document wants to be times and that are "" when nothing happened: the first five in recordings,
// the others of drafts, and of campaigns that nobody opened, where they can be nothing else.
var blank = []string{"timestamp_opt", "timestamp_signup", "campaign_last_sent", "last_sub_date", "last_unsub_date", "send_time", "last_open", "last_click"}

// excuse mends the document there. A time that is not blank must be one all the same, and every excuse must still be needed.
func excuse(t *testing.T, doc *openapi3.T) {
	t.Helper()
	mended := map[string]int{}
	var walk func(ref *openapi3.SchemaRef, depth int)
	walk = func(ref *openapi3.SchemaRef, depth int) {
		if ref == nil || depth > 12 {
			return
		}
		for name, p := range ref.Value.Properties {
			if slices.Contains(blank, name) && p.Value.Format == "date-time" {
				p.Value.Format, p.Value.Pattern = "", `^$|^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00$`
				mended[name]++
			}
			walk(p, depth+1)
		}
		walk(ref.Value.Items, depth+1)
	}
	for _, item := range doc.Paths.Map() {
		if item.Get == nil {
			continue
		}
		for _, answer := range item.Get.Responses.Map() {
			for _, media := range answer.Value.Content {
				walk(media.Schema, 0)
			}
		}
	}
	for _, name := range blank {
		if mended[name] == 0 {
			t.Errorf("%s needs no excuse any more", name)
		}
	}
}

// document returns the router of the vendor's published document.
func document(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(connectortest.Shared(t, "specs/mailchimp/mailchimp-marketing-openapi.json"))
	must(t, err)
	doc.Servers = nil
	excuse(t, doc)
	router, err := gorillamux.NewRouter(doc)
	must(t, err)
	return router
}

// TestContract: every request and answer of reading all streams, sweeping, fetching, counting and checking agrees with
// what Mailchimp publishes.
func TestContract(t *testing.T) {
	c := &checking{router: document(t), seen: map[string]int{}}
	h := newHarness(t, nil)
	seeded := h.sim.Seed(sandbox.Generate(3, 30))
	_, err := h.sim.AddInterests(h.list, "Topics", "Robots")
	must(t, err)
	id := h.create(t, h.list, 1)[0]
	must(t, h.sim.Archive(seeded.People[1]), h.sim.Set(mailchimptest.Member{Status: "cleaned"}, seeded.People[2]))
	h.clock.Advance(time.Minute)
	values, problems := mailchimp.Connector.Spec.Parse(h.Settings())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	opened, err := mailchimp.Connector.Open(connectors.Env{Connection: "c", Settings: values, HTTP: &http.Client{Transport: c}, Now: h.clock.Now})
	must(t, err)
	src := opened.(connectors.Source)
	for _, s := range mailchimp.Connector.Spec.Streams {
		r := &reader{src: src, stream: s.Name}
		r.drain(t)
		r.drain(t)
		_, _ = opened.(connectors.Counter).Count(t.Context(), s.Name) // not of all of them
	}
	list := strings.Split(id, ":")[0]
	refs := []connectors.Ref{{Object: "members", ID: id}, {Object: "members", ID: list + ":email:1234567890"}, {Object: "members", ID: list + ":cleaned:1796000000"},
		{Object: "campaigns", ID: seeded.Campaigns[0]}, {Object: "lists", ID: list}, {Object: "members", ID: list + ":00000000000000000000000000000000"}}
	_, err = opened.(connectors.Getter).Get(t.Context(), refs)
	must(t, err)
	_, err = opened.(connectors.Sweeper).Sweep(t.Context(), "members", "")
	must(t, err)
	_, err = opened.(connectors.Checker).Check(t.Context())
	must(t, err)
	for _, problem := range c.problems {
		t.Error(problem)
	}
	if len(c.seen) < 12 {
		t.Errorf("got %d operations exercised, want at least 12: %v", len(c.seen), c.seen)
	}
}
