package connectortest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

// SourceHarness is a simulated vendor that is read. All its objects are of one stream, the one under test.
type SourceHarness interface {
	Harness
	// Stream is the stream under test; an incremental one.
	Stream() string
	// Create makes n objects, all in the present instant of the vendor's clock, and returns their ids.
	Create(t *testing.T, n int) []string
	// Change changes objects, all in the present instant.
	Change(t *testing.T, ids ...string)
	// Delete deletes an object the usual way.
	Delete(t *testing.T, id string)
	// Live returns every object that is not deleted with the vendor's stamp of its last change.
	Live(t *testing.T) map[string]time.Time
	// Says reports whether data, a record of the object, hold what the vendor knows of it, word for word.
	Says(t *testing.T, id string, data json.RawMessage) error
	// Personal returns texts of the object that are personal and must not be shown.
	Personal(t *testing.T, id string) []string
	// PageSize is the most objects that one Read returns, MaxRequests the most requests it makes.
	PageSize() int
	MaxRequests() int
	// Settle is after how much time on the vendor's clock every change must have been returned.
	Settle() time.Duration
	// Reads matches every request that Read makes.
	Reads() sandbox.Match
}

// Peopled is a SourceHarness whose stream may have an object that nobody made.
type Peopled interface {
	// NeverEmpty says that the stream has one from the beginning, a user whose account it is. Create then returns that as
	// the first that it makes.
	NeverEmpty() bool
}

// Merger is a SourceHarness whose vendor merges objects.
type Merger interface {
	// Merge folds the second object into the first and returns the survivor's id, which may be another.
	Merge(t *testing.T, first, second string) string
}

type sourceCheck struct {
	name string
	need connectors.Capability
	run  func(t *testing.T, h SourceHarness)
}

// Source runs the checks of connectors.Source and, where the connector declares them, Getter and Sweeper. newHarness
// makes a fresh, empty account.
func Source(t *testing.T, newHarness func(t *testing.T) SourceHarness) {
	var all []sourceCheck
	for _, part := range [][]sourceCheck{sourceReads, sourceChanges, sourceErrors, sourceGets, sourceSweeps} {
		all = append(all, part...)
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t)
			if c.need != "" && !has(h, c.need) {
				t.Skipf("%s does not declare %q", h.Connector().Spec.Name, c.need)
			}
			c.run(t, h)
		})
	}
}

// replica is what a ledger would hold: of each object the record that wins.
type replica struct {
	src     connectors.Source
	stream  string
	at      connectors.Cursor
	records map[connectors.Ref]connectors.Record
	pages   int
}

func openSource(t testing.TB, h SourceHarness) *replica {
	t.Helper()
	src, ok := Open(t, h).(connectors.Source)
	if !ok {
		t.Fatalf("%s opens no connectors.Source", h.Connector().Spec.Name)
	}
	return &replica{src: src, stream: h.Stream(), records: map[connectors.Ref]connectors.Record{}}
}

// reopen is a new process with the same ledger: nothing a connection remembers may matter.
func (r *replica) reopen(t *testing.T, h SourceHarness) {
	t.Helper()
	r.src = openSource(t, h).src
}

// read reads one page and applies it.
func (r *replica) read(t *testing.T) connectors.Page {
	t.Helper()
	page, err := r.src.Read(context.Background(), r.stream, r.at)
	if err != nil {
		t.Fatalf("read %s after %s: %v", r.stream, r.at, err)
	}
	if page.More && page.Next == r.at {
		t.Fatalf("the page after %s has more and leads back to itself", r.at)
	}
	r.apply(t, page.Records)
	r.at = page.Next
	r.pages++
	return page
}

func (r *replica) apply(t *testing.T, records []connectors.Record) {
	t.Helper()
	for _, rec := range records {
		if err := soundRecord(rec); err != nil {
			t.Errorf("record %s: %v", rec.Ref, err)
		}
		old, ok := r.records[rec.Ref]
		if !ok || rec.Version.After(old.Version) || rec.Version.Equal(old.Version) && !rec.Seen.Before(old.Seen) {
			r.records[rec.Ref] = rec
		}
	}
}

func soundRecord(r connectors.Record) error {
	switch {
	case r.Ref.Connection != Connection || r.Ref.Object == "" || r.Ref.ID == "":
		return fmt.Errorf("the reference is not complete")
	case r.Version.IsZero():
		return fmt.Errorf("no version")
	case r.Deleted.Kind == connectors.NotDeleted && !json.Valid(r.Data):
		return fmt.Errorf("the data are not JSON")
	case (r.Deleted.Kind == connectors.Merged) != !r.Deleted.Into.IsZero():
		return fmt.Errorf("deletion %+v", r.Deleted)
	}
	return nil
}

// drain reads until nothing more is ready.
func (r *replica) drain(t *testing.T) (last connectors.Page) {
	t.Helper()
	for range 10_000 {
		if last = r.read(t); !last.More {
			return last
		}
	}
	t.Fatal("the stream is not caught up after 10,000 pages")
	return last
}

// settle drains, lets the vendor's clock run until everything must have been returned, and drains again.
func (r *replica) settle(t *testing.T, h SourceHarness) {
	t.Helper()
	r.drain(t)
	h.Clock().Advance(h.Settle())
	r.drain(t)
}

// ref is the reference of an object of the stream.
func (r *replica) ref(id string) connectors.Ref {
	return connectors.Ref{Connection: Connection, Object: r.stream, ID: id}
}

// check compares the replica with the vendor's truth.
func (r *replica) check(t *testing.T, h SourceHarness) {
	t.Helper()
	live := h.Live(t)
	bad := 0
	for id, version := range live {
		got, ok := r.records[r.ref(id)]
		switch {
		case !ok:
			t.Errorf("object %s was never returned", id)
		case !got.Version.Equal(version):
			t.Errorf("object %s: got version %v, want %v", id, got.Version, version)
		case got.Deleted.Kind != connectors.NotDeleted:
			t.Errorf("object %s: got %+v, want a live record", id, got.Deleted)
		default:
			continue
		}
		if bad++; bad == 10 {
			t.Fatal("and so on")
		}
	}
}
