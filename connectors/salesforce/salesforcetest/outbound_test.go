package salesforcetest_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// envelope is an outbound message as a receiver reads it.
type envelope struct {
	XMLName       xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Notifications struct {
		OrganizationID string `xml:"OrganizationId"`
		ActionID       string `xml:"ActionId"`
		SessionID      string `xml:"SessionId"`
		EnterpriseURL  string `xml:"EnterpriseUrl"`
		Notification   []struct {
			ID     string `xml:"Id"`
			Object struct {
				Type   string `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
				Fields []struct {
					XMLName xml.Name
					Value   string `xml:",chardata"`
				} `xml:",any"`
			} `xml:"sObject"`
		}
	} `xml:"Body>notifications"`
}

// listener receives outbound messages and answers what it is told.
type listener struct {
	status int
	body   string
	got    []envelope
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var e envelope
	if err := xml.Unmarshal(body, &e); err == nil {
		l.got = append(l.got, e)
	}
	w.WriteHeader(l.status)
	_, _ = io.WriteString(w, l.body)
}

const ack = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>`

func TestOutboundMessages(t *testing.T) {
	l := &listener{status: 500}
	srv := httptest.NewServer(l)
	defer srv.Close()
	o := open(t, salesforcetest.Options{})
	o.AddOutbound(salesforcetest.Outbound{Object: "Contact", Fields: []string{"LastName", "Title", "CreatedDate"}, URL: srv.URL})
	ids := o.contacts(130)
	must(t, o.Set("Contact", map[string]any{"LastName": "a & b"}, ids[0]))
	o.create("Account", map[string]any{"Name": "not told"})
	sum, err := o.Send(t.Context())
	must(t, err)
	if sum.Requests != 2 || sum.Failed != 131 || len(l.got[0].Notifications.Notification) != 100 {
		t.Errorf("got %+v, want 131 in two envelopes", sum)
	}
	n := l.got[0].Notifications
	if n.OrganizationID != salesforcetest.DefaultOrgID || n.SessionID != "" || n.Notification[0].Object.Type != "sf:Contact" {
		t.Errorf("got %+v", n)
	}
	var names []string
	for _, f := range n.Notification[0].Object.Fields {
		names = append(names, f.XMLName.Local+"="+f.Value)
	}
	// The message shows the row as it is when it is sent, with fields that have a value only.
	if want := []string{"Id=" + ids[0], "CreatedDate=2026-11-22T09:00:00.000Z", "LastName=a & b"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	first := n.Notification[0].ID
	if sum, _ = o.Send(t.Context()); sum.Requests != 0 {
		t.Errorf("got %+v at once, want a delay before the next attempt", sum)
	}
	l.status, l.body, l.got = 200, "<html>fine</html>", nil
	o.clock.Advance(15 * time.Second)
	if sum, _ = o.Send(t.Context()); sum.Failed != 131 || l.got[0].Notifications.Notification[0].ID != first {
		t.Errorf("got %+v, want the same notifications again: 200 without an Ack is no answer", sum)
	}
	l.body = ack
	o.clock.Advance(time.Minute)
	if sum, _ = o.Send(t.Context()); sum.Acked != 131 || o.PendingMessages() != 0 {
		t.Errorf("got %+v and %d pending", sum, o.PendingMessages())
	}
	l.status = 503
	must(t, o.Set("Contact", map[string]any{"Title": "x"}, ids[1]))
	tries, most := 0, time.Duration(0)
	for at := time.Duration(0); at < 25*time.Hour; at += 5 * time.Minute {
		if sum, _ = o.Send(t.Context()); sum.Requests > 0 {
			tries, most = tries+1, at
		}
		o.clock.Advance(5 * time.Minute)
	}
	if o.PendingMessages() != 0 || tries < 12 || tries > 30 || most >= 24*time.Hour {
		t.Errorf("%d pending after %d tries, the last after %v; want none after 24 hours", o.PendingMessages(), tries, most)
	}
}

// TestRecordedOutboundMessage compares the elements of a message with a recorded one.
func TestRecordedOutboundMessage(t *testing.T) {
	raw, err := os.ReadFile(connectortest.Shared(t, "recorded", "salesforce", "outbound-message", "Salesforce.xml"))
	must(t, err)
	var want envelope
	must(t, xml.Unmarshal(raw, &want))
	recordedAck, err := os.ReadFile(connectortest.Shared(t, "recorded", "salesforce", "outbound-message", "ack-response.xml"))
	must(t, err)
	l := &listener{status: 200, body: string(recordedAck)}
	srv := httptest.NewServer(l)
	defer srv.Close()
	o := open(t, salesforcetest.Options{})
	o.AddOutbound(salesforcetest.Outbound{Object: "Contact", Fields: []string{"CreatedDate", "FirstName", "LastName", "Title"}, URL: srv.URL, ShortOrgID: true})
	o.create("Contact", map[string]any{"FirstName": "Jeraldine", "LastName": "Black", "Title": "White"})
	sum, err := o.Send(t.Context())
	must(t, err)
	if sum.Acked != 1 {
		t.Fatalf("got %+v, the recorded Ack is not understood", sum)
	}
	got, a := l.got[0].Notifications, want.Notifications
	if len(got.OrganizationID) != len(a.OrganizationID) || got.ActionID[:3] != a.ActionID[:3] || got.Notification[0].ID[:3] != a.Notification[0].ID[:3] || got.Notification[0].Object.Type != a.Notification[0].Object.Type {
		t.Errorf("got %+v, want the form of %+v", got, a)
	}
	for i, f := range a.Notification[0].Object.Fields {
		if g := got.Notification[0].Object.Fields[i]; g.XMLName != f.XMLName || len(g.Value) == 0 {
			t.Errorf("element %d: got %v, want %v", i, g, f)
		}
	}
}
