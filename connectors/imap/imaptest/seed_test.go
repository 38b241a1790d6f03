package imaptest_test

import (
	"net/mail"
	"strings"
	"testing"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/millrace/millrace/connectors/imap/imaptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestSeededMailMakesThreads: another client finds the threads, in both directions, with ids that refer to each other.
func TestSeededMailMakesThreads(t *testing.T) {
	s := imaptest.New(imaptest.Options{Clock: sandbox.NewClock(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))})
	seeded := s.Seed(sandbox.Generate(1, 60))
	address, err := s.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c, err := imapclient.DialInsecure(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Login(imaptest.DefaultUser, imaptest.DefaultPassword).Wait(); err != nil {
		t.Fatal(err)
	}
	refers := map[string]string{} // id -> id it answers
	for _, folder := range []string{"INBOX", "Sent"} {
		for _, h := range headers(t, c, folder) {
			refers[strings.Trim(h.Get("Message-Id"), "<>")] = strings.Trim(h.Get("In-Reply-To"), "<>")
			if ours := strings.Contains(h.Get("From"), imaptest.DefaultUser); ours != (folder == "Sent") {
				t.Errorf("in %s is a mail from %s", folder, h.Get("From"))
			}
			if _, err := h.Date(); err != nil {
				t.Error(err)
			}
		}
	}
	threads, longest := 0, 0
	for _, thread := range seeded.Threads {
		for i, id := range thread {
			answered, there := refers[id]
			if !there || i > 0 && answered != thread[i-1] {
				t.Errorf("mail %d of a thread is there: %v, and answers %q", i, there, answered)
			}
		}
		threads, longest = threads+min(1, len(thread)), max(longest, len(thread))
	}
	if threads < 10 || longest < 3 {
		t.Errorf("%d threads, the longest of %d mails", threads, longest)
	}
}

// headers reads all headers of a folder.
func headers(t *testing.T, c *imapclient.Client, folder string) (list []mail.Header) {
	t.Helper()
	d, err := c.Select(folder, nil).Wait()
	if err != nil {
		t.Fatal(err)
	}
	if d.NumMessages == 0 {
		t.Fatalf("%s is empty", folder)
	}
	section := &goimap.FetchItemBodySection{Specifier: goimap.PartSpecifierHeader, Peek: true}
	got, err := c.Fetch(goimap.SeqSet{{Start: 1, Stop: d.NumMessages}}, &goimap.FetchOptions{BodySection: []*goimap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range got {
		parsed, err := mail.ReadMessage(strings.NewReader(string(m.FindBodySection(section))))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, parsed.Header)
	}
	return list
}
