package imap_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap"
	"github.com/millrace/millrace/connectors/imap/dovecottest"
)

// box is a mailbox at a Dovecot, read by a connection.
type box struct {
	t      testing.TB
	server *dovecottest.Server
	src    connectors.Source
	at     connectors.Cursor
}

// open opens a connection with further settings.
func open(t testing.TB, change map[string]any) any {
	t.Helper()
	raw := map[string]any{"user": dovecottest.User, "password": dovecottest.Password, "own": []any{"ours.example"}}
	for k, v := range change {
		raw[k] = v
	}
	v, problems := imap.Connector.Spec.Parse(raw)
	for _, p := range problems {
		t.Fatalf("setting %s: %s", p.Key, p.Message)
	}
	opened, err := imap.Connector.Open(connectors.Env{Connection: "mail", Settings: v, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// at is the settings of an address.
func at(address string, more ...any) map[string]any {
	host, port, _ := net.SplitHostPort(address)
	s := map[string]any{"host": host, "port": port}
	for i := 0; i+1 < len(more); i += 2 {
		s[more[i].(string)] = more[i+1]
	}
	return s
}

func newBox(t testing.TB, more ...any) *box {
	t.Helper()
	s := dovecottest.Start(t, dovecottest.Options{})
	return &box{t: t, server: s, src: open(t, at(s.TLS, append([]any{"ca", s.CA}, more...)...)).(connectors.Source)}
}

// drain reads until nothing more is ready.
func (b *box) drain() (records []connectors.Record) {
	b.t.Helper()
	for range 10_000 {
		page, err := b.src.Read(context.Background(), "messages", b.at)
		if err != nil {
			b.t.Fatalf("read after %s: %v", b.at, err)
		}
		records, b.at = append(records, page.Records...), page.Next
		if !page.More {
			return records
		}
	}
	b.t.Fatal("it does not end")
	return nil
}

// letters makes n different mails.
func letters(first, n int) (list [][]byte) {
	for i := first; i < first+n; i++ {
		list = append(list, mail(fmt.Sprintf("Message-Id: <%d@initech.example>", i), "Date: Mon, 30 Nov 2026 09:00:00 +0100",
			fmt.Sprintf("From: Zoe <zoe%d@initech.example>", i), "To: sales@ours.example", fmt.Sprintf("Subject: Quote %d", i),
			"MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "X-Mailer: something that is long enough to be a usual header of a usual mail"))
	}
	return list
}

// TestDovecotIsReadCompletely: all folders but those of trash, junk and drafts, each mail, also of a folder with a name in
// modified UTF-7; what comes later is all that the next pass returns; drafts and what is deleted change nothing.
func TestDovecotIsReadCompletely(t *testing.T) {
	b := newBox(t, "page_size", 7)
	c := b.server.Client(t)
	c.Do(`CREATE "Kunden &AMQ-rger &- Co"`) // Kunden Ärger & Co
	c.Do(`CREATE "Kunden &AMQ-rger &- Co/&ZeVnLIqe-"`)
	c.Append("INBOX", "", letters(0, 30)...)
	c.Append("Kunden &AMQ-rger &- Co", "", letters(100, 8)...)
	c.Append("Kunden &AMQ-rger &- Co/&ZeVnLIqe-", "", letters(200, 3)...)
	c.Append("Trash", "", letters(300, 2)...)
	c.Append("Drafts", "", letters(400, 2)...)
	c.Append("INBOX", `\Draft`, letters(500, 1)...)
	if got := ids(b.drain()); len(got) != 41 {
		t.Errorf("%d mails were read, want 41", len(got))
	}
	if got := b.drain(); len(got) != 0 {
		t.Errorf("%d records of a mailbox at rest", len(got))
	}
	c.Do("SELECT INBOX")
	c.Do(`UID STORE 1:3,30 +FLAGS (\Deleted)`)
	c.Do("EXPUNGE")
	if got := b.drain(); len(got) != 0 {
		t.Errorf("%d records after mails were deleted, want none: what happened happened", len(got))
	}
	c.Append("INBOX", "", letters(600, 1)...)
	if got := b.drain(); len(got) != 1 {
		t.Errorf("%d records after one new mail", len(got))
	}
	var err error
	if b.at, err = b.src.(connectors.Rewinder).CursorAt("messages", time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	if got := ids(b.drain()); len(got) != 38 {
		t.Errorf("%d mails were read again, want the 38 that are still there", len(got))
	}
	if seen := c.Do("STATUS INBOX (UNSEEN MESSAGES)"); len(seen) != 1 || seen[0] != "* STATUS INBOX (MESSAGES 28 UNSEEN 28)" {
		t.Errorf("reading changed the mailbox: %q", seen)
	}
}

// ids are the different references of records.
func ids(records []connectors.Record) map[string]connectors.Record {
	out := map[string]connectors.Record{}
	for _, r := range records {
		out[r.Ref.ID] = r
	}
	return out
}

// TestUIDValidityChangeEmitsNothingTwice: the folder is read again, and its mails are the same records, word for word, so
// that nothing is changed by them. UIDs of the new numbering that are lower than those of the old are read, too.
func TestUIDValidityChangeEmitsNothingTwice(t *testing.T) {
	b := newBox(t)
	c := b.server.Client(t)
	c.Do("CREATE Projects")
	old := letters(0, 25)
	c.Append("Projects", "", old...)
	first := ids(b.drain())
	c.Do("DELETE Projects")
	time.Sleep(1100 * time.Millisecond) // Dovecot's UIDVALIDITY is a time in seconds
	c.Do("CREATE Projects")
	c.Append("Projects", "", append(letters(90, 1), old...)...)
	again := ids(b.drain())
	if len(first) != 25 || len(again) != 26 {
		t.Fatalf("%d records and then %d, want 25 and 26", len(first), len(again))
	}
	for id, r := range first {
		if again[id].Ref != r.Ref || string(again[id].Data) != string(r.Data) || !again[id].Version.Equal(r.Version) {
			t.Errorf("record %s: first\n%s\nthen\n%s", id, r.Data, again[id].Data)
		}
	}
	c.Do("DELETE Projects")
	time.Sleep(1100 * time.Millisecond)
	c.Do("CREATE Projects")
	c.Append("Projects", "", append(letters(95, 1), old[:5]...)...) // its UIDNEXT is lower than what was read
	fewer := ids(b.drain())
	if _, ok := fewer[anyOther(fewer, again)]; len(fewer) != 6 || !ok {
		t.Errorf("%d records of a folder with fewer mails, want 6 with the new one", len(fewer))
	}
	c.Append("Projects", "", append(letters(90, 1), old[5:]...)...)
	b.drain()
	again = ids(b.drain())
	c.Do("RENAME Projects Done")
	if moved := ids(b.drain()); len(again) != 0 || len(moved) != 27 || string(moved[anyKey(first)].Data) != string(first[anyKey(first)].Data) {
		t.Errorf("a renamed folder gives %d records, want the same 27", len(moved))
	}
}

// anyOther returns a key that the other map does not have.
func anyOther(m, other map[string]connectors.Record) string {
	for k := range m {
		if _, ok := other[k]; !ok {
			return k
		}
	}
	return ""
}

func anyKey(m map[string]connectors.Record) (least string) {
	for k := range m {
		if least == "" || k < least {
			least = k
		}
	}
	return least
}

// TestHugeMailIsNotHeldInMemory: of a mail of 200 MB its header and its beginning are read.
func TestHugeMailIsNotHeldInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: it moves 200 MB")
	}
	b := newBox(t, "body", "full")
	huge := append(letters(0, 1)[0], make([]byte, 200<<20)...)
	for i := range huge[len(huge)-200<<20:] {
		at := len(huge) - 200<<20 + i
		huge[at] = "abcdefghijklmnopqrstuvwxyz01234567890\r\n"[i%39]
	}
	b.server.Client(t).Append("INBOX", "", huge)
	huge = nil
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if got := b.drain(); len(got) != 1 || len(got[0].Data) > 1<<20 {
		t.Errorf("%d records, the first of %d bytes", len(got), len(got[0].Data))
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 {
		t.Errorf("reading it took %d MB", took>>20)
	}
}

// TestFirstScanIsFast reads a large mailbox and says how fast. What is bounded is our own share, the processor's time and the
// memory that reading takes; how long it takes by the clock depends on who else uses the machine.
func TestFirstScanIsFast(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: it makes 50,000 mails")
	}
	b := newBox(t)
	const n = 50_000
	b.server.Client(t).Append("INBOX", "", letters(0, n)...)
	peak := watchMemory()
	begin, busy := time.Now(), processor(t)
	got := 0
	for more := true; more; {
		page, err := b.src.Read(context.Background(), "messages", b.at)
		if err != nil {
			t.Fatal(err)
		}
		got, b.at, more = got+len(page.Records), page.Next, page.More
	}
	took, worked := time.Since(begin), processor(t)-busy
	most := peak()
	t.Logf("%d mails in %v, %.0f a second, %v of it our own work, at most %d MB of heap", got, took.Round(time.Millisecond), n/took.Seconds(),
		worked.Round(time.Millisecond), most>>20)
	if got != n || n/worked.Seconds() < 5000 || most > 100<<20 {
		t.Errorf("want all, 5000 a second of work at least, 100 MB at most")
	}
}

// processor is how long the processor worked for this process.
func processor(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchMemory samples the heap until it is asked for the most it saw.
func watchMemory() func() uint64 {
	runtime.GC()
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
			select {
			case <-stop:
				most <- peak
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(stop); return <-most }
}
