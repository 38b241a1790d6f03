package salesforcetest

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// The bounds of outbound messages, see
// https://help.salesforce.com/s/articleView?id=platform.workflow_om_considerations.htm.
const (
	maxNotifications = 100
	messageLife      = 24 * time.Hour
	maxRetryDelay    = 2 * time.Hour
	firstRetryDelay  = 15 * time.Second
)

// Outbound is an outbound message: rows of an object that are created or changed are told to an address.
type Outbound struct {
	Object string
	Fields []string // besides Id
	URL    string
	// ShortOrgID sends the organization's id with 15 characters, as some organizations do.
	ShortOrgID bool
}

// notification is one row that waits to be told. What is in it is read when it is sent: the latest state, not the one
// that caused it.
type notification struct {
	id       string
	rule     int
	row      string
	made     time.Time
	due      time.Time
	attempts int
}

// outbox holds the messages and what waits.
type outbox struct {
	mu      sync.Mutex
	rules   []Outbound
	waiting []notification
	last    uint64
}

// AddOutbound makes every creation and change of the object's rows from now on queue a notification.
func (s *Server) AddOutbound(m Outbound) {
	s.outbox.mu.Lock()
	s.outbox.rules = append(s.outbox.rules, m)
	rule := len(s.outbox.rules) - 1
	s.outbox.mu.Unlock()
	s.OnChange(func(c Change) {
		if strings.EqualFold(c.Object, m.Object) && (c.Type == Created || c.Type == Updated) {
			s.queue(rule, c.IDs)
		}
	})
}

// queue adds notifications for rows.
func (s *Server) queue(rule int, ids []string) {
	b := &s.outbox
	b.mu.Lock()
	defer b.mu.Unlock()
	now := s.now()
	for _, id := range ids {
		b.last++
		b.waiting = append(b.waiting, notification{id: newID("04l"+pod, firstSerial+b.last), rule: rule, row: id, made: now, due: now})
	}
}

// PendingMessages returns how many notifications wait to be acknowledged.
func (s *Server) PendingMessages() int {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	return len(s.outbox.waiting)
}

// Sent says what a Send did.
type Sent struct {
	Requests int // envelopes posted
	Acked    int // notifications that were acknowledged
	Failed   int // notifications that were not and wait for a later Send
	Dropped  int // notifications given up after 24 hours
}

// Send posts the notifications that are due, at most 100 in an envelope, and returns when all were answered. What is not
// acknowledged stays and is due again after a delay that doubles up to two hours, on the vendor's clock; after 24 hours
// it is dropped. It returns an error only when ctx ends.
func (s *Server) Send(ctx context.Context) (Sent, error) {
	var sum Sent
	rules, waiting := s.dueMessages(&sum)
	for rule, due := range waiting {
		for chunk := range slices.Chunk(due, maxNotifications) {
			if err := ctx.Err(); err != nil {
				return sum, fmt.Errorf("send outbound messages: %w", err)
			}
			sum.Requests++
			acked := s.post(ctx, rules[rule], chunk)
			s.settleMessages(chunk, acked, &sum)
		}
	}
	return sum, nil
}

// SendEvery sends at an interval until ctx ends, and returns then. The caller owns the goroutine.
func (s *Server) SendEvery(ctx context.Context, every time.Duration) {
	sandbox.Every(ctx, every, func(ctx context.Context) { _, _ = s.Send(ctx) }) // what failed waits
}

// ReverseMessages turns the order of what waits round: the vendor promises none.
func (s *Server) ReverseMessages() {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	slices.Reverse(s.outbox.waiting)
}

// dueMessages drops what is too old and returns the messages and, for each, what is due.
func (s *Server) dueMessages(sum *Sent) ([]Outbound, [][]notification) {
	b := &s.outbox
	b.mu.Lock()
	defer b.mu.Unlock()
	now := s.now()
	out := make([][]notification, len(b.rules))
	b.waiting = slices.DeleteFunc(b.waiting, func(n notification) bool {
		old := now.Sub(n.made) >= messageLife
		if old {
			sum.Dropped++
		} else if !n.due.After(now) {
			out[n.rule] = append(out[n.rule], n)
		}
		return old
	})
	return slices.Clone(b.rules), out
}

// settleMessages takes acknowledged notifications out and plans the next attempt of the others.
func (s *Server) settleMessages(chunk []notification, acked bool, sum *Sent) {
	b := &s.outbox
	b.mu.Lock()
	defer b.mu.Unlock()
	ids := map[string]bool{}
	for _, n := range chunk {
		ids[n.id] = true
	}
	if acked {
		sum.Acked += len(chunk)
		b.waiting = slices.DeleteFunc(b.waiting, func(n notification) bool { return ids[n.id] })
		return
	}
	sum.Failed += len(chunk)
	for i := range b.waiting {
		if n := &b.waiting[i]; ids[n.id] {
			n.due = s.now().Add(min(firstRetryDelay<<min(n.attempts, 12), maxRetryDelay))
			n.attempts++
		}
	}
}

// post sends one envelope and reports whether it was acknowledged: 200 with an Ack of true in a SOAP envelope.
func (s *Server) post(ctx context.Context, m Outbound, chunk []notification) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(s.envelope(m, chunk)))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", `""`)
	req.Header.Set("User-Agent", "SFDC-Callout/67.0")
	res, err := s.opt.Send.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	return err == nil && res.StatusCode == http.StatusOK && acknowledged(body)
}

// acknowledged reads the answer.
func acknowledged(body []byte) bool {
	var in struct {
		XMLName  xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Response struct {
			Ack string `xml:"http://soap.sforce.com/2005/09/outbound Ack"`
		} `xml:"Body>notificationsResponse"`
	}
	return xml.Unmarshal(body, &in) == nil && strings.TrimSpace(in.Response.Ack) == "true"
}

// envelope writes notifications in the vendor's form (recorded). SessionId is empty since February 2026; fields without
// a value are left out; a row that was purged meanwhile has its id only.
func (s *Server) envelope(m Outbound, chunk []notification) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	org := s.opt.OrgID
	if m.ShortOrgID {
		org = org[:15]
	}
	var b bytes.Buffer
	b.WriteString(xml.Header + `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
`)
	base := "https://acme.my.salesforce.com"
	if named := s.instance.Load(); named != nil {
		base = *named
	}
	fmt.Fprintf(&b, "   <OrganizationId>%s</OrganizationId>\n   <ActionId>%s</ActionId>\n   <SessionId xsi:nil=\"true\"/>\n", org, newID("04k"+pod, firstSerial+uint64(chunk[0].rule)))
	fmt.Fprintf(&b, "   <EnterpriseUrl>%s/services/Soap/c/67.0/%s</EnterpriseUrl>\n   <PartnerUrl>%s/services/Soap/u/67.0/%s</PartnerUrl>\n", base, s.opt.OrgID[:15], base, s.opt.OrgID[:15])
	t := s.mustTable(m.Object)
	for _, n := range chunk {
		fmt.Fprintf(&b, "   <Notification>\n    <Id>%s</Id>\n    <sObject xsi:type=\"sf:%s\" xmlns:sf=\"urn:sobject.enterprise.soap.sforce.com\">\n     <sf:Id>%s</sf:Id>\n", n.id, t.name, n.row)
		if o := t.find(n.row); o != nil && o.seen != nil {
			t.elements(&b, o, m.Fields)
		}
		b.WriteString("    </sObject>\n   </Notification>\n")
	}
	b.WriteString("  </notifications>\n </soapenv:Body>\n</soapenv:Envelope>\n")
	return b.Bytes()
}

// elements writes the fields of a row in the order of their names.
func (t *table) elements(b *bytes.Buffer, o *row, names []string) {
	for _, name := range slices.Sorted(slices.Values(names)) {
		f := t.field(name)
		if f == nil || f.system == sysID || f.Type == "address" {
			continue
		}
		value := f.csv(t.value(o, o.seen, f))
		if value == "" {
			continue
		}
		fmt.Fprintf(b, "     <sf:%s>", f.Name)
		_ = xml.EscapeText(b, []byte(value)) // a bytes.Buffer does not fail
		fmt.Fprintf(b, "</sf:%s>\n", f.Name)
	}
}
