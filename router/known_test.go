package router_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/ledger"
)

// mailbox is a source of mail in the order of its arrival, five a page.
type mailbox struct {
	mu    sync.Mutex
	mails []connectors.Record
	given int      // mails read
	backs []string // cursors made for an instant
}

// morning is when the first mail arrives; the others follow a day each.
var morning = time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)

func (m *mailbox) arrive(from string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.mails)
	data, _ := json.Marshal(map[string]string{"from": from, "subject": strconv.Itoa(n)})
	at := morning.AddDate(0, 0, n)
	m.mails = append(m.mails, connectors.Record{Ref: connectors.Ref{Connection: "mail", Object: "messages", ID: fmt.Sprint("m", n)}, Version: at, Seen: at, Data: data})
}

func (m *mailbox) Streams(context.Context) ([]connectors.Stream, error) {
	return []connectors.Stream{{Name: "inbox", Object: "messages", Every: 5 * time.Millisecond}}, nil
}

func (m *mailbox) Read(_ context.Context, _ string, after connectors.Cursor) (connectors.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, _ := strconv.Atoi(string(after))
	end := min(at+5, len(m.mails))
	m.given += end - at
	return connectors.Page{Records: slices.Clone(m.mails[at:end]), Next: connectors.Cursor(strconv.Itoa(end)), More: end < len(m.mails)}, nil
}

func (m *mailbox) CursorAt(_ string, since time.Time) (connectors.Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := max(0, int(since.Sub(morning).Hours()/24))
	m.backs = append(m.backs, since.Format(time.DateOnly))
	return connectors.Cursor(strconv.Itoa(min(n, len(m.mails)))), nil
}

func (m *mailbox) back() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.backs)
}

func (m *mailbox) read() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.given
}

// mailRules keep mail with whoever is known.
type mailRules struct{}

func (mailRules) Version() string { return "1" }

func (mailRules) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	var v struct{ Name, From, Subject string }
	if err := json.Unmarshal(rec.Data, &v); err != nil {
		return canonical.Profile{}, mapping.Outcome{}, err
	}
	claim := func(name string, value any) canonical.Field {
		data, _ := json.Marshal(value)
		return canonical.Field{Name: name, Value: data}
	}
	if rec.Ref.Object == "contacts" {
		address := strings.ToLower(v.Name) + "@x.example"
		return canonical.Profile{Kind: canonical.Person, Fields: []canonical.Field{claim("emails", []map[string]string{{"address": address}}), claim("name.full", v.Name)}}, mapping.Outcome{}, nil
	}
	return canonical.Profile{Kind: canonical.Interaction, Fields: []canonical.Field{claim("kind", "email"),
			claim("participants", []map[string]string{{"role": "from", "address": v.From}}), claim("subject", v.Subject)}},
		mapping.Outcome{Known: &mapping.Known{Addresses: []string{v.From}}}, nil
}

// newMailWorld is a world with a mailbox beside the CRM.
func newMailWorld(t testing.TB) (*world, *mailbox) {
	w, m := newWorld(t), &mailbox{}
	w.mapper = mailRules{}
	w.change = func(o *router.Options) {
		o.Sources = append(o.Sources, router.SourceConn{Name: "mail", Source: m})
	}
	return w, m
}

// kept lists the subjects of the mails that the ledger has.
func (w *world) kept() string {
	w.t.Helper()
	var list []string
	if err := w.ledger.Snapshot(context.Background(), func(s *ledger.Snap) error {
		list = nil
		ids, _, err := s.Entities(canonical.Interaction, "", 1000)
		if err != nil {
			return err
		}
		for _, id := range ids {
			e, err := s.Subject(id)
			if err != nil {
				return err
			}
			list = append(list, strings.Trim(string(e.Golden.Get("subject")), `"`))
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(fmt.Sprintf("%4s", a), fmt.Sprintf("%4s", b)) })
	return strings.Join(list, " ")
}

// Mail with strangers is passed over, and there as soon as somebody of them is known: from the first of it on, and the rest of the
// mailbox is left alone.
func TestMailAppearsWhenItsSenderIsKnown(t *testing.T) { // invariants 7 and 8
	w, m := newMailWorld(t)
	for n := range 100 {
		m.arrive(map[bool]string{true: "ann@x.example", false: "shop@spam.example"}[n == 80 || n == 90])
	}
	w.start()
	w.backfill()
	state, err := w.ledger.Stream(context.Background(), "mail", "inbox")
	if err != nil || state.Counts.ByRule["unknown correspondents"] != 100 || w.kept() != "" {
		t.Fatalf("%+v, %q is kept (%v); want everything passed over", state.Counts, w.kept(), err)
	}
	before := m.read()
	w.crm.set("1", "Ann")
	w.until(func() bool { return w.kept() == "80 90" })
	w.until(func() bool { return len(w.gaps()) == 0 })
	if read := m.read() - before; read > 23 || m.back() != 1 { // three days before the first
		t.Errorf("%d mails were read again, from %v; want those since 77", read, m.backs)
	}
	m.arrive("ann@x.example")
	w.until(func() bool { return w.kept() == "80 90 100" })
}

// A backfill ends when the mail of everybody whom it made known is there, whichever was read first, and also when it was
// stopped between the two.
func TestBackfillWaitsForMailOfThoseItMadeKnown(t *testing.T) {
	for _, stop := range []bool{false, true} {
		w, m := newMailWorld(t)
		once := w.change
		w.change = func(o *router.Options) {
			once(o)
			o.Once = true
		}
		var want []string
		for n := range 40 {
			m.arrive(fmt.Sprintf("p%d@x.example", n%20))
			want = append(want, strconv.Itoa(n))
		}
		w.start()
		ctx := t.Context()
		if err := w.router.Backfill(ctx, router.Scope{Connections: []string{"mail"}}); err != nil {
			t.Fatal(err)
		}
		for n := range 20 {
			w.crm.set(strconv.Itoa(n), fmt.Sprint("P", n))
		}
		if stop {
			if err := w.router.ReadAll(ctx, router.Scope{Connections: []string{"crm"}}); err != nil {
				t.Fatal(err)
			}
			w.halt()
			w.start()
		}
		w.backfill()
		if got := w.kept(); got != strings.Join(want, " ") {
			t.Errorf("stopped %v: %q is there", stop, got)
		}
		if gaps := w.gaps(); len(gaps) != 0 {
			t.Errorf("stopped %v: gaps are left: %v", stop, gaps)
		}
		w.halt()
	}
}

// However many become known one after the other, a mailbox is read again once at a time and then rests.
func TestReadingAgainIsPaced(t *testing.T) {
	w, m := newMailWorld(t)
	var mu sync.Mutex
	clock := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	w.now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return clock
	}
	for n := range 30 {
		m.arrive(fmt.Sprintf("p%d@x.example", n))
	}
	w.start()
	w.backfill()
	read := func(n int) func() bool {
		return func() bool { return strings.Contains(" "+w.kept()+" ", " "+strconv.Itoa(n)+" ") }
	}
	w.crm.set("0", "P0")
	w.until(read(0))
	w.until(func() bool { return len(w.gaps()) == 0 })
	for n := 1; n < 12; n++ {
		w.crm.set(strconv.Itoa(n), fmt.Sprint("P", n))
		w.until(func() bool { return w.knows(fmt.Sprint("P", n)) })
	}
	time.Sleep(3 * time.Second) // as long as background work needs to come round
	if got := w.kept(); got != "0" || m.back() != 1 {
		t.Errorf("within the rest %q is kept and the mailbox was set back %d times", got, m.back())
	}
	mu.Lock()
	clock = clock.Add(2 * time.Minute)
	mu.Unlock()
	w.until(read(11))
	if got := w.kept(); got != "0 1 2 3 4 5 6 7 8 9 10 11" || m.back() != 2 {
		t.Errorf("after it %q is kept and the mailbox was set back %d times, want twice", got, m.back())
	}
}
