package zendesktest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// hookContract is held to testdata/webhooks.yaml, since the vendor's document does not have the API of webhooks.
func hookContract(t *testing.T) *checked {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("testdata", "webhooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &checked{account: open(t, zendesktest.Options{}), router: router, seen: map[string]bool{}}
}

// TestHookContract makes, shows, lists, changes and deletes webhooks, and reads what became of what they delivered.
func TestHookContract(t *testing.T) {
	c := hookContract(t)
	in := &receiver{status: http.StatusForbidden}
	address := listen(t, in)
	body := func(name string) string {
		text, err := json.Marshal(map[string]any{"webhook": map[string]any{"name": name, "endpoint": address, "http_method": "POST", "request_format": "json",
			"status": "active", "subscriptions": []string{"zen:event-type:user.created"}}})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const all = "/api/v2/webhooks"
	first := all + "/" + c.id(c.call("POST", all, body("first"), 201), "webhook")
	c.clock.Advance(1e9)
	second := all + "/" + c.id(c.call("POST", all, body("second"), 201), "webhook")
	c.call("GET", first, "", 200)
	c.call("GET", first+"/signing_secret", "", 200)
	c.call("POST", first+"/signing_secret", "", 201)
	c.call("PUT", first, body("still the first"), 204)
	c.call("PATCH", second, `{"webhook":{"status":"inactive"}}`, 204)
	c.pages(all, "webhooks", 2)
	c.call("GET", all+"?filter[status]=inactive&filter[name_contains]=sec", "", 200)
	for _, status := range []int{403, 503, 200} {
		in.mu.Lock()
		in.status = status
		in.mu.Unlock()
		c.create("users", map[string]any{"name": "N"})
		c.clock.Advance(1e9)
		c.deliver()
	}
	c.call("PATCH", first, `{"webhook":{"endpoint":"http://127.0.0.1:1/nobody"}}`, 204)
	c.create("users", map[string]any{"name": "N"})
	c.clock.Advance(1e9)
	c.deliver()
	c.pages(first+"/invocations", "invocations", 4)
	c.call("GET", first+"/invocations?filter[status]=success&sort=latest_completed_at&filter[from_ts]="+url.QueryEscape(start.Format("2006-01-02T15:04:05Z")), "", 200)
	c.call("DELETE", second, "", 204)

	for what, r := range map[string]reply{
		"none of that id": c.call("GET", second, "", 404), "deleted": c.call("DELETE", second, "", 404), "changed": c.call("PATCH", second, `{"webhook":{}}`, 404),
		"its secret": c.call("GET", second+"/signing_secret", "", 404), "its deliveries": c.call("GET", second+"/invocations", "", 404),
		"no name": c.call("POST", all, `{"webhook":{"endpoint":"`+address+`"}}`, 400), "no webhook": c.call("POST", all, `{}`, 400),
		"no cursor": c.call("GET", all+"?page[after]=x", "", 400),
	} {
		var e struct {
			Errors []struct{ Code, Title, Detail string }
		}
		if err := json.Unmarshal(r.body, &e); err != nil || len(e.Errors) != 1 || e.Errors[0].Code == "" || e.Errors[0].Title == "" || e.Errors[0].Detail == "" {
			t.Errorf("%s: got %s, want a list of one error with code, title and detail", what, r.body)
		}
	}
	if len(c.seen) != 9 {
		t.Errorf("got %d operations exercised, want all 9: %v", len(c.seen), c.seen)
	}
}

// pages reads a list of n row by row, forth and back.
func (c *checked) pages(path, name string, n int) {
	c.t.Helper()
	var seen []string
	cursor := ""
	for len(seen) <= n {
		var p struct {
			Meta struct {
				More  bool   `json:"has_more"`
				After string `json:"after_cursor"`
				Prev  string `json:"before_cursor"`
			}
		}
		r := c.call("GET", path+"?page[size]=1"+cursor, "", 200)
		r.want(c.t, 200, &p)
		var rows map[string]json.RawMessage
		r.want(c.t, 200, &rows)
		var list []struct{ ID string }
		if err := json.Unmarshal(rows[name], &list); err != nil || len(list) != 1 {
			c.t.Fatalf("a page of one has %s", rows[name])
		}
		seen = append(seen, list[0].ID)
		if !p.Meta.More {
			c.call("GET", path+"?page[size]=1&page[before]="+url.QueryEscape(p.Meta.Prev), "", 200)
			break
		}
		cursor = "&page[after]=" + url.QueryEscape(p.Meta.After)
	}
	if len(seen) != n {
		c.t.Errorf("%s: the pages have %v, want %d", path, seen, n)
	}
}

// TestHookContractHasTeeth: an answer that is not as Zendesk's is found.
func TestHookContractHasTeeth(t *testing.T) {
	c := hookContract(t)
	for what, body := range map[string]string{
		"a null cursor":         `{"webhooks":[],"meta":{"has_more":false,"after_cursor":null}}`,
		"an unknown member":     `{"webhooks":[],"meta":{"has_more":false},"count":0}`,
		"a webhook without id":  `{"webhooks":[{"name":"x","status":"active","subscriptions":[],"created_at":"2026-11-30T10:00:00Z","created_by":"1","endpoint":"https://x.example","http_method":"POST","request_format":"json"}],"meta":{"has_more":false}}`,
		"no list":               `{"meta":{"has_more":false}}`,
		"more without a reason": `{"webhooks":[],"meta":{"has_more":"yes"}}`,
	} {
		r, err := http.NewRequest("GET", "http://example.com/api/v2/webhooks", nil)
		if err != nil {
			t.Fatal(err)
		}
		route, params, err := c.router.FindRoute(r)
		if err != nil {
			t.Fatal(err)
		}
		if validate(r, route, params, reply{200, http.Header{"Content-Type": {"application/json"}}, []byte(body)}) == nil {
			t.Errorf("%s passes", what)
		}
	}
}
