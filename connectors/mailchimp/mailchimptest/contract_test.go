package mailchimptest_test

import (
	"bytes"
	"context"
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
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
)

// checked is an account whose exchanges are held against the vendor's published document.
type checked struct {
	*account
	router routers.Router
	seen   map[string]bool
}

// blank are the times that the document wants to be times and that are "" when nothing happened (recorded, and of drafts).
var blank = []string{"timestamp_opt", "timestamp_signup", "campaign_last_sent", "last_sub_date", "last_unsub_date", "send_time", "last_open", "last_click"}

func contract(t *testing.T) routers.Router {
	doc, err := openapi3.NewLoader().LoadFromFile(connectortest.Shared(t, "specs/mailchimp/mailchimp-marketing-openapi.json"))
	must(t, err)
	doc.Servers = nil
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, answer := range op.Responses.Map() {
				for _, media := range answer.Value.Content {
					excuse(media.Schema, 0)
				}
			}
		}
	}
	router, err := gorillamux.NewRouter(doc)
	must(t, err)
	return router
}

func excuse(ref *openapi3.SchemaRef, depth int) {
	if ref == nil || depth > 12 {
		return
	}
	for name, p := range ref.Value.Properties {
		if slices.Contains(blank, name) && p.Value.Format == "date-time" {
			p.Value.Format, p.Value.Pattern = "", `^$|^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00$`
		}
		excuse(p, depth+1)
	}
	excuse(ref.Value.Items, depth+1)
}

// call makes a request, wants a status, and holds request and answer against the document. A request that is refused is not
// held: it was wrong on purpose.
func (c *checked) call(method, path, body string, status int) map[string]any {
	c.t.Helper()
	r := c.do(method, "/3.0"+path, body)
	out := r.want(c.t, status)
	in := httptest.NewRequest(method, "https://us19.api.mailchimp.com"+path, strings.NewReader(body))
	in.Header.Set("Content-Type", "application/json")
	route, params, err := c.router.FindRoute(in)
	if err != nil {
		c.t.Errorf("%s %s: %v", method, path, err)
		return out
	}
	c.seen[method+" "+route.Path] = true
	opt := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: false}
	asked := &openapi3filter.RequestValidationInput{Request: in, PathParams: params, Route: route, Options: opt}
	if err := openapi3filter.ValidateRequest(context.Background(), asked); err != nil && status < 400 {
		c.t.Errorf("%s %s: request: %.400v", method, path, err)
	}
	if out["title"] == "Member Exists" && out["type"] == nil { // recorded: this one has no type, which the document wants
		r.body = append([]byte(`{"type":"about:blank",`), r.body[1:]...)
	}
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: asked, Status: r.code, Header: r.header, Options: opt, Body: io.NopCloser(bytes.NewReader(r.body))}
	if err := openapi3filter.ValidateResponse(context.Background(), answer); err != nil {
		c.t.Errorf("%s %s: answer %d: %.600v", method, path, status, err)
	}
	return out
}

// webhooks makes, shows, changes and deletes one, and is refused where Mailchimp refuses. It has no members but those that the
// document names; the signing secret is younger than this copy of it.
func (c *checked) webhooks(list string) {
	hook := sandboxServer(c.t.(*testing.T), func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path == "/nobody" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	made := c.call("POST", list+"/webhooks", `{"url":"`+hook+`","events":{"subscribe":true},"sources":{"user":true}}`, 200)
	if made["signing_secret"] == nil {
		c.t.Error("the answer that made a webhook has no signing secret")
	}
	delete(made, "signing_secret")
	one := list + "/webhooks/" + fmt.Sprint(made["id"])
	c.call("POST", list+"/webhooks", `{"url":"`+hook+`/nobody","events":{"subscribe":true},"sources":{"user":true}}`, 400)
	c.call("POST", "/lists/nosuch/webhooks", `{"url":"`+hook+`","events":{},"sources":{}}`, 404)
	changed := c.call("PATCH", one, `{"events":{"subscribe":false,"upemail":true}}`, 200)
	c.call("PATCH", one, `{"url":"`+hook+`/nobody"}`, 400)
	c.call("PATCH", list+"/webhooks/nosuch", `{"events":{"subscribe":true}}`, 404)
	rows := c.call("GET", list+"/webhooks", "", 200)["webhooks"].([]any)
	names := []string{"_links", "events", "id", "list_id", "sources", "url"}
	for what, row := range map[string]map[string]any{"made": made, "changed": changed, "shown": c.call("GET", one, "", 200), "listed": rows[0].(map[string]any)} {
		if got := slices.Sorted(maps.Keys(row)); !slices.Equal(got, names) {
			c.t.Errorf("a webhook that was %s has %v, want %v", what, got, names)
		}
	}
	if events := changed["events"].(map[string]any); events["upemail"] != true || events["subscribe"] != false || len(events) != 6 {
		c.t.Errorf("events after a change: got %v", events)
	}
	c.call("DELETE", one, "", 204)
	c.call("DELETE", one, "", 404)
	c.call("GET", one, "", 404)
}

// TestContract: what the simulator answers is what Mailchimp publishes, also when it refuses.
func TestContract(t *testing.T) {
	c := &checked{account: open(t, mailchimptest.Options{}), router: contract(t), seen: map[string]bool{}}
	list := "/lists/" + c.list
	_, err := c.AddInterests(c.list, "Topics", "Robots")
	must(t, err)
	_, err = c.AddSegment(c.list, "Lately")
	must(t, err)
	c.call("GET", "/ping", "", 200)
	c.call("GET", "/", "", 200)
	c.call("GET", "/lists?count=5&include_total_contacts=true", "", 200)
	c.call("GET", list, "", 200)
	c.call("GET", "/lists/nosuch", "", 404)
	c.call("GET", list+"/merge-fields", "", 200)
	made := c.call("POST", list+"/members", `{"email_address":"zoe@initech.example","status":"subscribed","merge_fields":{"FNAME":"Zoë"}}`, 200)
	c.call("POST", list+"/members", `{"email_address":"zoe@initech.example","status":"subscribed"}`, 400)
	c.call("POST", list+"/members", `{"email_address":"zoe","status":"subscribed"}`, 400)
	member := list + "/members/" + fmt.Sprint(made["id"])
	c.call("GET", member, "", 200)
	c.call("PATCH", member, `{"merge_fields":{"LNAME":"Zhou"}}`, 200)
	c.call("PUT", member, `{"email_address":"zoe@initech.example","status_if_new":"subscribed"}`, 200)
	c.call("PUT", list+"/members/00000000000000000000000000000000", `{"email_address":"new@initech.example","status_if_new":"pending"}`, 200)
	c.call("POST", member+"/tags", `{"tags":[{"name":"vip","status":"active"}]}`, 204)
	c.call("GET", list+"/members?count=5&sort_field=last_changed&sort_dir=ASC&since_last_changed=2020-01-01T00:00:00%2B00:00", "", 200)
	c.call("GET", list+"/segments", "", 200)
	c.call("GET", list+"/tag-search?name=v", "", 200)
	categories := c.call("GET", list+"/interest-categories", "", 200)["categories"].([]any)
	c.call("GET", list+"/interest-categories/"+fmt.Sprint(categories[0].(map[string]any)["id"])+"/interests", "", 200)
	c.call("DELETE", member, "", 204)
	c.call("DELETE", member, "", 405)
	c.call("POST", member+"/actions/delete-permanent", "", 204)
	c.call("GET", member, "", 404)
	c.call("POST", list, `{"members":[{"email_address":"a@initech.example","status":"subscribed"}],"update_existing":true}`, 200)
	sent := c.AddCampaign(mailchimptest.Campaign{List: c.list, Title: "T", Subject: "S", Recipients: 1, Sent: c.clock.Now()})
	draft := c.AddCampaign(mailchimptest.Campaign{List: c.list, Title: "T", Subject: "S"})
	must(t, c.AddEvent(sent, mailchimptest.Event{Address: "a@initech.example", Action: "click", URL: "https://acme.example/"}))
	c.call("GET", "/campaigns?count=5", "", 200)
	c.call("GET", "/campaigns/"+draft, "", 200)
	c.call("GET", "/reports", "", 200)
	c.call("GET", "/reports/"+sent, "", 200)
	c.call("GET", "/reports/"+draft, "", 404)
	c.call("GET", "/reports/"+sent+"/email-activity", "", 200)
	c.webhooks(list)
	c.call("DELETE", "/campaigns/"+draft, "", 204)
	c.call("DELETE", list, "", 204)
	if len(c.seen) < 30 {
		t.Errorf("got %d operations exercised, want at least 30:\n%s", len(c.seen), strings.Join(slices.Sorted(maps.Keys(c.seen)), "\n"))
	}
}
