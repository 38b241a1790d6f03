package router_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
)

// pusher puts a feed, a getter and cursors for instants in front of the crm. Its cursors are positions in the list of all
// events, of which it keeps those from oldest on.
type pusher struct {
	*crm
	blind bool // polling shows nothing new after the first pass

	mu     sync.Mutex
	events []connectors.Hint
	oldest int
	missed []string // told with the next news
	ready  []string // likewise
	silent bool     // no contact
	drop   func() error
	slow   time.Duration // a page takes so long
	most   int           // hints told at once; 0 = 3
	open   int           // followers
	begins []string      // cursors that were followed from
}

func (p *pusher) Feeds() []connectors.Feed {
	return []connectors.Feed{{Name: "changes", Streams: []string{"contacts"}}, {Name: "others", Streams: []string{"leads"}}}
}

func (p *pusher) Follow(_ context.Context, feed string, after connectors.Cursor) (connectors.Follower, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if feed != "changes" {
		return nil, errors.New("nothing of that feed is read")
	}
	p.begins = append(p.begins, string(after))
	at := len(p.events)
	if after != "" {
		at, _ = strconv.Atoi(string(after))
	}
	if at < p.oldest {
		return nil, &connectors.Error{Kind: connectors.Gone, Expired: true, Op: "follow changes", Reason: "too old"}
	}
	p.open++
	return &pushed{p: p, at: at}, nil
}

type pushed struct {
	p  *pusher
	at int
}

func (f *pushed) Next(ctx context.Context) (connectors.News, error) {
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end) && !f.there(); {
		select {
		case <-ctx.Done():
			return connectors.News{}, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	for f.quiet() {
		select {
		case <-ctx.Done():
			return connectors.News{}, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if f.p.drop != nil {
		if err := f.p.drop(); err != nil {
			return connectors.News{}, err
		}
	}
	end := min(f.at+cmp.Or(f.p.most, 3), len(f.p.events))
	n := connectors.News{Hints: slices.Clone(f.p.events[f.at:end]), Missed: f.p.missed, Ready: f.p.ready, Next: connectors.Cursor(strconv.Itoa(end))}
	if f.at < end {
		n.At = n.Hints[len(n.Hints)-1].At
	}
	f.at, f.p.missed, f.p.ready = end, nil, nil
	return n, nil
}

func (f *pushed) there() bool {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	return f.at < len(f.p.events) || f.p.missed != nil || f.p.ready != nil
}

func (f *pushed) quiet() bool {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	return f.p.silent
}

func (f *pushed) Close() error {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	f.p.open--
	return nil
}

func (p *pusher) with(fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn()
}

// change sets a record and tells it.
func (p *pusher) change(id, name string) {
	p.set(id, name)
	p.tell(id, connectors.NotDeleted)
}

func (p *pusher) tell(id string, how connectors.DeletionKind) {
	p.crm.mu.Lock()
	at := p.clock
	p.crm.mu.Unlock()
	p.with(func() {
		p.events = append(p.events, connectors.Hint{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: id},
			Deleted: connectors.Deletion{Kind: how}, At: at})
	})
}

// late puts a change where polling has been already, as a transaction does that ends late, and tells nobody.
func (p *pusher) late(id, name string) {
	p.crm.mu.Lock()
	defer p.crm.mu.Unlock()
	rec := connectors.Record{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: id}, Version: p.clock, Seen: p.clock,
		Data: fmt.Appendf(nil, `{"id":%q,"name":%q}`, id, name)}
	p.live[id] = rec
	p.changes = slices.Insert(p.changes, len(p.changes)-1, rec)
}

// rewrite changes every record where it lies.
func (p *pusher) rewrite() {
	p.crm.mu.Lock()
	defer p.crm.mu.Unlock()
	for i := range p.changes {
		rec := p.changes[i]
		rec.Data = fmt.Appendf(nil, `{"id":%q,"name":"Early %s"}`, rec.Ref.ID, rec.Ref.ID)
		rec.Seen = rec.Seen.Add(time.Hour)
		p.changes[i], p.live[rec.Ref.ID] = rec, rec
	}
}

// advance moves the vendor's clock.
func (p *pusher) advance(by time.Duration) {
	p.crm.mu.Lock()
	defer p.crm.mu.Unlock()
	p.clock = p.clock.Add(by)
}

// expire drops every event there was, and one that nobody was told.
func (p *pusher) expire() {
	p.events = append(p.events, connectors.Hint{})
	p.oldest = len(p.events)
}

func (p *pusher) Read(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
	if p.blind && after != "" {
		return connectors.Page{Next: after}, nil
	}
	p.mu.Lock()
	slow := p.slow
	p.mu.Unlock()
	time.Sleep(slow)
	return p.crm.Read(ctx, stream, after)
}

// CursorAt returns the position of the first change since the instant.
func (p *pusher) CursorAt(_ string, since time.Time) (connectors.Cursor, error) {
	p.crm.mu.Lock()
	defer p.crm.mu.Unlock()
	at := slices.IndexFunc(p.changes, func(r connectors.Record) bool { return !r.Version.Before(since) })
	return connectors.Cursor(strconv.Itoa(max(at, 0))), nil
}

// newFeedWorld is a world whose vendor pushes changes and is polled once at the start and then never.
func newFeedWorld(t testing.TB) (*world, *pusher) {
	w := newWorld(t)
	p := &pusher{crm: w.crm}
	w.crm.set("0", "First")
	w.change = func(o *router.Options) {
		o.Sources[0] = router.SourceConn{Name: "crm", Source: p, Feeder: p, Getter: getter{w.crm, func(connectors.Ref) error { return nil }},
			Every: time.Hour}
	}
	return w, p
}

// followed waits until the feed has told anything since the instant.
func (w *world) followed(since time.Time) {
	w.t.Helper()
	w.until(func() bool {
		f, err := w.ledger.Feed(context.Background(), "crm", "changes")
		return err == nil && f.Cursor != "" && f.Contact.After(since)
	})
}

// knows reports whether the name of a contact has come to the ledger and is shown.
func (w *world) knows(name string) bool {
	for _, title := range w.board.shows(w.t) {
		if title == name {
			return true
		}
	}
	return false
}

// gaps returns the open ones.
func (w *world) gaps() []ledger.Gap {
	w.t.Helper()
	gaps, err := w.ledger.Gaps(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return gaps
}

// problem returns the first problem that begins so, "" when there is none.
func (w *world) problem(begin string) string {
	w.t.Helper()
	list, err := w.router.Problems(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range list {
		if strings.HasPrefix(p, begin) {
			return p
		}
	}
	return ""
}

// offline opens the ledger of a world that is halted.
func (w *world) offline(fn func(*ledger.Ledger)) {
	w.t.Helper()
	engine, err := boltkv.Open(w.path, boltkv.Options{Buckets: ledger.Buckets()})
	if err != nil {
		w.t.Fatal(err)
	}
	defer engine.Close()
	l, err := ledger.Open(engine, ledger.Options{Mapper: w.mapper})
	if err != nil {
		w.t.Fatal(err)
	}
	fn(l)
}

// counted returns a counter by the first of its labels.
func (w *world) counted(name string) map[string]float64 {
	w.t.Helper()
	families, err := w.router.Metrics().Registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	by := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				by[m.GetLabel()[0].GetValue()] += m.GetCounter().GetValue()
			}
		}
	}
	return by
}
