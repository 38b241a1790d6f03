package imap_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/imap/imaptest"
)

// TestAnyInterleavingOfAMailbox: mails arrive, many in one second, are copied, moved and deleted, folders get another
// UIDVALIDITY or go, connections are cut, answers leave mails out, and processes begin anew at the cursor. In the end every
// mail that still lies in a folder has been returned, always as the same record, word for word.
func TestAnyInterleavingOfAMailbox(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			var short atomic.Bool
			h := newHarness(t, func(o *imaptest.Options) { o.Skip = func(uid uint32) bool { return short.Load() && uid%7 == 3 } })
			h.clock.Freeze()
			m := &mailbox{h: h, rnd: rand.New(rand.NewPCG(seed, 1)), records: map[connectors.Ref]connectors.Record{}, subjects: map[string]connectors.Ref{},
				known: map[string]bool{}}
			m.reopen(t)
			for range 300 {
				short.Store(m.rnd.IntN(4) == 0)
				m.step(t)
			}
			short.Store(false)
			m.drain(t) // a pass that is under way
			m.drain(t)
			m.check(t)
		})
	}
}

// places are the folders that mails are moved between.
var places = []string{"INBOX", "Archive", "Customers"}

// posted is a mail with the places where it lies. A number of 0 is not known any more.
type posted struct {
	subject string
	raw     []byte
	at      map[string][]uint32
}

// mailbox is one that people work in while it is read.
type mailbox struct {
	h        *harness
	rnd      *rand.Rand
	mails    []*posted
	known    map[string]bool // folders that were made
	src      connectors.Source
	cursor   connectors.Cursor
	records  map[connectors.Ref]connectors.Record
	subjects map[string]connectors.Ref
}

func (m *mailbox) reopen(t *testing.T) {
	m.src = connectortest.Open(t, m.h, "page_size", 7).(connectors.Source)
}

func (m *mailbox) place() string {
	name := places[m.rnd.IntN(len(places))]
	if name != "INBOX" && !m.known[name] {
		m.h.sim.CreateFolder(name)
		m.known[name] = true
	}
	return name
}

// step does one thing in the mailbox, or reads one page.
func (m *mailbox) step(t *testing.T) {
	t.Helper()
	what := m.rnd.IntN(16)
	if len(m.mails) == 0 {
		what = 0
	}
	switch what {
	case 0, 1, 2:
		for range 1 + m.rnd.IntN(6) {
			subject := fmt.Sprintf("Quote %05d", len(m.mails))
			one := &posted{subject: subject, at: map[string][]uint32{}, raw: mail("Message-Id: <"+fmt.Sprint(len(m.mails))+"@initech.example>",
				"Date: "+m.h.clock.Now().Format(time.RFC1123Z), "From: zoe@initech.example", "To: sales@ours.example", "Subject: "+subject)}
			m.mails = append(m.mails, one)
			m.put(t, one, m.place())
		}
	case 3, 4:
		m.put(t, m.any(), m.place())
	case 5, 6, 7:
		one := m.any()
		m.put(t, one, m.place())
		m.remove(t, one)
	case 8:
		m.remove(t, m.any())
	case 9:
		m.renumber(t, m.place())
	case 10:
		m.h.sim.Cut()
	case 11:
		m.reopen(t)
	case 12:
		m.h.clock.Advance(time.Duration(m.rnd.IntN(90)) * time.Second)
	default:
		m.read(t)
	}
}

func (m *mailbox) any() *posted { return m.mails[m.rnd.IntN(len(m.mails))] }

func (m *mailbox) put(t *testing.T, one *posted, folder string) {
	t.Helper()
	uid, err := m.h.sim.Append(folder, one.raw)
	if err != nil {
		t.Fatal(err)
	}
	one.at[folder] = append(one.at[folder], uid)
}

// remove takes a mail out of one place, if it lies in two.
func (m *mailbox) remove(t *testing.T, one *posted) {
	t.Helper()
	n := 0
	for _, list := range one.at {
		n += len(list)
	}
	for _, folder := range places {
		if list := one.at[folder]; n > 1 && len(list) > 0 && list[0] != 0 {
			if err := m.h.sim.Expunge(folder, list[0]); err != nil {
				t.Fatal(err)
			}
			one.at[folder] = list[1:]
			return
		}
	}
}

func (m *mailbox) renumber(t *testing.T, folder string) {
	t.Helper()
	if err := m.h.sim.Renumber(folder); err != nil {
		t.Fatal(err)
	}
	for _, one := range m.mails {
		for i := range one.at[folder] {
			one.at[folder][i] = 0
		}
	}
}

// read reads one page; an error that passes moves nothing.
func (m *mailbox) read(t *testing.T) (connectors.Page, bool) {
	t.Helper()
	page, err := m.src.Read(context.Background(), "messages", m.cursor)
	if err != nil {
		if connectors.KindOf(err) != connectors.Temporary {
			t.Fatalf("got %v, want an error that passes", err)
		}
		return page, false
	}
	m.cursor = page.Next
	for _, r := range page.Records {
		if old, known := m.records[r.Ref]; known && (!bytes.Equal(old.Data, r.Data) || !old.Version.Equal(r.Version)) {
			t.Fatalf("record %s was\n%s\nand is\n%s", r.Ref, old.Data, r.Data)
		}
		m.records[r.Ref] = r
		subject := gjson.GetBytes(r.Data, "subject").String()
		if other, known := m.subjects[subject]; known && other != r.Ref {
			t.Fatalf("%s is %s and %s", subject, other, r.Ref)
		}
		m.subjects[subject] = r.Ref
	}
	return page, true
}

// drain reads to the end of a pass.
func (m *mailbox) drain(t *testing.T) {
	t.Helper()
	for range 1000 {
		if page, ok := m.read(t); ok && !page.More {
			return
		}
	}
	t.Fatal("it does not end")
}

// check wants every mail that is there: each still lies somewhere.
func (m *mailbox) check(t *testing.T) {
	t.Helper()
	for _, one := range m.mails {
		if _, read := m.subjects[one.subject]; !read {
			t.Errorf("%s lies in %v and was never returned", one.subject, one.at)
		}
	}
	if len(m.records) != len(m.mails) {
		t.Errorf("%d records of %d mails", len(m.records), len(m.mails))
	}
}
