package crashtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/imap/imaptest"
)

// mailbox is what is written to and fro between our own address and the people on lists.
type mailbox struct {
	e       *everybody
	letters []*letter
	epoch   map[string]int       // how often a folder was renumbered
	since   map[string]time.Time // when a card was seen first, by the task
}

// letter is one mail.
type letter struct {
	n         int
	id        string
	who       *correspondent
	at        time.Time // to the second, as mails say it
	automated bool
	raw       []byte
	card      string // the task on which it must be told, "" when that was not there yet
	folder    string // where it lies, with the number and the numbering that it had there
	uid       uint32
	epoch     int
}

func (m *letter) subject() string { return fmt.Sprintf("Letter %05d", m.n) }

// folders are those that mail is moved between.
var folders = []string{"INBOX", "Sent", "Archive", "Customers"}

func newMailbox(e *everybody) *mailbox {
	for _, name := range folders[2:] {
		e.s.world.IMAP.CreateFolder(name)
	}
	return &mailbox{e: e, epoch: map[string]int{}, since: map[string]time.Time{}}
}

// write has somebody write to us, or one of us to somebody.
func (b *mailbox) write() (string, error) {
	people := b.e.lists.people
	return b.writeTo(people[b.e.rng().IntN(len(people))])
}

func (b *mailbox) writeTo(p *correspondent) (string, error) {
	m := &letter{n: len(b.letters) + 1, who: p, automated: b.e.rng().IntN(6) == 0, at: b.e.s.world.Clock.Now().UTC().Truncate(time.Second)}
	m.id = fmt.Sprintf("%d.crash@post.example", m.n)
	from, to, folder := "Reader <"+p.address+">", imaptest.DefaultUser, "INBOX"
	if b.e.rng().IntN(3) == 0 {
		from, to, folder = to, from, "Sent"
	}
	header := []string{"Message-ID: <" + m.id + ">", "Date: " + m.at.Format(time.RFC1123Z), "From: " + from, "To: " + to,
		"Subject: " + m.subject()}
	if m.automated {
		header = append(header, "Auto-Submitted: auto-replied")
	}
	m.raw = []byte(strings.Join(header, "\r\n") + "\r\n\r\nHello,\r\nplease call me back.\r\n")
	m.card = b.ready(p)
	b.letters = append(b.letters, m)
	return fmt.Sprintf("%s of %s, automated %t", m.subject(), p.address, m.automated), b.put(m, folder)
}

func (b *mailbox) put(m *letter, folder string) (err error) {
	m.folder, m.epoch = folder, b.epoch[folder]
	m.uid, err = b.e.s.world.IMAP.Append(folder, m.raw)
	return err
}

// ready returns the card of somebody when it has been there so long that what is written now happened after it was made,
// although mails say only the second.
func (b *mailbox) ready(p *correspondent) string {
	cards := b.e.lists.cards()[b.e.lists.ref(p)]
	if len(cards) != 1 {
		return ""
	}
	id := cards[0].GID
	if b.since[id].IsZero() {
		b.since[id] = time.Now()
	}
	if time.Since(b.since[id]) < 2*time.Second {
		return ""
	}
	return id
}

// move puts a mail into another folder; where its number is not known any more, a copy of it.
func (b *mailbox) move() (string, error) {
	if len(b.letters) == 0 {
		return "", nil
	}
	m := b.letters[b.e.rng().IntN(len(b.letters))]
	to := folders[b.e.rng().IntN(len(folders))]
	from, uid, known := m.folder, m.uid, m.epoch == b.epoch[m.folder]
	if err := b.put(m, to); err != nil || !known {
		return "copy " + m.subject() + " to " + to, err
	}
	return fmt.Sprintf("move %s from %s to %s", m.subject(), from, to), b.e.s.world.IMAP.Expunge(from, uid)
}

// renumber gives a folder another UIDVALIDITY.
func (b *mailbox) renumber() (string, error) {
	if b.e.rng().IntN(4) > 0 { // it is rare, and everything is read again
		return "", nil
	}
	folder := folders[b.e.rng().IntN(len(folders))]
	b.epoch[folder]++
	return folder + " is renumbered", b.e.s.world.IMAP.Renumber(folder)
}

// cut ends every connection to the mailbox.
func (b *mailbox) cut() (string, error) {
	b.e.s.world.IMAP.Cut()
	return "connections to the mailbox are cut", nil
}

// differences compares what the cards say of the mails.
func (b *mailbox) differences() (list []string) {
	cards := b.e.lists.cards()
	for _, p := range b.e.lists.people {
		tasks := cards[b.e.lists.ref(p)]
		if len(tasks) != 1 {
			continue // said by the lists
		}
		list = append(list, b.lastContact(p, tasks[0])...)
	}
	return append(list, b.toldTwice()...)
}

// lastContact compares the last contact that a card shows: that of the newest mail that a human wrote, of several in one
// second any.
func (b *mailbox) lastContact(p *correspondent, task asanatest.Task) []string {
	var newest []*letter
	for _, m := range b.letters {
		switch {
		case m.who != p || m.automated, len(newest) > 0 && m.at.Before(newest[0].at):
		case len(newest) > 0 && m.at.Equal(newest[0].at):
			newest = append(newest, m)
		default:
			newest = []*letter{m}
		}
	}
	line := ""
	for one := range strings.Lines(task.Notes) {
		if strings.HasPrefix(one, "Last contact: ") {
			line = strings.TrimSpace(one)
		}
	}
	day := task.Fields["Last contact"]
	if len(newest) == 0 {
		if line+day != "" {
			return []string{fmt.Sprintf("STALE: the card %s of %s says %q, and nobody wrote", task.GID, p.address, line)}
		}
		return nil
	}
	shown := slices.ContainsFunc(newest, func(m *letter) bool { return strings.HasSuffix(line, m.subject()) })
	if !shown || !strings.HasPrefix(day, newest[0].at.Format(time.DateOnly)) {
		return []string{fmt.Sprintf("STALE: the card %s of %s says %q and %q, want %s", task.GID, p.address, day, line, newest[0].subject())}
	}
	return nil
}

// digestHead begins each digest.
const digestHead = "Contact on "

// toldTwice looks for days with two digests on one card, and for mails that were told twice, or although a machine wrote them.
func (b *mailbox) toldTwice() (list []string) {
	told := map[string]int{} // by subject
	for _, task := range b.e.s.world.Asana.Tasks() {
		days := map[string]int{}
		for _, comment := range task.Comments {
			rest, digest := strings.CutPrefix(comment, digestHead)
			if !digest {
				continue
			}
			day, _, _ := strings.Cut(rest, ":")
			if days[day]++; days[day] == 2 {
				list = append(list, fmt.Sprintf("DIGEST: task %s has two comments of %s:\n%s", task.GID, day, strings.Join(task.Comments, "\n")))
			}
			for _, m := range b.letters {
				if strings.Contains(comment, m.subject()) {
					told[m.subject()]++
				}
			}
		}
	}
	for _, m := range b.letters {
		if n := told[m.subject()]; n > 1 || n > 0 && m.automated {
			list = append(list, fmt.Sprintf("DIGEST: %s, automated %t, is told %d times", m.subject(), m.automated, n))
		}
	}
	return list
}

// untold lists the mails that must be in a digest and are in none. A card that gave way to another tells nothing more.
func (b *mailbox) untold() (list []string) {
	cards, tasks := b.e.lists.cards(), map[string]asanatest.Task{}
	for _, task := range b.e.s.world.Asana.Tasks() {
		tasks[task.GID] = task
	}
	for _, m := range b.letters {
		now := cards[b.e.lists.ref(m.who)]
		if m.automated || m.card == "" || len(now) != 1 || now[0].GID != m.card {
			continue
		}
		if !slices.ContainsFunc(tasks[m.card].Comments, func(c string) bool {
			return strings.HasPrefix(c, digestHead) && strings.Contains(c, m.subject())
		}) {
			list = append(list, fmt.Sprintf("DIGEST: %s of %s is not told on task %s", m.subject(), m.who.address, m.card))
		}
	}
	return list
}

// exported asks the program what happened to everybody: each mail must be an interaction once, and nothing else.
func (b *mailbox) exported() (list []string) {
	for _, p := range b.e.lists.people {
		got := b.export(p)
		for _, m := range b.letters {
			want := 0
			if m.who == p {
				want = 1
			}
			if n := got[m.id]; n != want {
				list = append(list, fmt.Sprintf("MAIL: %s is %d interactions of %s, want %d", m.subject(), n, p.address, want))
			}
			delete(got, m.id)
		}
		for id, n := range got {
			list = append(list, fmt.Sprintf("MAIL: %d interactions of %s with the Message-ID %q, which nobody wrote", n, p.address, id))
		}
	}
	return list
}

// export returns how many records of interactions of somebody the program has, by Message-ID.
func (b *mailbox) export(p *correspondent) map[string]int {
	s := b.e.s
	s.t.Helper()
	name := filepath.Join(s.t.TempDir(), "export.json")
	if out, code := ask(s.t, s.config, time.Minute, "customer", "export", p.address, "--json", "--out", name); code != 0 {
		s.fail("export of %s: exit code %d:\n%s", p.address, code, out)
	}
	var report struct {
		Related map[string][]struct {
			Refs   []string
			Fields map[string]json.RawMessage
		}
	}
	data, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, &report)
	}
	if err != nil {
		s.fail("export of %s: %v", p.address, err)
	}
	got := map[string]int{}
	for _, one := range report.Related["interaction"] {
		var id string
		_ = json.Unmarshal(one.Fields["message_id"], &id)
		got[id] += len(one.Refs)
	}
	return got
}
