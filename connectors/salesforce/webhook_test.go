package salesforce_test

import (
	"os"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// TestForeignOrganizationIsRefused: the organization's id is checked with 15 characters and with 18, and only once the secret
// was right.
func TestForeignOrganizationIsRefused(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	body, err := os.ReadFile("testdata/webhooks/contacts.xml")
	if err != nil {
		t.Fatal(err)
	}
	d := h.Deliver(t, body, h.clock.Now())
	for id, want := range map[string]bool{"00Dak00000SandBEAR": true, "00Dak00000SandB": true, "00Dak00000sandb": false, "00D000000000001EAA": false, "": true} {
		err := connectortest.Open(t, h, "organization_id", id).(connectors.Webhook).Verify(d)
		if (err == nil) != want {
			t.Errorf("%q: got %v, want it accepted: %v", id, err, want)
		}
	}
	w := connectortest.Open(t, h).(connectors.Webhook)
	d.Body = []byte("no XML at all")
	if w.Verify(d) == nil {
		t.Error("a body without an organization: got no error")
	}
	d.Path = "/millrace/sf-main/wrong"
	if err := w.Verify(d); err == nil || !strings.Contains(err.Error(), "path") {
		t.Errorf("got %v, want the path refused before the body is looked at", err)
	}
}

// TestShortSecretIsRefused: nothing protects the path but its length.
func TestShortSecretIsRefused(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	d := h.Deliver(t, []byte("<x/>"), h.clock.Now())
	d.Path = "/short"
	if err := connectortest.Open(t, h, "webhook_secret", "short").(connectors.Webhook).Verify(d); err == nil || strings.Contains(err.Error(), "/short") {
		t.Errorf("got %v, want it refused without the path", err)
	}
}

// TestAcknowledgedWhenStored: anything but an acknowledgement makes Salesforce send again.
func TestAcknowledgedWhenStored(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	a := connectortest.Open(t, h).(connectors.Answerer)
	good, bad := a.Answer(connectors.Delivery{}, true), a.Answer(connectors.Delivery{}, false)
	if good.Status != 200 || !strings.Contains(string(good.Body), "<Ack>true</Ack>") || !strings.HasPrefix(good.ContentType, "text/xml") {
		t.Errorf("stored: got %d %s", good.Status, good.Body)
	}
	if bad.Status < 500 || strings.Contains(string(bad.Body), "true") {
		t.Errorf("not stored: got %d %s", bad.Status, bad.Body)
	}
}

// TestRecordedMessages: what others received from Salesforce is read, the placeholders among the ids aside.
func TestRecordedMessages(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	w := connectortest.Open(t, h).(connectors.Webhook)
	for file, want := range map[string]int{"Salesforce.xml": 2, "Salesforce.Empty.xml": 0, "Salesforce.BadSecret.xml": 0, "guardian-soapNotificationsRequest.xml": 0} {
		body, err := os.ReadFile(connectortest.Shared(t, "recorded/salesforce/outbound-message", file))
		if err != nil {
			t.Fatal(err)
		}
		hints, err := w.Parse(connectors.Delivery{Body: body})
		if err != nil || len(hints) != want {
			t.Errorf("%s: got %d hints and %v, want %d", file, len(hints), err, want)
		}
	}
}
