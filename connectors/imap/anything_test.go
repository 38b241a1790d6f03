package imap_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/imaptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// chaos is a mailbox to which everything happens, and what was read of it.
type chaos struct {
	t       *testing.T
	h       *harness
	r       *reader
	rnd     *rand.Rand
	letters map[string][]byte            // by subject
	where   map[string]map[string]uint32 // folder -> subject -> UID, of what is there
	known   map[string]string            // record id -> data
	said    map[string]bool              // subjects
}

var chaosFolders = []string{"INBOX", "Archive", "Sent"}

// put puts a mail into a folder.
func (c *chaos) put(folder, subject string) {
	uid, err := c.h.sim.Append(folder, c.letters[subject])
	if err != nil {
		c.t.Fatal(err)
	}
	c.where[folder][subject] = uid
}

// any returns a mail that is in the folder, "" when it is empty.
func (c *chaos) any(folder string) (least string) {
	for subject := range c.where[folder] {
		if least == "" || subject < least {
			least = subject
		}
	}
	return least
}

// happen does one thing to the mailbox.
func (c *chaos) happen(n int) {
	folder := chaosFolders[c.rnd.IntN(len(chaosFolders))]
	switch c.rnd.IntN(9) {
	case 0, 1, 2:
		for i := range 1 + c.rnd.IntN(12) {
			subject := fmt.Sprintf("Mail %d.%d", n, i)
			c.letters[subject] = mail(fmt.Sprintf("Message-Id: <%d.%d@x.example>", n, i), "From: a@x.example",
				"Date: Mon, 30 Nov 2026 09:00:00 +0000", "Subject: "+subject)
			c.put(folder, subject)
		}
	case 3: // moved to another folder
		if subject := c.any(folder); subject != "" && folder != "Sent" {
			c.put("Sent", subject)
			c.expunge(folder, subject)
		}
	case 4: // deleted, once it was seen: what nobody could read is not missed
		if subject := c.any(folder); subject != "" && c.said[subject] {
			c.expunge(folder, subject)
		}
	case 5:
		if err := c.h.sim.Renumber(folder); err != nil {
			c.t.Fatal(err)
		}
		c.where[folder] = c.h.sim.UIDs(folder)
	case 6:
		c.h.sim.Cut()
	case 7:
		c.r.src = newReader(c.t, c.h, "page_size", 5).src // a new process
	case 8:
		kinds := []string{sandbox.Truncate, sandbox.Drop, sandbox.HTML, "500", "503"}
		if err := c.h.plan.Add(sandbox.Fault{Kind: kinds[c.rnd.IntN(len(kinds))], Skip: c.rnd.IntN(6), Times: 1}); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *chaos) expunge(folder, subject string) {
	if err := c.h.sim.Expunge(folder, c.where[folder][subject]); err != nil {
		c.t.Fatal(err)
	}
	delete(c.where[folder], subject)
}

// read reads a page; an error changes nothing.
func (c *chaos) read() (more bool) {
	page, err := c.r.src.Read(context.Background(), "messages", c.r.at)
	if err != nil {
		if connectors.KindOf(err) != connectors.Temporary {
			c.t.Fatalf("got %v, want an error that passes", err)
		}
		return true
	}
	for _, rec := range page.Records {
		if old, ok := c.known[rec.Ref.ID]; ok && old != string(rec.Data) {
			c.t.Errorf("record %s was\n%s\nand is\n%s", rec.Ref.ID, old, rec.Data)
		}
		c.known[rec.Ref.ID] = string(rec.Data)
		c.said[gjson.GetBytes(rec.Data, "subject").String()] = true
	}
	c.r.at = page.Next
	return page.More
}

// TestWhateverHappensToAMailbox: mails come, move, are copied and deleted, folders are numbered anew, connections end and answers
// are garbage, between any two pages: in the end every mail that is there was read, and is one record.
func TestWhateverHappensToAMailbox(t *testing.T) {
	for seed := range uint64(6) {
		h := newHarness(t, func(o *imaptest.Options) { o.Plain = seed%2 == 1 })
		c := &chaos{t: t, h: h, r: newReader(t, h, "page_size", 5), rnd: rand.New(rand.NewPCG(seed, 7)), letters: map[string][]byte{},
			where: map[string]map[string]uint32{}, known: map[string]string{}, said: map[string]bool{}}
		for _, folder := range chaosFolders {
			c.where[folder] = map[string]uint32{}
		}
		for step := range 250 {
			c.happen(step)
			for range c.rnd.IntN(4) {
				c.read()
			}
		}
		h.plan.Clear()
		for tries := 0; c.read(); tries++ {
			if tries > 5000 {
				t.Fatalf("seed %d: the mailbox is not caught up", seed)
			}
		}
		for c.read() { // what came during the last pass
		}
		for folder, mails := range c.where {
			for subject := range mails {
				if !c.said[subject] {
					t.Errorf("seed %d: %s in %s was never read", seed, subject, folder)
				}
			}
		}
		if len(c.known) > len(c.letters) || len(c.letters) < 100 {
			t.Errorf("seed %d: %d records of %d mails", seed, len(c.known), len(c.letters))
		}
	}
}
