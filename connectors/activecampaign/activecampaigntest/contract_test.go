package activecampaigntest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/connectortest"
)

// contract is the part of the vendor's document that is about webhooks. There is no client by the vendor that knows them.
func contract(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(connectortest.Shared(t, "specs", "activecampaign", "activecampaign-v3-original-2026-08.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	for _, path := range doc.Paths.InMatchingOrder() {
		if !strings.HasPrefix(path, "/webhooks") {
			doc.Paths.Delete(path) // other paths of it cannot be routed
		}
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// members are those of a webhook in the document's examples, which are all that it says of the list.
func members(t *testing.T, route *routers.Route, status int, at string) []string {
	t.Helper()
	text := fmt.Sprint(route.Operation.Responses.Status(status).Value.Content.Get("application/json").Examples["Result"].Value.Value)
	return keys(gjson.Get(text, at))
}

func keys(o gjson.Result) (list []string) {
	o.ForEach(func(k, _ gjson.Result) bool { list = append(list, k.Str); return true })
	slices.Sort(list)
	return list
}

// TestHookContract holds the webhook routes to the vendor's document: requests, answers, and no member that its examples lack.
func TestHookContract(t *testing.T) {
	router := contract(t)
	_, call := serve(t, activecampaigntest.Options{})
	seen := map[string]bool{}
	exchange := func(method, path, body string, want int, at string) gjson.Result {
		t.Helper()
		status, header, got := call(method, path, body)
		if status != want {
			t.Fatalf("%s %s: status %d %s, want %d", method, path, status, got, want)
		}
		r := httptest.NewRequest(method, "/"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		route, params, err := router.FindRoute(r)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		seen[method+" "+route.Path] = true
		if status >= 400 { // not in the document
			return gjson.Result{}
		}
		in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s: request: %v", method, path, err)
		}
		out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Header: header, Options: in.Options,
			Body: io.NopCloser(bytes.NewReader([]byte(got)))}
		if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
			t.Errorf("%s %s: answer: %v", method, path, err)
		}
		if at != "" {
			if got, want := keys(gjson.Get(got, at)), members(t, route, status, at); len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("%s %s: %s has %v, want %v", method, path, at, got, want)
			}
		}
		return gjson.Parse(got)
	}
	const body = `{"webhook":{"name":"My Hook","url":"https://example.com/my-hook","events":["subscribe","sent"],"sources":["public","system"]}}`
	made := exchange("POST", "webhooks", body, http.StatusCreated, "webhook")
	one := "webhooks/" + made.Get("webhook.id").Str
	exchange("GET", one, "", http.StatusOK, "webhook")
	list := exchange("GET", "webhooks?limit=100&offset=0", "", http.StatusOK, "webhooks.0")
	if meta := list.Get("meta.total"); meta.Type != gjson.String || meta.Str != "1" || list.Get("webhooks.0.listid").Str != "0" {
		t.Errorf("the list says %s, want one of all lists, as text", list.Raw)
	}
	changed := exchange("PUT", one, `{"webhook":{"name":"Renamed","listid":7}}`, http.StatusOK, "webhook")
	if w := changed.Get("webhook"); w.Get("name").Str != "Renamed" || w.Get("listid").Str != "7" || w.Get("events.#").Int() != 2 {
		t.Errorf("after a change of two members: %s", w.Raw)
	}
	exchange("DELETE", one, "", http.StatusOK, "")
	exchange("DELETE", one, "", http.StatusNotFound, "")
	exchange("GET", one, "", http.StatusNotFound, "")
	exchange("PUT", one, body, http.StatusNotFound, "")
	if len(seen) != 5 {
		t.Errorf("exercised %v, want all five operations", seen)
	}
}
