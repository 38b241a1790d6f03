package activecampaigntest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestPages: twenty rows unless told, a hundred at most; totals are texts, of deals numbers, as recorded.
func TestPages(t *testing.T) {
	sim, call := serve(t, activecampaigntest.Options{})
	for i := range 150 {
		if _, err := sim.Create("contacts", map[string]any{"email": fmt.Sprintf("a%d@initech.example", i)}); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]int{"": 20, "?limit=1000": 100, "?limit=100&offset=100": 50, "?offset=400": 0, "?limit=100&id_greater=140": 10,
		"?ids[]=3&ids[]=5&ids[]=999": 2, "?email=A7@initech.example": 1} {
		_, _, body := call("GET", "contacts"+query, "")
		if got := len(gjson.Get(body, "contacts").Array()); got != want {
			t.Errorf("%q: got %d rows, want %d", query, got, want)
		}
	}
	_, _, contacts := call("GET", "contacts", "")
	_, _, deals := call("GET", "deals", "")
	if gjson.Get(contacts, "meta.total").Raw != `"150"` || gjson.Get(deals, "meta.total").Raw != `0` {
		t.Errorf("got totals %s and %s", gjson.Get(contacts, "meta.total").Raw, gjson.Get(deals, "meta.total").Raw)
	}
}

// TestWritesAnswerAsRecorded: what is made is answered 201, a double 422, what is not there 404 with its class in words.
func TestWritesAnswerAsRecorded(t *testing.T) {
	_, call := serve(t, activecampaigntest.Options{})
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "contacts", `{"contact":{"email":"zoe@initech.example","firstName":"Zoë"}}`, 201, `"id":"1"`},
		{"POST", "contacts", `{"contact":{"email":"ZOE@initech.example"}}`, 422, `"code":"duplicate"`},
		{"POST", "contacts", `{"contact":{"firstName":"Zoë"}}`, 422, `"code":"field_missing"`},
		{"POST", "contact/sync", `{"contact":{"email":"zoe@initech.example","firstName":"Zoé"}}`, 200, "Zoé"},
		{"POST", "contact/sync", `{"contact":{"email":"lou@initech.example"}}`, 201, `"id":"2"`},
		{"PUT", "contacts/1", `{"contact":{"lastName":"Moreau"}}`, 200, "Moreau"},
		{"GET", "contacts/1", "", 200, "Moreau"},
		{"POST", "tags", `{"tag":{"tag":"vip","tagType":"contact"}}`, 201, "vip"},
		{"DELETE", "contacts/2", "", 200, "{}"},
		{"DELETE", "contacts/2", "", 404, "No Result found for Contact with id 2"},
		{"GET", "accounts/9", "", 404, "No Result found for CustomerAccount with id 9"},
		{"GET", "users/me", "", 200, `"username":"admin"`},
		{"GET", "nothing", "", 404, "message"},
		{"POST", "contacts", `{`, 400, "message"},
	} {
		status, _, body := call(c.method, c.path, c.body)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %s: got %d %s, want %d that says %s", c.method, c.path, status, body, c.status, c.says)
		}
	}
}

// TestKeyPlanAndLimit: a wrong key, an account that has expired, a path that the key's user may not read, and too many requests.
func TestKeyPlanAndLimit(t *testing.T) {
	_, call := serve(t, activecampaigntest.Options{Tokens: []string{"other"}})
	if status, _, _ := call("GET", "lists", ""); status != http.StatusForbidden {
		t.Errorf("a wrong key: got %d", status)
	}
	_, call = serve(t, activecampaigntest.Options{Expired: true})
	if status, _, _ := call("GET", "lists", ""); status != http.StatusPaymentRequired {
		t.Errorf("an expired account: got %d", status)
	}
	_, call = serve(t, activecampaigntest.Options{Forbidden: []string{"deals"}, PerSecond: 3, Headers: true})
	if status, h, _ := call("GET", "deals", ""); status != http.StatusForbidden || h.Get("RateLimit-Limit") != "3" {
		t.Errorf("a forbidden path: got %d and %v", status, h)
	}
	refused := 0
	for range 6 {
		if status, h, _ := call("GET", "lists", ""); status == http.StatusTooManyRequests && h.Get("Retry-After") == "1" {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nobody is refused")
	}
}

// TestWebhooksAreSentOnce: as forms with brackets, never again whatever the answer, and not at all after 410.
func TestWebhooksAreSentOnce(t *testing.T) {
	status, bodies := http.StatusInternalServerError, []string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		bodies = append(bodies, r.PostForm.Encode())
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	sim, _ := serve(t, activecampaigntest.Options{})
	sim.Hook(activecampaigntest.Webhook{URL: server.URL, Events: []string{"subscribe", "contact_tag_added"}})
	id, err := sim.Create("contacts", map[string]any{"email": "zoe+1@initech.example"})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{sim.Set("contacts", map[string]any{"phone": "1"}, id), sim.Tag(id, "vip"), sim.SetField(id, "TIER", "text", "a&b")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	sent, err := sim.Deliver(context.Background())
	if err != nil || sent.Lost != 2 || sim.PendingEvents() != 0 {
		t.Fatalf("got %+v and %v", sent, err)
	}
	v, err := url.ParseQuery(bodies[1])
	if err != nil || v.Get("type") != "contact_tag_added" || v.Get("contact[id]") != id || v.Get("contact[email]") != "zoe+1@initech.example" || v.Get("contact[tags]") != "vip" {
		t.Errorf("got %v and %v", v, err)
	}
	status = http.StatusGone
	for range 2 {
		if err := sim.Untag(id, "vip"); err != nil {
			t.Fatal(err)
		}
		if err := sim.Tag(id, "vip"); err != nil {
			t.Fatal(err)
		}
		if _, err := sim.Deliver(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if len(bodies) != 3 || !sim.Off(server.URL) {
		t.Errorf("got %d deliveries, want 3: nothing is sent after 410", len(bodies))
	}
}

// TestSeed: generated customers are all there, and what belongs to contacts does not move their stamps.
func TestSeed(t *testing.T) {
	sim, call := serve(t, activecampaigntest.Options{})
	c := sandbox.Generate(1, 60)
	seeded := sim.Seed(c)
	if len(seeded.People) != 60 || len(seeded.Deals) != len(c.Deals) || len(sim.Rows("contactLists")) != 60 || len(sim.Rows("contactTags")) != 20 {
		t.Errorf("got %d people, %d deals, %d on the list, %d tags", len(seeded.People), len(seeded.Deals), len(sim.Rows("contactLists")), len(sim.Rows("contactTags")))
	}
	for i, r := range sim.Rows("contacts") {
		if !r.Updated.Equal(r.Created.Truncate(1e9)) {
			t.Errorf("contact %d: made %v, changed %v", i, r.Created, r.Updated)
			break
		}
	}
	status, _, body := call("GET", "contacts?limit=100&include=contactLists.list,contactTags.tag,fieldValues.field,unknown", "")
	if status != 200 || len(gjson.Get(body, "contactLists").Array()) != 60 || len(gjson.Get(body, "lists").Array()) != 1 || len(gjson.Get(body, "fieldValues").Array()) != 15 {
		t.Errorf("got %d with %d list rows", status, len(gjson.Get(body, "contactLists").Array()))
	}
}
