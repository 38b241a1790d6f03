package imap_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors/imap/imaptest"
)

// nested is a mail of n parts in each other.
func nested(n int) []byte {
	var b bytes.Buffer
	fmt.Fprint(&b, "Message-Id: <nested@x.example>\r\nDate: Mon, 30 Nov 2026 09:00:00 +0000\r\nFrom: a@x.example\r\nMIME-Version: 1.0\r\n")
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	fmt.Fprint(&b, "Content-Type: text/plain\r\n\r\nthe core\r\n")
	for i := n - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "--b%d--\r\n", i)
	}
	return b.Bytes()
}

// oddities are mails as nobody should write them.
func oddities() map[string][]byte {
	plain := func(id string, more ...string) []byte {
		return mail(append([]string{"Message-Id: <" + id + "@x.example>", "From: a@x.example", "To: sales@ours.example"}, more...)...)
	}
	return map[string][]byte{
		"header of 1 MB":    plain("long", "X-Long: "+strings.Repeat("x", 1<<20), "Subject: behind a long field", "Date: Mon, 30 Nov 2026 09:00:00 +0000"),
		"10,000 parts":      nested(10_000),
		"invalid UTF-8":     plain("utf8", "Subject: \xff\xfe broken \xe4", "Date: Mon, 30 Nov 2026 09:00:00 +0000"),
		"unknown charset":   plain("charset", "Subject: =?x-klingon?Q?nuqneH?=", "Date: Mon, 30 Nov 2026 09:00:00 +0000", "Content-Type: text/plain; charset=x-klingon"),
		"1899":              plain("1899", "Date: Mon, 30 Nov 1899 09:00:00 +0000"),
		"2099":              plain("2099", "Date: Mon, 30 Nov 2099 09:00:00 +0000"),
		"no date":           plain("nodate"),
		"no message id":     mail("From: a@x.example", "Date: Mon, 30 Nov 2026 09:00:00 +0000", "Subject: one"),
		"no message id, II": mail("From: a@x.example", "Date: Mon, 30 Nov 2026 09:00:00 +0000", "Subject: two"),
		"no header":         []byte("\r\nonly a text\r\n"),
		"a bounce": []byte("Message-Id: <dsn@mx.x.example>\r\nDate: Mon, 30 Nov 2026 09:00:00 +0000\r\nFrom: MAILER-DAEMON@mx.x.example\r\nTo: sales@ours.example\r\n" +
			"Subject: failure\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=q\r\n\r\n--q\r\n\r\nIt failed.\r\n" +
			"--q\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.x.example\r\n\r\nFinal-Recipient: rfc822; gone@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--q--\r\n"),
	}
}

// checkOddities reads a mailbox with the oddities in two folders: each is a record, the same from both, of sound JSON.
func checkOddities(t *testing.T, b *box) {
	records := b.drain()
	byID := map[string]string{}
	bounced := false
	for _, r := range records {
		if !json.Valid(r.Data) || !utf8.Valid(r.Data) || len(r.Data) > 1<<20 || r.Version.IsZero() {
			t.Errorf("a record of %d bytes is not sound: %.200s", len(r.Data), r.Data)
		}
		if old, ok := byID[r.Ref.ID]; ok && old != string(r.Data) {
			t.Errorf("one mail in two folders says\n%s\nand\n%s", old, r.Data)
		}
		byID[r.Ref.ID] = string(r.Data)
		bounced = bounced || gjson.GetBytes(r.Data, "bounce.recipients.0.address").String() == "gone@x.example"
	}
	if n := len(oddities()); len(records) != 2*n || len(byID) != n {
		t.Errorf("%d records of %d mails, want %d of %d", len(records), len(byID), 2*n, n)
	}
	if !bounced {
		t.Error("nobody says whom the mail did not reach")
	}
}

// TestBadInput: whatever a mail is like, it is read, by a real server and by one in memory, whatever is kept of its text.
func TestBadInput(t *testing.T) {
	for _, body := range []string{"none", "snippet", "full"} {
		t.Run("dovecot "+body, func(t *testing.T) {
			b := newBox(t, "body", body)
			c := b.server.Client(t)
			for _, raw := range oddities() {
				c.Append("INBOX", "", raw)
				c.Append("Archive", "", raw)
			}
			checkOddities(t, b)
		})
		t.Run("in memory "+body, func(t *testing.T) {
			h := newHarness(t, nil)
			for name, raw := range oddities() {
				if name == "10,000 parts" {
					raw = nested(100) // the library's server takes the square of that for more
				}
				for _, folder := range []string{"INBOX", "Archive"} {
					if _, err := h.sim.Append(folder, raw); err != nil {
						t.Fatal(err)
					}
				}
			}
			checkOddities(t, &box{t: t, src: newReader(t, h, "body", body).src})
		})
	}
}

// TestServerWithoutIdleIsPolled: its feed lives and tells nothing.
func TestServerWithoutIdleIsPolled(t *testing.T) {
	h := newHarness(t, func(o *imaptest.Options) { o.Deaf = true })
	f := newFeeder(t, h)
	w, err := f.Follow(t.Context(), "INBOX", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	for i := range 3 {
		fill(t, h.sim, 1, "INBOX")
		n, err := w.Next(t.Context())
		if err != nil || n.Next == "" || (i > 0) != (len(n.Ready) == 0) {
			t.Errorf("news %d: %+v, %v", i, n, err)
		}
	}
	if h.log.Count("IDLE", "") != 0 {
		t.Error("the server was asked to idle")
	}
}
