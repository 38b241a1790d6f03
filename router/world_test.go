package router_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
	"github.com/millrace/millrace/router/ledger/kv"
)

// crm is a small vendor in memory: contacts in the order of their changes, read by position.
type crm struct {
	mu      sync.Mutex
	changes []connectors.Record
	live    map[string]connectors.Record
	clock   time.Time
	fail    error  // returned by Read while set
	expired string // a cursor that is no longer taken
	given   int    // records read
}

func newCRM() *crm {
	return &crm{live: map[string]connectors.Record{}, clock: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
}

func (c *crm) set(id, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock = c.clock.Add(time.Millisecond)
	data, _ := json.Marshal(map[string]string{"id": id, "name": name})
	c.put(connectors.Record{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: id}, Version: c.clock, Seen: c.clock, Data: data})
}

func (c *crm) remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock = c.clock.Add(time.Millisecond)
	rec := c.live[id]
	rec.Version, rec.Seen, rec.Deleted = c.clock, c.clock, connectors.Deletion{Kind: connectors.Hard}
	c.put(rec)
}

func (c *crm) put(rec connectors.Record) {
	c.live[rec.Ref.ID] = rec
	c.changes = append(c.changes, rec)
}

func (c *crm) Streams(context.Context) ([]connectors.Stream, error) {
	return []connectors.Stream{{Name: "contacts", Object: "contacts", Every: 5 * time.Millisecond, Sweep: 24 * time.Hour}}, nil
}

func (c *crm) Read(_ context.Context, _ string, after connectors.Cursor) (connectors.Page, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return connectors.Page{}, c.fail
	}
	if c.expired != "" && string(after) == c.expired {
		return connectors.Page{}, &connectors.Error{Kind: connectors.Gone, Expired: true, Op: "read contacts", Reason: "cursor is too old"}
	}
	at, _ := strconv.Atoi(string(after))
	end := min(at+7, len(c.changes))
	c.given += end - at
	return connectors.Page{Records: c.changes[at:end], Next: connectors.Cursor(strconv.Itoa(end)), More: end < len(c.changes), Complete: c.clock}, nil
}

// board is a small project tool in memory, with the faults that matter.
type board struct {
	mu       sync.Mutex
	items    map[connectors.Link]connectors.Item
	said     map[connectors.Link][]string // comments
	told     map[connectors.Link][]string // what is left once
	keys     map[string]bool              // of that, with the object
	next     int
	inUse    int
	maxUse   int
	creates  int
	updates  int
	closes   int
	rechecks int
	before   func(connectors.Want) error // an error here means that nothing was written
	after    func(connectors.Want) error // an error here means that it was, and the answer was lost
	closed   func() error                // likewise, of closing
	latency  time.Duration
}

func newBoard() *board {
	return &board{items: map[connectors.Link]connectors.Item{}, said: map[connectors.Link][]string{}, told: map[connectors.Link][]string{}, keys: map[string]bool{}}
}

func (b *board) Upsert(_ context.Context, w connectors.Want) (connectors.Link, error) {
	b.mu.Lock()
	b.inUse++
	b.maxUse = max(b.maxUse, b.inUse)
	b.mu.Unlock()
	time.Sleep(b.latency)
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { b.inUse-- }()
	if b.before != nil {
		if err := b.before(w); err != nil {
			return "", err
		}
	}
	link := w.Link
	if link == "" && w.InDoubt {
		if link = b.find(w); link != "" && w.Item.Once {
			return link, nil
		}
	}
	if link == "" {
		b.next++
		b.creates++
		link = connectors.Link(fmt.Sprintf("t%d", b.next))
	} else if _, there := b.items[link]; !there {
		return "", &connectors.Error{Kind: connectors.NotFound, Op: "update task"}
	} else {
		b.updates++
	}
	if item := w.Item; w.Last != nil && item.Once { // people's edits stay: only what differs is written
		item = b.items[link]
		item.Key = w.Item.Key
		if w.Item.Title != w.Last.Title {
			item.Title = w.Item.Title
		}
		if w.Item.Notes != w.Last.Notes {
			item.Notes = w.Item.Notes
		}
		b.items[link] = item
	} else {
		b.items[link] = item
	}
	b.say(link, w.Comment)
	b.tell(link, w.Comments)
	if b.after != nil {
		if err := b.after(w); err != nil {
			return "", err
		}
	}
	return link, nil
}

// Recheck keeps the oldest of several objects of one key, by their names.
func (b *board) Recheck(_ context.Context, wants []connectors.Want) []connectors.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rechecks += len(wants)
	results := make([]connectors.Result, len(wants))
	for i, w := range wants {
		for _, link := range slices.Sorted(maps.Keys(b.items)) {
			item := b.items[link]
			switch {
			case item.Key != w.Item.Key || !slices.Contains(w.Sought, item.Project):
			case results[i].Link == "":
				results[i].Link = link
			default:
				item.Key, item.Completed = "", true
				b.items[link] = item
			}
		}
	}
	return results
}

// Find looks only where it is told to, as a target without global ids must.
func (b *board) Find(_ context.Context, w connectors.Want) (connectors.Link, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.find(w), nil
}

// List returns everything in the project at once.
func (b *board) List(_ context.Context, project string, _ time.Time, _ connectors.Cursor) ([]connectors.Shown, connectors.Cursor, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var shown []connectors.Shown
	for link, item := range b.items {
		if item.Project == project {
			shown = append(shown, connectors.Shown{Key: item.Key, Link: link, Completed: item.Completed})
		}
	}
	return shown, "", nil
}

func (b *board) find(w connectors.Want) connectors.Link {
	projects := w.Sought
	if len(projects) == 0 {
		projects = []string{w.Item.Project}
	}
	for l, item := range b.items {
		if item.Key == w.Item.Key && slices.Contains(projects, item.Project) {
			return l
		}
	}
	return ""
}

func (b *board) Close(_ context.Context, link connectors.Link, how connectors.Closing) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closes++
	if how.Delete {
		delete(b.items, link)
		return nil
	}
	item := b.items[link]
	if item.Completed = true; how.Forget {
		item.Key = ""
	}
	b.items[link] = item
	b.say(link, how.Comment)
	if b.closed != nil {
		return b.closed()
	}
	return nil
}

// URL is the page of an object.
func (b *board) URL(link connectors.Link) string { return "https://board.example/" + string(link) }

// say leaves a comment unless it is the last one there.
func (b *board) say(link connectors.Link, text string) {
	if said := b.said[link]; text != "" && (len(said) == 0 || said[len(said)-1] != text) {
		b.said[link] = append(said, text)
	}
}

// shows returns title by key of the open items, and fails the test when one key is shown twice.
func (b *board) shows(t fataler) map[string]string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	shown, seen := map[string]string{}, map[string]int{}
	for _, item := range b.items {
		seen[item.Key]++
		if !item.Completed {
			shown[item.Key] = item.Title
		}
	}
	for key, n := range seen {
		if n > 1 && key != "" {
			t.Errorf("%s is there %d times", key, n)
		}
	}
	return shown
}

type mapper struct{}

func (mapper) Version() string { return "1" }
func (mapper) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	var v struct{ Name string }
	if err := json.Unmarshal(rec.Data, &v); err != nil {
		return canonical.Profile{}, mapping.Outcome{}, errors.New("not an object")
	}
	name, _ := json.Marshal(v.Name)
	return canonical.Profile{Kind: canonical.Person, Fields: []canonical.Field{{Name: "name.full", Value: name}}}, mapping.Outcome{}, nil
}

const testRules = `
version: 1
rules:
  - name: card
    for: person
    project: '"Customers"'
    title: person.name.full
`

// fataler is a test or a property's check.
type fataler interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// world is a vendor, a ledger and a project tool joined by a router.
type world struct {
	t      fataler
	crm    *crm
	board  *board
	path   string
	rules  string
	engine *boltkv.Engine
	ledger *ledger.Ledger
	router *router.Router
	stop   func() error
	change func(*router.Options)
	wrap   func(kv.Engine) kv.Engine // in front of the store
	mapper ledger.Mapper
	now    func() time.Time // nil = the real clock
	kindOf func(connection, object string) canonical.Kind
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, rules: testRules, mapper: mapper{}, crm: newCRM(), board: newBoard(), path: filepath.Join(t.TempDir(), "ledger.db")}
	t.Cleanup(func() {
		if w.stop != nil {
			w.halt()
		}
	})
	return w
}

func (w *world) start() {
	w.t.Helper()
	var err error
	if w.engine, err = boltkv.Open(w.path, boltkv.Options{Buckets: ledger.Buckets()}); err != nil {
		w.t.Fatal(err)
	}
	rules, err := work.Load(mapping.File{Name: "test.yaml", Data: []byte(w.rules)})
	if err != nil {
		w.t.Fatal(err)
	}
	store := kv.Engine(w.engine)
	if w.wrap != nil {
		store = w.wrap(store)
	}
	if w.ledger, err = ledger.Open(store, ledger.Options{Targets: []string{"board"}, Reach: rules.Watches, Mapper: w.mapper, KindOf: w.kindOf, Now: w.now,
		Key: bytes.Repeat([]byte("k"), 32)}); err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	o := router.Options{Ledger: w.ledger, Bus: bus.InProcess(log), Rules: rules, Log: log, Attempts: 3, Late: time.Nanosecond, Now: w.now,
		Sources: []router.SourceConn{{Name: "crm", Source: w.crm}},
		Targets: []router.TargetConn{{Name: "board", Target: w.board, Finder: w.board, Rechecker: w.board, Lister: w.board,
			Locator: w.board, InFlight: 5}}}
	if w.change != nil {
		w.change(&o)
	}
	if w.router, err = router.New(o); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.router.Run(ctx, 5*time.Second) }()
	w.stop = func() error {
		cancel()
		err := <-ended
		return errors.Join(err, o.Bus.Close(), w.engine.Close())
	}
}

func (w *world) halt() {
	w.t.Helper()
	if err := w.stop(); err != nil {
		w.t.Errorf("stop: %v", err)
	}
	w.stop = nil
}

func (w *world) backfill() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := w.router.Backfill(ctx, router.Scope{}); err != nil {
		problems, _ := w.router.Problems(context.Background())
		w.t.Fatalf("backfill: %v; %v", err, problems)
	}
}

// made returns how many objects were created.
func (b *board) made() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.creates
}

// until waits for a condition.
func (w *world) until(done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			problems, err := w.router.Problems(context.Background())
			w.t.Fatalf("it does not happen; problems: %v %v", problems, err)
		}
	}
}
