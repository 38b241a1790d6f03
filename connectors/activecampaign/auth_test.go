package activecampaign_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/activecampaign"
	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/connectortest"
)

// TestAddressIsTakenAsGiven: the address is ActiveCampaign's or the key goes nowhere; it is never made of anything. Only
// base_url, which has to be set on purpose, leads elsewhere.
func TestAddressIsTakenAsGiven(t *testing.T) {
	const key = "secret-key"
	for address, good := range map[string]bool{
		"https://acme.api-us1.com": true, "https://acme.api-us1.com/": true, "https://acme.activehosted.com": true, "https://acme-2.api-us1.com": true,
		"http://acme.api-us1.com": false, "https://api-us1.com": false, "https://.api-us1.com": false, "https://acme.api-us1.com.evil.example": false,
		"https://evil.example/acme.api-us1.com": false, "https://evil.example#.api-us1.com": false, "https://evil.example?.api-us1.com": false,
		"https://acme.api-us1.com@evil.example": false, "https://evil@acme.api-us1.com": false, "https://acme.api-us1.com:8443": false,
		"https://acme.api-us1.com/api/3": false, "https://evil.acme.api-us1.com": false, "https://evilapi-us1.com": false, "https://acme.api-us2.com": false, "acme": false,
	} {
		values, problems := activecampaign.Connector.Spec.Parse(map[string]any{"account_url": address, "api_token": key})
		in, err := activecampaign.Connector.Spec.SignIn(values)
		if got := err == nil && len(problems) == 0; got != good {
			t.Errorf("%s: accepted %v (%v %v), want %v", address, got, err, problems, good)
		}
		if err != nil && strings.Contains(err.Error(), key) {
			t.Errorf("%s: the error shows the key", address)
		}
		if good && (in.Header == nil || in.Header.Name != "Api-Token" || in.Header.Value.Reveal() != key || values.String("base_url") != strings.TrimRight(address, "/")) {
			t.Errorf("%s: got %+v at %s", address, in, values.String("base_url"))
		}
	}
	for _, s := range []map[string]any{{"api_token": key}, {"account_url": "https://acme.api-us1.com"}, {}, {"account_url": "https://evil.example", "base_url": "http://127.0.0.1:1", "api_token": key}} {
		values, _ := activecampaign.Connector.Spec.Parse(s)
		if _, err := activecampaign.Connector.Spec.SignIn(values); err == nil {
			t.Errorf("%d settings: got no error", len(s))
		}
	}
	values, _ := activecampaign.Connector.Spec.Parse(map[string]any{"base_url": "http://127.0.0.1:1", "api_token": key})
	if _, err := activecampaign.Connector.Spec.SignIn(values); err != nil {
		t.Errorf("a simulator: %v", err)
	}
}

// TestSettingsAreChecked: what the kinds of the settings do not find is found when the connection is opened.
func TestSettingsAreChecked(t *testing.T) {
	for _, pair := range [][2]any{{"requests_per_second", "0"}, {"requests_per_second", "6"}, {"requests_per_second", "-1"}, {"relist_every", "1m"}} {
		values, problems := activecampaign.Connector.Spec.Parse(map[string]any{"account_url": "https://acme.api-us1.com", "api_token": "k", pair[0].(string): pair[1]})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if _, err := activecampaign.Connector.Open(connectors.Env{Settings: values}); err == nil || !strings.Contains(err.Error(), pair[0].(string)) {
			t.Errorf("%v: got %v, want an error that names it", pair, err)
		}
	}
}

// TestRefusals: each refusal has its kind, and says what to do where a person must do it.
func TestRefusals(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	var status int
	var body string
	h.front = func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Retry-After", map[int]string{429: "30"}[status])
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
	for _, c := range []struct {
		status int
		body   string
		kind   connectors.Kind
		says   string
	}{
		{402, `{"message":"x"}`, connectors.Denied, "expired"},
		{403, `{"message":"x"}`, connectors.Denied, "api_token"},
		{401, ``, connectors.Denied, "api_token"},
		{404, `{"message":"No Result found for Contact with id 5"}`, connectors.Gone, "account_url"},
		{404, `<html>`, connectors.Gone, "account_url"},
		{422, `{"errors":[{"title":"zoe@initech.example is bad","code":"field_invalid"}]}`, connectors.Rejected, "field_invalid"},
		{429, ``, connectors.Limited, ""},
		{500, `{"message":"zoe@initech.example"}`, connectors.Temporary, ""},
		{301, ``, connectors.Denied, "base_url"},
	} {
		status, body = c.status, c.body
		_, err := newReader(t, h, "contacts").src.Read(context.Background(), "contacts", "")
		if connectors.KindOf(err) != c.kind || !strings.Contains(fmt.Sprint(err), c.says) || strings.Contains(fmt.Sprint(err), "initech") || strings.Contains(fmt.Sprint(err), testToken) {
			t.Errorf("%d: got %v, want %v that says %q", c.status, err, c.kind, c.says)
		}
		if c.status == 429 && connectors.After(err) != 30*time.Second {
			t.Errorf("429: got %v, want what Retry-After says", connectors.After(err))
		}
	}
	// One object that is not there is no wrong address.
	status, body = 404, `{"message":"No Result found for Deal with id 5"}`
	got, err := newReader(t, h, "deals").src.(connectors.Getter).Get(context.Background(), []connectors.Ref{{Connection: connectortest.Connection, Object: "deals", ID: "5"}})
	if err != nil || len(got) != 0 {
		t.Errorf("got %d records and %v, want none", len(got), err)
	}
}

// TestCheck: what `millrace check` says, line by line.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*activecampaigntest.Options)
		extra  map[string]any
		want   map[string]bool // finding: OK
		says   string
	}{
		{"all is well", nil, nil, map[string]bool{"sign-in": true, "webhook": true, "streams": true, "listing anew": true}, "all 10 can be read"},
		{"wrong key", nil, map[string]any{"api_token": "wrong"}, map[string]bool{"sign-in": false}, "api_token"},
		{"expired", func(o *activecampaigntest.Options) { o.Expired = true }, nil, map[string]bool{"sign-in": false}, "expired"},
		{"deals are not in the plan", func(o *activecampaigntest.Options) { o.Forbidden = []string{"deals", "dealGroups"} }, nil, map[string]bool{"sign-in": true, "streams": false}, "deals: "},
		{"no side loads", func(o *activecampaigntest.Options) { o.NoSideLoads = true }, nil, map[string]bool{"streams": false}, "side_loads"},
		{"short secret", nil, map[string]any{"webhook_secret": "short"}, map[string]bool{"webhook": false}, "16"},
	} {
		h := newHarness(t, "contacts", c.change)
		contact(t, h, "zoe@initech.example")
		for k, v := range c.extra {
			h.extra[k] = v
		}
		list, err := connectortest.Open(t, h).(connectors.Checker).Check(context.Background())
		must(t, err)
		got, text := map[string]bool{}, ""
		for _, f := range list {
			got[f.What], text = f.OK, text+f.Detail+"\n"
		}
		for what, ok := range c.want {
			if have, there := got[what]; !there || have != ok {
				t.Errorf("%s: %s: got %v (there: %v), want %v\n%s", c.name, what, have, there, ok, text)
			}
		}
		if !strings.Contains(text, c.says) || strings.Contains(text, testToken) {
			t.Errorf("%s: got %s, want it to say %q", c.name, text, c.says)
		}
	}
}

// TestCheckSaysWhatListingCosts: an account of millions leaves little for everything else.
func TestCheckSaysWhatListingCosts(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	contact(t, h, "zoe@initech.example")
	h.extra["relist_every"] = "1h"
	h.front = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rewrite(w, r, next, func(body string) string { return strings.Replace(body, `"total":"1"`, `"total":"3000000"`, 1) })
	}
	list, err := connectortest.Open(t, h).(connectors.Checker).Check(context.Background())
	must(t, err)
	for _, f := range list {
		if f.What == "listing anew" && (f.OK || !strings.Contains(f.Detail, "30001 requests") || !strings.Contains(f.Detail, "relist_every")) {
			t.Errorf("got %+v", f)
		}
	}
}
