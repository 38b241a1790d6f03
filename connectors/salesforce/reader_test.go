package salesforce_test

import (
	"context"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// reader is what a ledger would hold of a stream: of each row the record that wins.
type reader struct {
	src     connectors.Source
	stream  string
	at      connectors.Cursor
	records map[string]connectors.Record // by id
	pages   int
	rows    int
}

func newReader(t testing.TB, h *harness, stream string, change ...any) *reader {
	t.Helper()
	return &reader{src: connectortest.Open(t, h, change...).(connectors.Source), stream: stream, records: map[string]connectors.Record{}}
}

// read reads a page and applies it.
func (r *reader) read(t testing.TB) connectors.Page {
	t.Helper()
	page, err := r.src.Read(context.Background(), r.stream, r.at)
	if err != nil {
		t.Fatalf("read %s after %s: %v", r.stream, r.at, err)
	}
	if page.More && page.Next == r.at {
		t.Fatalf("the page after %s has more and leads back to itself", r.at)
	}
	r.take(page)
	return page
}

func (r *reader) take(page connectors.Page) {
	for _, rec := range page.Records {
		old, ok := r.records[rec.Ref.ID]
		if !ok || rec.Version.After(old.Version) || rec.Version.Equal(old.Version) && !rec.Seen.Before(old.Seen) {
			r.records[rec.Ref.ID] = rec
		}
	}
	r.at, r.pages, r.rows = page.Next, r.pages+1, r.rows+len(page.Records)
}

// drain reads until nothing more is ready; wait lets the vendor's clock run as long as a page asks for.
func (r *reader) drain(t testing.TB, h *harness) {
	t.Helper()
	for range 20_000 {
		page := r.read(t)
		if !page.More {
			return
		}
		h.clock.Advance(page.Wait)
	}
	t.Fatal("the stream is not caught up after 20,000 pages")
}

// settle drains, lets everything become visible and drains again.
func (r *reader) settle(t testing.TB, h *harness) {
	t.Helper()
	r.drain(t, h)
	h.clock.Advance(h.Settle())
	r.drain(t, h)
}

// sweep takes a complete sweep in, and deletes what it does not show.
func (r *reader) sweep(t testing.TB, h *harness) {
	t.Helper()
	seen := map[string]bool{}
	var at connectors.Cursor
	for {
		page, err := r.src.(connectors.Sweeper).Sweep(context.Background(), r.stream, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range page.Records {
			seen[rec.Ref.ID] = true
		}
		keep := r.at
		r.take(page)
		at, r.at = page.Next, keep
		if !page.More {
			break
		}
	}
	for id := range r.records {
		if !seen[id] {
			delete(r.records, id)
		}
	}
	_ = h
}

// live returns the rows that are not deleted, with the version of each.
func (r *reader) live() map[string]time.Time {
	live := map[string]time.Time{}
	for id, rec := range r.records {
		if rec.Deleted.Kind == connectors.NotDeleted {
			live[id] = rec.Version
		}
	}
	return live
}

// check compares the live rows with the organization's.
func (r *reader) check(t testing.TB, h *harness) {
	t.Helper()
	got, want := r.live(), map[string]time.Time{}
	for _, row := range h.sim.Rows(r.stream) {
		want[row.ID] = row.Modified
	}
	bad := 0
	for id, at := range want {
		if !got[id].Equal(at) {
			t.Errorf("row %s: got version %v, want %v", id, got[id], at)
			bad++
		}
		if bad > 9 {
			t.Fatal("and so on")
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok {
			t.Errorf("row %s: got it live, and it is not", id)
		}
	}
}

// value reads a member of a record.
func (r *reader) value(id, path string) gjson.Result { return gjson.GetBytes(r.records[id].Data, path) }
