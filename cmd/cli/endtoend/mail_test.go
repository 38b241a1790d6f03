package endtoend

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/imap/dovecottest"
	"github.com/millrace/millrace/router/ledger"
)

// mailbox is a hub that reads the mailbox of a real Dovecot, hears of new mail by IDLE and polls once an hour.
type mailbox struct {
	*vendors
	server *dovecottest.Server
	hub    *hub
}

// startMailbox keeps all mail, or only that with somebody who is known.
func startMailbox(t *testing.T, keep string) *mailbox {
	t.Helper()
	s := dovecottest.Start(t, dovecottest.Options{})
	v := start(t)
	host, port, err := net.SplitHostPort(s.TLS)
	v.ok(err)
	v.extra = fmt.Sprintf("  mail: {connector: imap, host: %s, port: %s, ca: %q, user: %s, password: %s, own: [ours.example], keep: %s, every: 1h}\n",
		host, port, "file:"+v.write("ca.pem", s.CA), dovecottest.User, dovecottest.Password, keep)
	m := &mailbox{vendors: v, server: s, hub: v.open()}
	m.hub.settle()
	m.hub.until("the feed makes contact", func() bool {
		state, err := m.hub.ledger.Feed(context.Background(), "mail", "INBOX")
		return err == nil && state.Cursor != ""
	})
	return m
}

// mails is how many the ledger has.
func (m *mailbox) mails() int {
	totals, err := m.hub.ledger.Totals(context.Background())
	m.ok(err)
	return int(totals.Live["mail/messages"])
}

func (m *mailbox) letter(n int) []byte {
	return fmt.Appendf(nil, "Message-ID: <%d@initech.example>\r\nDate: %s\r\nFrom: Zoe <zoe@initech.example>\r\nTo: sales@ours.example\r\nSubject: Order %d\r\n\r\nWe order.\r\n",
		n, time.Now().Format(time.RFC1123Z), n)
}

// TestNewMailIsThereWithinASecond: a mail that is delivered is an interaction in the ledger within a second, half of which is
// Dovecot's own, and polling is an hour away. A machine that others use may be late now and then.
func TestNewMailIsThereWithinASecond(t *testing.T) {
	m := startMailbox(t, "all")
	late := 0
	for i := range 5 {
		m.server.Deliver(t, m.letter(i))
		begin := time.Now()
		m.hub.until("the mail is known", func() bool { return m.mails() == i+1 })
		took := time.Since(begin)
		t.Logf("known %v after it was delivered", took.Round(time.Millisecond))
		if took > time.Second {
			late++
		}
	}
	if late > 2 {
		t.Errorf("%d of 5 mails were known later than after a second", late)
	}
	m.hub.noProblems()
}

// TestMailOfStrangersComesWhenTheyAreKnown: mail with nobody who is known is passed over and leaves no record; when HubSpot comes
// to have its sender, it is read again.
func TestMailOfStrangersComesWhenTheyAreKnown(t *testing.T) {
	m := startMailbox(t, "known")
	m.server.Deliver(t, m.letter(1))
	m.hub.until("the mail is passed over", func() bool {
		state, err := m.hub.ledger.Stream(context.Background(), "mail", "messages")
		m.ok(err)
		return state.Counts.ByRule[ledger.RuleUnknown] == 1
	})
	totals, err := m.hub.ledger.Totals(context.Background())
	m.ok(err)
	if n := totals.Records["mail/messages"]; n != 0 {
		t.Errorf("the ledger has %d records of a stranger's mail", n)
	}
	m.create("contacts", map[string]string{"firstname": "Zoe", "email": "zoe@initech.example"})
	m.hub.settle()
	if n := m.mails(); n != 1 {
		t.Errorf("%d mails are there after their sender is known, want 1", n)
	}
	m.hub.noProblems()
}
