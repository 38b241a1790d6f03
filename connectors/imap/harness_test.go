package imap_test

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/imap"
	"github.com/millrace/millrace/connectors/imap/imaptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// harness is a mailbox in memory.
type harness struct {
	sim    *imaptest.Server
	host   string
	port   string
	clock  *sandbox.Clock
	plan   *sandbox.Plan
	log    *sandbox.Log
	extra  map[string]any
	serial int
	mails  map[string]letter // by record id
}

// letter is a mail as it was made.
type letter struct {
	raw     []byte
	subject string
	at      time.Time
}

func newHarness(t testing.TB, change func(*imaptest.Options)) *harness {
	t.Helper()
	h := &harness{clock: sandbox.NewClock(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)), plan: sandbox.NewPlan(1), log: sandbox.NewLog(200),
		extra: map[string]any{"page_size": 50}, mails: map[string]letter{}}
	opt := imaptest.Options{Clock: h.clock, Plan: h.plan, Log: h.log}
	if change != nil {
		change(&opt)
	}
	h.sim = imaptest.New(opt)
	address, err := h.sim.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.sim.Close() })
	if h.host, h.port, err = net.SplitHostPort(address); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *harness) Connector() connectors.Connector { return imap.Connector }
func (h *harness) Token() string                   { return imaptest.DefaultPassword }
func (h *harness) Clock() *sandbox.Clock           { return h.clock }
func (h *harness) Plan() *sandbox.Plan             { return h.plan }
func (h *harness) Log() *sandbox.Log               { return h.log }
func (h *harness) Stream() string                  { return "messages" }
func (h *harness) PageSize() int                   { return 50 }
func (h *harness) MaxRequests() int                { return 9 } // sign in, list, open, search twice and for the least, fetch, and once more
func (h *harness) Settle() time.Duration           { return time.Minute }
func (h *harness) Reads() sandbox.Match            { return sandbox.Match{} }
func (h *harness) SaysWhen() bool                  { return false }
func (h *harness) Keepers() []string {
	const lib = "github.com/emersion/go-imap/v2/"
	return []string{lib + "imapclient.(*Client).read", lib + "imapserver.(*Conn).serve"}
}

func (h *harness) Settings() map[string]any {
	s := map[string]any{"host": h.host, "port": h.port, "security": "none", "user": imaptest.DefaultUser,
		"password": imaptest.DefaultPassword, "own": []string{"ours.example"}, "idle": "300ms"}
	for k, v := range h.extra {
		s[k] = v
	}
	return s
}

// Create makes mails in the inbox and learns what they are called.
func (h *harness) Create(t *testing.T, n int) []string {
	t.Helper()
	var made []letter
	for range n {
		h.serial++
		m := letter{subject: fmt.Sprintf("Quote “Q” \\ %06d", h.serial), at: h.clock.Now().Truncate(time.Second)}
		m.raw = mail("Message-Id: <"+fmt.Sprint(h.serial)+"@initech.example>", "Date: "+m.at.Format(time.RFC1123Z),
			"From: Zoë <zoe"+fmt.Sprint(h.serial)+"@initech.example>", "To: sales@ours.example", "Subject: "+m.subject)
		made = append(made, m)
	}
	ids := h.learn(t, made)
	for i, m := range made {
		h.mails[ids[i]] = m
		if _, err := h.sim.Append("INBOX", m.raw); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// learn returns the record ids of mails. They are hashes, and only the connector knows how they are made: so a connection to
// a mailbox of its own says them.
func (h *harness) learn(t testing.TB, made []letter) []string {
	t.Helper()
	other := imaptest.New(imaptest.Options{})
	address, err := other.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	for _, m := range made {
		if _, err := other.AppendAt("INBOX", m.raw, m.at); err != nil {
			t.Fatal(err)
		}
	}
	host, port, _ := net.SplitHostPort(address)
	src := connectortest.Open(t, h, "host", host, "port", port, "page_size", 1000).(connectors.Source)
	byText := map[string]string{}
	for at, more := connectors.Cursor(""), true; more; {
		page, err := src.Read(t.Context(), "messages", at)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			byText[gjson.GetBytes(r.Data, "subject").String()] = r.Ref.ID
		}
		at, more = page.Next, page.More
	}
	ids := make([]string, len(made))
	for i, m := range made {
		ids[i] = byText[m.subject]
	}
	return ids
}

// Change copies mails into another folder: that is all that can happen to one.
func (h *harness) Change(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := h.sim.Append("Archive", h.mails[id].raw); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *harness) Delete(*testing.T, string) {}

func (h *harness) Live(*testing.T) map[string]time.Time {
	live := map[string]time.Time{}
	for id, m := range h.mails {
		live[id] = m.at
	}
	return live
}

func (h *harness) Says(_ *testing.T, id string, data json.RawMessage) error {
	if got, want := gjson.GetBytes(data, "subject").String(), h.mails[id].subject; got != want {
		return fmt.Errorf("subject %q, want %q", got, want)
	}
	return nil
}

func (h *harness) Personal(_ *testing.T, id string) []string {
	return []string{h.mails[id].subject, imaptest.DefaultUser, "initech.example"}
}

// mail is a message of header lines and a short text.
func mail(header ...string) []byte {
	return []byte(strings.Join(header, "\r\n") + "\r\n\r\nHello,\r\nplease send a quote.\r\n")
}

func TestSource(t *testing.T) {
	connectortest.Source(t, func(t *testing.T) connectortest.SourceHarness { return newHarness(t, nil) })
}

func (h *harness) Feed() string   { return "INBOX" }
func (h *harness) Cut(*testing.T) { h.sim.Cut() }

func TestFeeder(t *testing.T) {
	connectortest.ReadyFeeder(t, func(t *testing.T) connectortest.FollowHarness { return newHarness(t, nil) })
}
