package imap_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"go.uber.org/goleak"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/imap/imaptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// reader reads a mailbox as the router does: after an error again from the same cursor.
type reader struct {
	t       testing.TB
	src     connectors.Source
	at      connectors.Cursor
	records map[string]int // how often each was returned
	errors  map[string]int
}

func newReader(t testing.TB, h *harness, change ...any) *reader {
	t.Helper()
	return &reader{t: t, src: connectortest.Open(t, h, change...).(connectors.Source), records: map[string]int{}, errors: map[string]int{}}
}

// newFeeder opens a connection that is followed.
func newFeeder(t testing.TB, h *harness) connectors.Feeder {
	t.Helper()
	return connectortest.Open(t, h).(connectors.Feeder)
}

// through reads until nothing more is ready, over at most so many errors.
func (r *reader) through(most int) {
	r.t.Helper()
	for failed := 0; ; {
		page, err := r.src.Read(context.Background(), "messages", r.at)
		if err != nil {
			if connectors.KindOf(err) != connectors.Temporary {
				r.t.Fatalf("got %v, want an error that passes", err)
			}
			r.errors[err.Error()]++
			if failed++; failed > most {
				r.t.Fatalf("the scan does not end over %d errors: %v", most, r.errors)
			}
			continue
		}
		for _, rec := range page.Records {
			r.records[rec.Ref.ID]++
		}
		if r.at = page.Next; !page.More {
			return
		}
	}
}

// fill puts n different mails into folders.
func fill(t testing.TB, s *imaptest.Server, n int, folders ...string) {
	t.Helper()
	for i, raw := range letters(0, n) {
		if _, err := s.Append(folders[i%len(folders)], raw); err != nil {
			t.Fatal(err)
		}
	}
}

// once fails unless every mail was returned, and no more than once.
func (r *reader) once(n int) {
	r.t.Helper()
	for id, times := range r.records {
		if times > 1 {
			r.t.Errorf("record %s was returned %d times", id, times)
		}
	}
	if len(r.records) != n {
		r.t.Errorf("%d mails were returned, want %d; errors %v", len(r.records), n, r.errors)
	}
}

// TestServerThatDropsEveryConnection: a scan ends over any number of connections that a server ends after a while; each page
// that came is kept, and nothing runs on afterwards.
func TestServerThatDropsEveryConnection(t *testing.T) {
	before := goleak.IgnoreCurrent()
	h := newHarness(t, func(o *imaptest.Options) { o.Latency = 10 * time.Millisecond })
	fill(t, h.sim, 500, "INBOX", "Archive")
	h.sim.DropAfter(200 * time.Millisecond)
	r := newReader(t, h, "page_size", 20)
	r.through(500)
	r.once(500)
	if n := h.log.Totals().Connections; n < 3 {
		t.Errorf("the scan took %d connections; the server did not drop any", n)
	}
	_ = h.sim.Close()
	goleak.VerifyNone(t, before)
}

// TestServerThatAnswersGarbage: every tenth command is answered by a web page, cut off, or not at all.
func TestServerThatAnswersGarbage(t *testing.T) {
	h := newHarness(t, nil)
	fill(t, h.sim, 500, "INBOX", "Archive", "Sent")
	for _, kind := range []string{sandbox.HTML, sandbox.Truncate, sandbox.Drop, "500"} {
		if err := h.plan.Add(sandbox.Fault{Kind: kind, Probability: 0.03}); err != nil {
			t.Fatal(err)
		}
	}
	r := newReader(t, h, "page_size", 20)
	r.through(300)
	r.once(500)
	if len(r.errors) == 0 {
		t.Error("no fault was met")
	}
}

// TestShortAnswerIsNoPage: a FETCH that leaves out what is there must not pass for a page; one that leaves out what was
// deleted meanwhile is one.
func TestShortAnswerIsNoPage(t *testing.T) {
	left := uint32(7)
	h := newHarness(t, func(o *imaptest.Options) { o.Skip = func(uid uint32) bool { return uid == left } })
	fill(t, h.sim, 10, "INBOX")
	r := newReader(t, h)
	page, err := r.src.Read(t.Context(), "messages", "")
	if err == nil || len(page.Records) > 0 {
		t.Errorf("got %d records and %v, want an error", len(page.Records), err)
	}
	left = 0
	r.through(0)
	r.once(10)
}

// TestMailboxAtRestCostsOneListing: nothing is fetched when nothing is new. A range that ends with * would return the last
// message each time.
func TestMailboxAtRestCostsOneListing(t *testing.T) {
	h := newHarness(t, nil)
	fill(t, h.sim, 30, "INBOX", "Sent")
	r := newReader(t, h)
	r.through(0)
	h.log.Reset()
	for range 5 {
		r.through(0)
	}
	if n := h.log.Totals().Requests; n != 5 || h.log.Count("LIST", "") != 5 {
		t.Errorf("five passes over a mailbox at rest cost %d commands, want a listing each: %v", n, h.log.Counts())
	}
	r.once(30)
}

// TestSparseUIDs: where almost everything was deleted, the rest is found without walking through all numbers.
func TestSparseUIDs(t *testing.T) {
	h := newHarness(t, nil)
	fill(t, h.sim, 3000, "INBOX")
	for uid := uint32(1); uid <= 3000; uid++ {
		if uid != 1 && uid != 1500 && uid != 2999 {
			if err := h.sim.Expunge("INBOX", uid); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := newReader(t, h, "page_size", 10)
	h.log.Reset()
	r.through(0)
	r.once(3)
	if n := h.log.Totals().Requests; n > 25 {
		t.Errorf("three mails cost %d commands", n)
	}
}

// TestOldServersAreRead: without LIST-STATUS, ESEARCH and SPECIAL-USE the same is read; `exclude` names the folders then.
func TestOldServersAreRead(t *testing.T) {
	h := newHarness(t, func(o *imaptest.Options) { o.Plain = true })
	fill(t, h.sim, 120, "INBOX", "Sent", "Trash")
	r := newReader(t, h, "exclude", []any{"trash"})
	r.through(0)
	r.once(80)
}

// TestFoldersWithoutAStateAreOpened: while another session reads a folder for the first time, Dovecot tells an empty one with a
// UIDVALIDITY of 0, and a server may leave the state out of a listing when there is trouble (RFC 5819, 2). A pass that
// passed such a folder over would end, and a backfill with it, as if all mail were read.
func TestFoldersWithoutAStateAreOpened(t *testing.T) {
	for name, tells := range map[string]func(listing bool, d *imap.StatusData) *imap.StatusData{
		"without a UIDVALIDITY": func(_ bool, d *imap.StatusData) *imap.StatusData {
			return &imap.StatusData{Mailbox: d.Mailbox, NumMessages: new(uint32), UIDNext: 1}
		},
		"left out of the listing": func(listing bool, d *imap.StatusData) *imap.StatusData {
			if listing {
				return nil
			}
			return d
		},
	} {
		h := newHarness(t, func(o *imaptest.Options) { o.Tells = tells })
		r := newReader(t, h, "page_size", 4)
		for pass := range 3 { // the later ones have places to go on from
			for i, raw := range letters(15*pass, 15) {
				_, err := h.sim.Append([]string{"INBOX", "Sent", "Archive"}[i%3], raw)
				if err != nil {
					t.Fatal(err)
				}
			}
			if r.through(0); len(r.records) != 15*(pass+1) {
				t.Errorf("%s: %d mails after pass %d, want %d", name, len(r.records), pass, 15*(pass+1))
			}
		}
		r.once(45)
	}
}

// TestFoldersAreChosen: by use, by pattern, and by exclusion, which counts most.
func TestFoldersAreChosen(t *testing.T) {
	h := newHarness(t, nil)
	h.sim.CreateFolder("Customers/North")
	h.sim.CreateFolder("Customers/South")
	h.sim.CreateFolder("Łódź")
	fill(t, h.sim, 9, "INBOX", "Sent", "Archive", "Trash", "Junk", "Drafts", "Customers/North", "Customers/South", "Łódź")
	for _, c := range []struct {
		folders, exclude []any
		want             int
	}{
		{nil, nil, 6},
		{[]any{"customers/*"}, nil, 2},
		{[]any{"customers/*", "Łódź", "inbox"}, []any{"*/south"}, 3},
		{nil, []any{"*"}, 0},
		{[]any{"Trash"}, nil, 1},
	} {
		r := newReader(t, h, "folders", c.folders, "exclude", c.exclude)
		r.through(0)
		if len(r.records) != c.want {
			t.Errorf("folders %v without %v: %d mails, want %d", c.folders, c.exclude, len(r.records), c.want)
		}
	}
}

// TestOnlyMailSinceADay: what arrived earlier is left out, in the first scan and later.
func TestOnlyMailSinceADay(t *testing.T) {
	h := newHarness(t, nil)
	for i, raw := range letters(0, 20) {
		if _, err := h.sim.AppendAt("INBOX", raw, time.Date(2026, 11, 1+i, 12, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
	}
	r := newReader(t, h, "since", "2026-11-15", "page_size", 3)
	r.through(0)
	r.once(6)
	if _, err := h.sim.AppendAt("INBOX", letters(50, 1)[0], time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	r.through(0)
	r.once(6)
}

// TestUnreadableStructureIsReadWithout: a server whose description of a message is no IMAP keeps it from being read three
// times, and not for ever.
func TestUnreadableStructureIsReadWithout(t *testing.T) {
	h := newHarness(t, func(o *imaptest.Options) { o.BadStructure = true })
	fill(t, h.sim, 5, "INBOX")
	r := newReader(t, h)
	r.through(3)
	r.once(5)
	if len(r.errors) != 1 {
		t.Errorf("errors %v, want one kind", r.errors)
	}
}

// TestFolderThatGoesDuringAPass: the pass goes on with the others.
func TestFolderThatGoesDuringAPass(t *testing.T) {
	h := newHarness(t, nil)
	fill(t, h.sim, 100, "Archive", "Sent")
	r := newReader(t, h, "page_size", 10)
	page, err := r.src.Read(t.Context(), "messages", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range page.Records {
		r.records[rec.Ref.ID]++
	}
	r.at = page.Next
	h.sim.DeleteFolder("Archive")
	h.sim.Cut()
	r.through(1)
	r.once(60)
}

// TestEndlessAnswerIsGivenUp: a server that never ends its answer cannot fill the memory.
func TestEndlessAnswerIsGivenUp(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = fmt.Fprintf(c, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ")
			for chunk := []byte(strings.Repeat("x", 1<<16)); err == nil; {
				_, err = c.Write(chunk)
			}
			_ = c.Close()
		}
	}()
	src := open(t, at(ln.Addr().String(), "security", "none")).(connectors.Source)
	begin := time.Now()
	if _, err = src.Read(t.Context(), "messages", ""); connectors.KindOf(err) != connectors.Temporary || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v, want an answer that is too large", err)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestSpanIsReadAgainByEitherDate: a mail counts as of when it was sent, or as of when it was received; reading again since then must
// find it by that one, whatever the other says.
func TestSpanIsReadAgainByEitherDate(t *testing.T) {
	h := newHarness(t, nil)
	since := time.Date(2026, 11, 20, 20, 0, 0, 0, time.UTC)
	long := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	sent := func(id string, date, received time.Time) []byte {
		return mail("Message-Id: <"+id+"@x.example>", "From: a@x.example", "Date: "+date.Format(time.RFC1123Z),
			"Received: from a by b; "+received.Format(time.RFC1123Z))
	}
	for _, m := range []struct {
		raw     []byte
		arrived time.Time
	}{
		{sent("moved", since, since), long},                      // the new server lost when it arrived
		{sent("imported", long, long), since},                    // arrived again
		{sent("ahead", long, since), since.Add(-47 * time.Hour)}, // the server before it has a clock that is ahead
		{sent("old", long, long), long},                          // is not read again
	} {
		if _, err := h.sim.AppendAt("INBOX", m.raw, m.arrived); err != nil {
			t.Fatal(err)
		}
	}
	r := newReader(t, h)
	var err error
	if r.at, err = r.src.(connectors.Rewinder).CursorAt("messages", since); err != nil {
		t.Fatal(err)
	}
	r.through(0)
	r.once(3)
}
