package activecampaign_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/connectortest"
)

// inbox is a receiver that verifies and parses what it gets.
type inbox struct {
	hook connectors.Webhook

	mu    sync.Mutex
	hints []connectors.Hint
	errs  []error
}

// ServeHTTP implements http.Handler.
func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	d := connectors.Delivery{Method: r.Method, URL: publicURL, Path: r.URL.Path, Header: r.Header, Body: body, Received: time.Now()}
	if err == nil {
		err = b.hook.Verify(d)
	}
	hints, parseErr := b.hook.Parse(d)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		err = parseErr
	}
	if err != nil {
		b.errs = append(b.errs, err)
	}
	b.hints = append(b.hints, hints...)
	w.WriteHeader(b.hook.(connectors.Answerer).Answer(d, err == nil).Status)
}

// TestDeliveriesLeadToTheTruth: what the account's webhooks hint at is fetched, and says what the account knows.
func TestDeliveriesLeadToTheTruth(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	box := &inbox{hook: connectortest.Open(t, h).(connectors.Webhook)}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	h.sim.Hook(activecampaigntest.Webhook{URL: server.URL + "/millrace/ac-main/" + testSecret})
	id := contact(t, h, "zoe+1@initech.example")
	account := h.make(t, "accounts", map[string]any{"name": "Initech & “Sons”"})
	h.make(t, "accountContacts", map[string]any{"account": account, "contact": id, "jobTitle": "CEO"})
	deal := h.make(t, "deals", map[string]any{"title": "Order 7", "contact": id, "value": "100"})
	must(t, h.sim.Subscribe(id, "1", activecampaigntest.Unsubscribed), h.sim.Tag(id, "a, b"), h.sim.SetField(id, "TIER", "dropdown", "Gold=1&2"), h.sim.Untag(id, "a, b"),
		h.sim.Set("deals", map[string]any{"status": 1}, deal))
	sent, err := h.sim.Deliver(context.Background())
	if err != nil || sent.Events != 8 || sent.Lost != 0 || len(box.errs) > 0 {
		t.Fatalf("got %+v, %v and %v, want 8 deliveries accepted", sent, err, box.errs)
	}
	refs := map[connectors.Ref]bool{}
	var list []connectors.Ref
	for _, hint := range box.hints {
		if hint.At.IsZero() || hint.Deleted.Kind != connectors.NotDeleted {
			t.Errorf("got %+v, want a time and no deletion", hint)
		}
		if !refs[hint.Ref] {
			refs[hint.Ref], list = true, append(list, hint.Ref)
		}
	}
	records, err := box.hook.(connectors.Getter).Get(context.Background(), list)
	must(t, err)
	got := byKey(records)
	for key, says := range map[string]string{"contacts/" + id: `"status":"2"`, "deals/" + deal: `"status":"1"`, "accounts/" + account: "Sons", "accountContacts/1": "CEO"} {
		if !strings.Contains(string(got[key].Data), says) {
			t.Errorf("%s: got %s, want it to say %s", key, got[key].Data, says)
		}
	}
	for _, stream := range []string{"deals", "accounts", "accountContacts"} {
		r := newReader(t, h, stream)
		r.drain(t)
		for key, rec := range r.got {
			if string(rec.Data) != string(got[key].Data) || !rec.Version.Equal(got[key].Version) {
				t.Errorf("%s: fetched\n%s\nread\n%s", key, got[key].Data, rec.Data)
			}
		}
	}
	if h.sim.Off(server.URL + "/millrace/ac-main/" + testSecret) {
		t.Error("the webhook was turned off")
	}
}

// TestNeverAnswered410: it would turn the webhook off for ever.
func TestNeverAnswered410(t *testing.T) {
	a := connectortest.Open(t, newHarness(t, "contacts", nil)).(connectors.Answerer)
	for _, stored := range []bool{true, false} {
		got := a.Answer(connectors.Delivery{}, stored).Status
		if got == http.StatusGone || (got/100 == 2) != stored {
			t.Errorf("stored %v: got %d", stored, got)
		}
	}
}

// TestOnlyWhatIsReadIsHintedAt: events about streams that are not read lead nowhere.
func TestOnlyWhatIsReadIsHintedAt(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	h.extra["streams"] = []string{"contacts"}
	w := connectortest.Open(t, h).(connectors.Webhook)
	for body, want := range map[string]int{
		"type=deal_update&deal[id]=7&contact[id]=5": 1, "type=deal_update&deal[id]=7": 0, "type=update&contact[id]=0": 0, "type=update&contact[id]=x": 0,
		"type=update&contact[id]=5&contact[id]=6": 1, "type=update&contact%5Bid%5D=5": 1, "type=sent&campaign[id]=4": 0,
	} {
		hints, err := w.Parse(connectors.Delivery{Body: []byte(body)})
		if err != nil || len(hints) != want {
			t.Errorf("%s: got %v and %v, want %d hints", body, hints, err, want)
		}
	}
	if _, err := w.Parse(connectors.Delivery{Body: []byte("contact[id]=5")}); err == nil {
		t.Error("a delivery without a type: got no error")
	}
}

// TestShortSecretIsRefused: nothing protects the path but its length.
func TestShortSecretIsRefused(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	h.extra["webhook_secret"] = "short"
	d := h.Deliver(t, []byte("type=update&contact[id]=5"), h.clock.Now())
	d.Path = "/short"
	if err := connectortest.Open(t, h).(connectors.Webhook).Verify(d); err == nil || strings.Contains(err.Error(), "/short") {
		t.Errorf("got %v, want it refused without the path", err)
	}
	d.Method = http.MethodGet
	d.Path = "/" + testSecret
	h.extra["webhook_secret"] = testSecret
	if connectortest.Open(t, h).(connectors.Webhook).Verify(d) == nil {
		t.Error("a GET passes")
	}
}
