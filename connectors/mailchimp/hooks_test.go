package mailchimp_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
)

// TestProbe: Mailchimp's GET is answered when it shows the secret, and proves nothing else.
func TestProbe(t *testing.T) {
	path := "/millrace/mc-main/"
	for _, c := range []struct {
		with         []any
		method, path string
		ok           bool
	}{
		{nil, "GET", path + testSecret, true}, {nil, "HEAD", path + testSecret + "/", true}, {nil, "GET", path + "other-secret-0123456789", false},
		{nil, "GET", path, false}, {nil, "POST", path + testSecret, false},
		{[]any{"webhook_secret", ""}, "GET", path, false},
		{[]any{"webhook_secret", "", "signing_secret", "s"}, "GET", path, true},
		{[]any{"signing_secret", "s"}, "GET", path, false},
	} {
		w := connectortest.Open(t, newHooked(false), c.with...)
		d := connectors.Delivery{Method: c.method, Path: c.path, Header: http.Header{}}
		if err := w.(connectors.Prober).Probe(d); (err == nil) != c.ok {
			t.Errorf("%v %s %s: got %v", c.with, c.method, c.path, err)
		}
		if c.method == "GET" && w.(connectors.Webhook).Verify(d) == nil {
			t.Errorf("%s: the probe passes for a delivery", c.path)
		}
	}
}

// TestBothSecretsMustHold: with both set a delivery without a signature, or to another path, is refused.
func TestBothSecretsMustHold(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	w := connectortest.Open(t, newHooked(false), "signing_secret", " other , "+signingKey).(connectors.Webhook)
	d := signed(signingKey, []byte("type=profile"), now)
	if w.Verify(d) == nil {
		t.Error("no secret in the path: got no error")
	}
	d.Path = "/millrace/mc-main/" + testSecret
	must(t, w.Verify(d))
	for name, header := range map[string]string{"none": "", "no time": "v1=" + strings.Repeat("ab", 32), "two times": "t=1,t=2,v1=" + strings.Repeat("ab", 32),
		"short": "t=1,v1=abcd", "another version": strings.Replace(d.Header.Get("X-Mailchimp-Signature"), "v1", "v0", 1)} {
		bad := d
		bad.Header = http.Header{"X-Mailchimp-Signature": {header}}
		if w.Verify(bad) == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	twice := d
	twice.Header = http.Header{"X-Mailchimp-Signature": {d.Header.Get("X-Mailchimp-Signature"), d.Header.Get("X-Mailchimp-Signature")}}
	if w.Verify(twice) == nil {
		t.Error("the header twice: got no error")
	}
	if w.Verify(posted([]byte("type=profile"), now)) == nil {
		t.Error("no signature: got no error")
	}
}

// TestSignatureVector: the shared vector verifies.
func TestSignatureVector(t *testing.T) {
	text, err := os.ReadFile(connectortest.Shared(t, "recorded/signatures/test-vectors.json"))
	must(t, err)
	vector := gjson.GetBytes(text, `vectors.#(vendor=="mailchimp")`)
	if !vector.Exists() {
		vector = gjson.GetBytes(text, `@values.#(#(vendor=="mailchimp")).#(vendor=="mailchimp")`)
	}
	if !vector.Exists() {
		t.Fatal("there is no vector of Mailchimp's")
	}
	at := time.Unix(vector.Get("timestamp").Int(), 0)
	w := connectortest.Open(t, newHooked(true), "signing_secret", vector.Get("secret").String()).(connectors.Webhook)
	d := signed("", []byte(vector.Get("body").String()), at)
	d.Header.Set("X-Mailchimp-Signature", vector.Get("header").String())
	must(t, w.Verify(d))
}

// TestRecordedDeliveries: documented and recorded deliveries give the hints that the differences between them allow.
func TestRecordedDeliveries(t *testing.T) {
	w := connectortest.Open(t, newHooked(false)).(connectors.Webhook)
	for file, want := range map[string]string{
		"doc-subscribe": "members/a6b5da1054:email:8a25ff1d98", "doc-unsubscribe": "members/a6b5da1054:email:8a25ff1d98", "doc-profile": "members/a6b5da1054:email:8a25ff1d98",
		"doc-upemail": "members/a6b5da1054:email:51da8c3259", "doc-cleaned": "members/a6b5da1054:cleaned:1238104860", "doc-campaign": "campaigns/5aa2102003",
		"recorded-unsubscribe-2018": "members/19a203dae6:email:c4fe21552a",
	} {
		body, err := os.ReadFile(connectortest.Shared(t, "recorded/mailchimp/webhooks/"+file+".form"))
		must(t, err)
		hints, err := w.Parse(posted([]byte(strings.TrimSpace(string(body))), time.Now()))
		if err != nil || len(hints) != 1 || hints[0].Ref.String() != "under-test/"+want || hints[0].At.IsZero() || hints[0].Deleted.Kind != connectors.NotDeleted {
			t.Errorf("%s: got %+v and %v, want %s", file, hints, err, want)
		}
	}
	text, err := os.ReadFile(connectortest.Shared(t, "recorded/mailchimp/webhooks/recorded-upemail-2021.json"))
	must(t, err)
	decoded := gjson.ParseBytes(text)
	form := "type=" + decoded.Get("type").String()
	decoded.Get("data").ForEach(func(k, v gjson.Result) bool { form += "&data[" + k.String() + "]=" + v.String(); return true })
	if hints, err := w.Parse(posted([]byte(form), time.Now())); err != nil || len(hints) != 1 || hints[0].Ref.ID != "3cc3b53cd9:email:b255ea154d" {
		t.Errorf("upemail of 2021: got %+v and %v", hints, err)
	}
}

// TestDeliveriesAreFetched: what the simulator sends is believed by its path or signature, and fetching what it hints at gives
// every member as it is, under its own id, in whatever order the deliveries come.
func TestDeliveriesAreFetched(t *testing.T) {
	h := newHarness(t, nil)
	h.extra["signing_secret"] = "to be replaced"
	var got []connectors.Hint
	var w connectors.Webhook
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body := make([]byte, 64<<10)
		n, _ := r.Body.Read(body)
		d := connectors.Delivery{Method: r.Method, Path: r.URL.Path, Header: r.Header, Body: body[:n], Received: h.clock.Now()}
		if r.Method == http.MethodGet {
			if w.(connectors.Prober).Probe(d) != nil {
				rw.WriteHeader(http.StatusNotFound)
			}
			return
		}
		if err := w.Verify(d); err != nil {
			t.Error(err)
		}
		hints, err := w.Parse(d)
		if err != nil {
			t.Error(err)
		}
		got = append(got, hints...)
	}))
	t.Cleanup(server.Close)
	id := h.sim.Subscribe(mailchimptest.Webhook{List: h.list, URL: server.URL + "/mc/" + testSecret, Signed: true})
	h.extra["signing_secret"] = h.sim.SigningSecret(id)
	opened := connectortest.Open(t, h)
	w = opened.(connectors.Webhook)
	ids := h.Create(t, 5)
	h.clock.Advance(time.Minute)
	must(t, h.sim.Set(mailchimptest.Member{Email: "moved@initech.example"}, ids[0]), h.sim.Set(mailchimptest.Member{Status: "unsubscribed", ByPerson: true}, ids[1]),
		h.sim.Set(mailchimptest.Member{Status: "cleaned"}, ids[2]), h.sim.Archive(ids[3]), h.sim.Delete(ids[4]))
	campaign := h.sim.AddCampaign(mailchimptest.Campaign{List: h.list, Title: "T", Subject: "S", Sent: h.clock.Now()})
	h.sim.ReverseEvents()
	sum, err := h.sim.Deliver(t.Context())
	if err != nil || sum.Events != sum.Requests || sum.Events < 10 {
		t.Fatalf("got %+v and %v", sum, err)
	}
	all := map[connectors.Ref]connectors.Record{}
	for _, hint := range got {
		records, err := opened.(connectors.Getter).Get(t.Context(), []connectors.Ref{hint.Ref})
		must(t, err)
		for _, r := range records {
			all[r.Ref] = r
		}
	}
	var list []connectors.Record
	for _, r := range all {
		list = append(list, r)
	}
	if _, ok := of("campaigns", list)[campaign]; !ok || len(of("members", list)) != 4 {
		t.Errorf("got %d members and the campaign: %v", len(of("members", list)), ok)
	}
	check(t, h, list)
}
