package asana_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/asana"
	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/connectortest"
)

func TestSpec(t *testing.T) { connectortest.Spec(t, asana.Connector, ".") }

// hooked is a world whose deliveries are signed.
type hooked struct{ *world }

func (hooked) SecretSetting() string    { return "webhook_secret" }
func (hooked) Freshness() time.Duration { return 0 } // Asana signs no time
func (hooked) SignsAddress() bool       { return false }
func (hooked) Unknown() []byte {
	return []byte(`{"events":[{"action":"invented","resource":{"gid":"1","resource_type":"hologram"}}]}`)
}

func (hooked) Deliver(_ *testing.T, body []byte, at time.Time) connectors.Delivery {
	d := signed(hookKey, body)
	d.URL, d.Received = "https://hub.example/hooks/pm", at
	return d
}

func TestWebhook(t *testing.T) {
	connectortest.Webhook(t, func(t *testing.T) connectortest.WebhookHarness {
		w := newWorld(t, true, nil)
		w.extra["webhook_secret"] = hookKey
		return hooked{w}
	})
}

func TestSignInAndLink(t *testing.T) {
	app := map[string]any{"client_id": "a", "client_secret": "b", "refresh_token": "c"}
	with := func(more ...string) map[string]any {
		m := map[string]any{}
		for key, v := range app {
			m[key] = v
		}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	cases := []struct {
		name string
		raw  map[string]any
		want string // in the error; "" = opens
	}{
		{"token", map[string]any{"token": "t"}, ""},
		{"oauth", app, ""},
		{"oauth with the field", with("link", "field"), ""},
		{"nothing", map[string]any{}, "sign-in is missing"},
		{"half of oauth", map[string]any{"client_id": "a"}, "sign-in is missing"},
		{"both", with("token", "t"), "both set"},
		{"external id with a token", map[string]any{"token": "t", "link": "external"}, "needs OAuth"},
	}
	for _, c := range cases {
		values, problems := asana.Connector.Spec.Parse(c.raw)
		if len(problems) > 0 {
			t.Fatalf("%s: %v", c.name, problems)
		}
		_, err := asana.Connector.Open(connectors.Env{Connection: "pm", Settings: values})
		if got := fmt.Sprint(err); c.want == "" && err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
	values, _ := asana.Connector.Spec.Parse(with("base_url", "https://asana.example:8443/api/1.0"))
	in, err := asana.Connector.Spec.SignIn(values)
	if err != nil || in.OAuth == nil || in.OAuth.TokenURL != "https://asana.example:8443/-/oauth_token" {
		t.Errorf("got %+v and %v, want the token address on the host of base_url", in.OAuth, err)
	}
}

func TestReadmeNamesEverySetting(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{"<!-- settings -->", "<!-- /settings -->"} {
		if !strings.Contains(string(text), mark) {
			t.Errorf("the README lacks the mark %s", mark)
		}
	}
	for _, s := range asana.Connector.Spec.Settings {
		if s.Help == "" || !strings.Contains(string(text), "`"+s.Name+"`") {
			t.Errorf("setting %s has no help or is not in the README", s.Name)
		}
	}
}

func finding(all []connectors.Finding, what string) connectors.Finding {
	for _, f := range all {
		if f.What == what {
			return f
		}
	}
	return connectors.Finding{Detail: "not found"}
}

func TestCheck(t *testing.T) {
	t.Run("all is well", func(t *testing.T) {
		w := newWorld(t, true, nil)
		w.extra["workspace"] = ""
		w.clock.Freeze()
		all, err := open(t, w).Check(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{"sign-in", "workspace", "projects", "custom fields", "rate"} {
			if f := finding(all, what); !f.OK {
				t.Errorf("%s: got %+v, want it to be OK", what, f)
			}
		}
		if n := w.log.Totals().Requests; n > 5 {
			t.Errorf("got %d requests, want at most 5", n)
		}
	})
	t.Run("wrong token", func(t *testing.T) {
		w := newWorld(t, false, nil)
		w.token = "wrong"
		all, err := open(t, w).Check(context.Background())
		if err != nil || finding(all, "sign-in").OK || strings.Contains(fmt.Sprint(all), "wrong") {
			t.Errorf("got %+v and %v, want one refused sign-in without the token", all, err)
		}
	})
	t.Run("free plan told as paid", func(t *testing.T) {
		w := newWorld(t, false, freePlan)
		w.extra["requests_per_minute"] = 1500
		all, err := open(t, w).Check(context.Background())
		if err != nil || !finding(all, "custom fields").OK || finding(all, "rate").OK {
			t.Errorf("got %+v and %v, want a warning about the rate", all, err)
		}
	})
	t.Run("unknown workspace", func(t *testing.T) {
		w := newWorld(t, false, nil)
		w.extra["workspace"] = "123456789"
		all, err := open(t, w).Check(context.Background())
		if err != nil || finding(all, "workspace").OK {
			t.Errorf("got %+v and %v, want a workspace that is not found", all, err)
		}
	})
}

// TestListCursorExpires: an old cursor must say so, not pass for the end of the list.
func TestListCursorExpires(t *testing.T) {
	w := newWorldWith(t, true, asanatest.Options{}, nil)
	target := open(t, w)
	upsert(t, target, connectors.Want{Item: deal(1)})
	for _, bad := range []connectors.Cursor{
		"rubbish", `{"v":9,"project":"1"}`, `{"v":1,"project":"` + connectors.Cursor(w.projectGIDs("Deals")[0]) + `","offset":"old"}`,
	} {
		_, _, err := target.List(context.Background(), "Deals", time.Time{}, bad)
		if connectors.KindOf(err) != connectors.Gone {
			t.Errorf("cursor %s: got %v, want gone", bad, err)
		}
	}
}

// TestFieldOfAnotherType: a field a person made may be of another type; what fits is written, what does not is named.
func TestFieldOfAnotherType(t *testing.T) {
	w := newWorld(t, true, nil)
	make := func(name, kind string) {
		w.call("POST", "/custom_fields", `{"data":{"workspace":"`+w.sim.Workspace()+`","name":"`+name+`","resource_subtype":"`+kind+`"}}`, &struct{}{})
	}
	make("Stage", "text")
	make("Customer", "number")
	target := open(t, w)
	_, err := target.Upsert(context.Background(), connectors.Want{Item: deal(1)})
	if connectors.KindOf(err) != connectors.Rejected || !strings.Contains(err.Error(), `"Customer"`) {
		t.Errorf("text into a number field: got %v, want it rejected with the field's name", err)
	}
	it := deal(1)
	it.Fields[2].Value = "42"
	upsert(t, target, connectors.Want{Item: it})
	if got := only(t, w, it.Key).Fields; got["Stage"] != "New" || got["Customer"] != "42" {
		t.Errorf("got the fields %v, want Stage New and Customer 42", got)
	}
}
