package connectortest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

var sourceReads = []sourceCheck{
	{"StreamsAreDeclared", "", streamsAreDeclared},
	{"NoObjectIsListedTwice", "", noObjectIsListedTwice},
	{"EmptyStreamIsCaughtUp", "", emptyStreamIsCaughtUp},
	{"ReadsAllOnce", "", readsAllOnce},
	{"SameCursorSamePage", "", sameCursorSamePage},
	{"OneReadFewRequests", "", oneReadFewRequests},
	{"DataIsVerbatim", "", dataIsVerbatim},
	{"VersionsAreTheVendors", "", versionsAreTheVendors},
	{"SnapshotStreamsEnd", "", snapshotStreamsEnd},
	{"OldCursorsStillWork", "", oldCursorsStillWork},
	{"ForeignCursorIsRefused", "", foreignCursorIsRefused},
	{"RewindReadsAgain", "", rewindReadsAgain},
	{"CountIsTheNumber", "", countIsTheNumber},
}

// streamsAreDeclared: a stream that is not in the Spec is in no README and no `config check`.
func streamsAreDeclared(t *testing.T, h SourceHarness) {
	streams, err := openSource(t, h).src.Streams(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var declared, got []string
	for _, d := range h.Connector().Spec.Streams {
		declared = append(declared, d.Name)
	}
	for _, s := range streams {
		got = append(got, s.Name)
		if !slices.Contains(declared, s.Name) {
			t.Errorf("stream %s is not in the Spec, which has %v", s.Name, declared)
		}
	}
	if !slices.Contains(got, h.Stream()) {
		t.Errorf("got the streams %v, want %s among them", got, h.Stream())
	}
}

// noObjectIsListedTwice, with the streams that are usual and with all that can be chosen together: a listing takes for gone
// what it does not show, so two of one object would each reap what only the other shows.
func noObjectIsListedTwice(t *testing.T, h SourceHarness) {
	var all []any
	for _, set := range h.Connector().Spec.Settings {
		if set.Streams && len(set.Choices) > 0 {
			all = append(all, set.Name, set.Choices)
		}
	}
	for _, change := range [][]any{nil, all} {
		streams, err := Open(t, h, change...).(connectors.Source).Streams(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := connectors.CheckStreams(streams); err != nil {
			t.Error(err)
		}
	}
}

// emptyStreamIsCaughtUp: a stream without objects must come to rest, or the router reads it for ever.
func emptyStreamIsCaughtUp(t *testing.T, h SourceHarness) {
	if p, ok := h.(Peopled); ok && p.NeverEmpty() {
		t.Skip("the vendor has no account in which this stream is empty")
	}
	r := openSource(t, h)
	for range 10 {
		page := r.read(t)
		if len(page.Records) != 0 {
			t.Errorf("got %d records of an empty stream", len(page.Records))
		}
		if !page.More {
			break
		}
	}
	if r.pages == 10 {
		t.Error("an empty stream has more after ten pages")
	}
	if r.at == "" {
		t.Error("caught up with an empty cursor: the stream would begin anew")
	}
}

// readsAllOnce: every object arrives, and a full scan does not pay for an object twice.
func readsAllOnce(t *testing.T, h SourceHarness) {
	n := 3*h.PageSize() + 7
	for i := 0; i < n; i += 50 {
		h.Create(t, min(50, n-i))
		h.Clock().Advance(time.Second)
	}
	h.Clock().Advance(h.Settle())
	r := openSource(t, h)
	total := 0
	for more := true; more; {
		page := r.read(t)
		total, more = total+r.own(page), page.More
	}
	r.check(t, h)
	if total > n {
		t.Errorf("got %d records for %d objects that did not change", total, n)
	}
}

// own returns how many records of a page are of the stream's object, and not of those that come along.
func (r *replica) own(p connectors.Page) (n int) {
	for _, rec := range p.Records {
		if rec.Ref.Object == r.stream {
			n++
		}
	}
	return n
}

// sameCursorSamePage: a page whose transaction failed is read again from the same cursor.
func sameCursorSamePage(t *testing.T, h SourceHarness) {
	h.Create(t, h.PageSize()+3)
	r := openSource(t, h)
	for range 6 {
		before := r.at
		first := r.read(t)
		r.at = before
		r.reopen(t, h)
		again := r.read(t)
		if a, b := idsOf(first), idsOf(again); !slices.Equal(a, b) {
			t.Errorf("after %q: got %d records and then %d other ones", before, len(a), len(b))
		}
		if !again.More {
			h.Clock().Advance(h.Settle())
		}
	}
}

func idsOf(p connectors.Page) []string {
	ids := make([]string, len(p.Records))
	for i, r := range p.Records {
		ids[i] = r.Ref.String()
	}
	slices.Sort(ids)
	return ids
}

// oneReadFewRequests: a loop inside a connector hides from quota, checkpoints and shutdown.
func oneReadFewRequests(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 2*h.PageSize()+1)
	r := openSource(t, h)
	for i := range 40 {
		h.Log().Reset()
		page := r.read(t)
		if n := h.Log().Totals().Requests; n > h.MaxRequests() {
			t.Errorf("page %d cost %d requests, want at most %d", i, n, h.MaxRequests())
		}
		if !page.More && i < 30 {
			h.Change(t, ids...)
			h.Clock().Advance(h.Settle())
		}
	}
}

// dataIsVerbatim: what is mapped later must be what the vendor said.
func dataIsVerbatim(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 3)
	r := openSource(t, h)
	check := func(when string) {
		for _, id := range ids {
			if err := h.Says(t, id, r.records[r.ref(id)].Data); err != nil {
				t.Errorf("%s: object %s: %v", when, id, err)
			}
		}
	}
	r.settle(t, h)
	check("by the full scan")
	h.Change(t, ids...)
	r.settle(t, h)
	check("as a change")
}

// versionsAreTheVendors: a stamp of our clock makes the order of arrival decide (invariant 2).
func versionsAreTheVendors(t *testing.T, h SourceHarness) {
	h.Clock().Advance(-1000 * time.Hour)
	ids := h.Create(t, 2)
	r := openSource(t, h)
	r.settle(t, h)
	h.Change(t, ids[0])
	r.settle(t, h)
	r.check(t, h)
	now := h.Clock().Now()
	for ref, rec := range r.records {
		if rec.Seen.After(now.Add(time.Minute)) {
			t.Errorf("%s: seen at %v, but the vendor's clock is at %v", ref, rec.Seen, now)
		}
	}
}

// snapshotStreamsEnd: a listing that does not end, or ends with a cursor, is never complete.
func snapshotStreamsEnd(t *testing.T, h SourceHarness) {
	r := openSource(t, h)
	streams, err := r.src.Streams(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range streams {
		if !s.Snapshot {
			continue
		}
		var counts [2]int
		for i := range counts {
			r.stream, r.at, r.records = s.Name, "", map[connectors.Ref]connectors.Record{}
			r.drain(t)
			counts[i] = len(r.records)
		}
		if counts[0] != counts[1] {
			t.Errorf("stream %s: got %d records and then %d", s.Name, counts[0], counts[1])
		}
	}
}

// oldCursorsStillWork: cursors live in ledgers for years. testdata/cursors holds one of each form ever written, in
// files named <stream>.<what>.cursor; those whose <what> begins with sweep are cursors of a sweep.
func oldCursorsStillWork(t *testing.T, h SourceHarness) {
	files, err := filepath.Glob("testdata/cursors/*.cursor")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata/cursors holds no cursor (%v)", err)
	}
	h.Create(t, 3)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		stream, what, _ := strings.Cut(name, ".")
		src := openSource(t, h).src
		read := src.Read
		if sweeper, ok := src.(connectors.Sweeper); ok && strings.HasPrefix(what, "sweep") {
			read = sweeper.Sweep
		}
		if _, err := read(context.Background(), stream, connectors.Cursor(strings.TrimSpace(string(text)))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// foreignCursorIsRefused: a cursor that is not understood must not mean "from the beginning", nor anything else.
func foreignCursorIsRefused(t *testing.T, h SourceHarness) {
	h.Create(t, 3)
	r := openSource(t, h)
	for _, text := range []connectors.Cursor{"x", "{}", "[]", "null", `{"v":999}`, "2026-11-22T00:00:00Z", "\x00"} {
		page, err := r.src.Read(context.Background(), h.Stream(), text)
		if err == nil {
			t.Errorf("cursor %q: got a page of %d records, want an error", text, len(page.Records))
			continue
		}
		wantKind(t, string(text), err, connectors.Rejected, connectors.Gone)
	}
	if _, err := r.src.Read(context.Background(), "no such stream", ""); err == nil {
		t.Error("an unknown stream: got a page, want an error")
	}
}

// rewindReadsAgain: a gap is healed by reading again what changed since; what that leaves out stays lost.
func rewindReadsAgain(t *testing.T, h SourceHarness) {
	rewinder, ok := openSource(t, h).src.(connectors.Rewinder)
	if !ok {
		t.Skipf("%s opens no connectors.Rewinder", h.Connector().Spec.Name)
	}
	ids := h.Create(t, 20)
	h.Clock().Advance(2 * h.Settle())
	since := h.Clock().Now()
	h.Change(t, ids[7:]...)
	h.Clock().Advance(2 * h.Settle())
	r := openSource(t, h)
	var err error
	if r.at, err = rewinder.CursorAt(h.Stream(), since); err != nil {
		t.Fatal(err)
	}
	r.settle(t, h)
	for i, id := range ids {
		if _, got := r.records[r.ref(id)]; i >= 7 && !got {
			t.Errorf("object %s changed after %v and was not returned", id, since)
		}
	}
	if r.at, err = rewinder.CursorAt(h.Stream(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	r.settle(t, h)
	r.check(t, h)
	if _, err := rewinder.CursorAt("no such stream", since); err == nil {
		t.Error("an unknown stream: got a cursor, want an error")
	}
}

// countIsTheNumber: an estimate that is wrong by a factor makes a backfill look stuck, or done.
func countIsTheNumber(t *testing.T, h SourceHarness) {
	counter, ok := openSource(t, h).src.(connectors.Counter)
	if !ok {
		t.Skipf("%s opens no connectors.Counter", h.Connector().Spec.Name)
	}
	h.Create(t, 130)
	h.Clock().Advance(h.Settle())
	if n, err := counter.Count(context.Background(), h.Stream()); err != nil || n < 117 || n > 143 {
		t.Errorf("got %d and %v, want about 130", n, err)
	}
}
