package connectortest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

var sourceChanges = []sourceCheck{
	{"ManyObjectsInOneInstant", "", manyObjectsInOneInstant},
	{"SameInstantAfterCatchingUp", "", sameInstantAfterCatchingUp},
	{"ChangeDuringScanIsSeen", "", changeDuringScanIsSeen},
	{"ChangeBetweenFullScanAndIncrementalIsSeen", "", changeBetweenScanAndIncremental},
	{"ChangeWhilePollingIsSeen", "", changeWhilePollingIsSeen},
	{"AnyInterleavingConverges", "", anyInterleavingConverges},
	{"MergeIsSeen", connectors.MergesOf, mergeIsSeen},
}

// manyObjectsInOneInstant: a bulk edit gives thousands of objects one stamp; a cursor that is only a stamp loses all
// but a page of them (airbyte #43317, supaglue #585 and #532, estuary #2100).
func manyObjectsInOneInstant(t *testing.T, h SourceHarness) {
	h.Clock().Freeze()
	ids := h.Create(t, 2*h.PageSize()+5)
	r := openSource(t, h)
	r.settle(t, h)
	r.check(t, h)
	h.Change(t, ids...)
	r.settle(t, h)
	r.check(t, h)
}

// sameInstantAfterCatchingUp: an object changed in the very instant that the last page ended with.
func sameInstantAfterCatchingUp(t *testing.T, h SourceHarness) {
	h.Clock().Freeze()
	ids := h.Create(t, 4)
	r := openSource(t, h)
	r.settle(t, h)
	for i, id := range []string{ids[3], ids[0], ids[2], ids[1]} {
		h.Change(t, id)
		r.drain(t)
		if i == 1 {
			h.Clock().Advance(time.Millisecond)
		}
	}
	r.settle(t, h)
	r.check(t, h)
}

// changeDuringScanIsSeen: an object that the scan has passed, or moved out of its way, changes before the scan ends.
func changeDuringScanIsSeen(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 3*h.PageSize()+1)
	h.Clock().Advance(h.Settle())
	r := openSource(t, h)
	r.read(t)
	h.Clock().Advance(time.Second)
	h.Change(t, ids[0], ids[len(ids)-1])
	r.read(t)
	h.Clock().Advance(time.Second)
	h.Change(t, ids[1], ids[len(ids)/2])
	fresh := h.Create(t, 2)
	r.settle(t, h)
	r.check(t, h)
	if _, ok := r.records[r.ref(fresh[0])]; !ok {
		t.Errorf("object %s, made during the scan, was never returned", fresh[0])
	}
}

// changeBetweenScanAndIncremental: a scan may take days. What changed since its first page must be read by the
// incremental part, which therefore must know when that was: at the end of the scan it is too late to ask (Conduit's
// MySQL gap).
func changeBetweenScanAndIncremental(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 2*h.PageSize()+1)
	h.Clock().Advance(h.Settle())
	r := openSource(t, h)
	r.read(t)
	h.Change(t, ids[0])
	h.Clock().Advance(72 * time.Hour) // longer than any overlap
	r.reopen(t, h)
	r.settle(t, h)
	r.check(t, h)
}

// changeWhilePollingIsSeen: an object that is edited while a backlog is paged moves, and with paging by offset
// another one slips through the gap.
func changeWhilePollingIsSeen(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 4*h.PageSize())
	r := openSource(t, h)
	r.settle(t, h)
	for i := 0; i < len(ids); i += 100 {
		h.Change(t, ids[i:min(i+100, len(ids))]...)
		h.Clock().Advance(time.Second)
	}
	for i := range 8 {
		r.read(t)
		h.Change(t, ids[i], ids[100+i], ids[len(ids)-1-i])
		h.Clock().Advance(time.Second)
	}
	r.settle(t, h)
	r.check(t, h)
}

// anyInterleavingConverges: creations, changes, restarts and pages in any order end in the vendor's truth, and a page
// never says that it is complete up to a time when something before it is missing.
func anyInterleavingConverges(t *testing.T, h SourceHarness) {
	seed := uint64(20261122)
	rnd := rand.New(rand.NewPCG(seed, 1))
	h.Clock().Freeze()
	r := openSource(t, h)
	var ids []string
	for step := range 400 {
		switch rnd.IntN(8) {
		case 0:
			n := 1 + rnd.IntN(30)
			if step%40 == 0 {
				n = h.PageSize() + 1
			}
			ids = append(ids, h.Create(t, n)...)
		case 1, 2, 3:
			if len(ids) > 0 {
				h.Change(t, ids[rnd.IntN(len(ids))])
			}
		case 4:
			h.Clock().Advance(time.Duration(rnd.Int64N(int64(h.Settle()) / 4)).Truncate(time.Millisecond))
		case 5:
			r.reopen(t, h)
		default:
			page := r.read(t)
			if missing := r.missingBefore(t, h, page.Complete); missing != "" {
				t.Fatalf("seed %d, step %d: %s", seed, step, missing)
			}
		}
	}
	r.settle(t, h)
	r.check(t, h)
}

// missingBefore returns what was stamped before the time and not returned, "" for nothing.
func (r *replica) missingBefore(t *testing.T, h SourceHarness, complete time.Time) string {
	if complete.IsZero() {
		return ""
	}
	for id, version := range h.Live(t) {
		if got := r.records[r.ref(id)]; version.Before(complete) && got.Version.Before(version) {
			return fmt.Sprintf("the page is complete up to %v, but object %s was changed at %v and last seen at %v", complete, id, version, got.Version)
		}
	}
	return ""
}

// mergeIsSeen: without it the loser lives on in the hub for ever, as a twin of the survivor.
func mergeIsSeen(t *testing.T, h SourceHarness) {
	m, ok := h.(Merger)
	if !ok {
		t.Fatalf("%s declares %q, but its harness is no Merger", h.Connector().Spec.Name, connectors.MergesOf)
	}
	ids := h.Create(t, 3)
	r := openSource(t, h)
	r.settle(t, h)
	survivor := m.Merge(t, ids[0], ids[1])
	r.settle(t, h)
	r.check(t, h)
	into := connectors.Deletion{Kind: connectors.Merged, Into: r.ref(survivor)}
	for _, old := range ids[:2] {
		if got := r.records[r.ref(old)].Deleted; old != survivor && got != into {
			t.Errorf("object %s: got %+v, want %+v", old, got, into)
		}
	}
	getter, ok := r.src.(connectors.Getter)
	if !ok {
		return
	}
	records, err := getter.Get(context.Background(), []connectors.Ref{r.ref(ids[1])})
	if err != nil {
		t.Fatal(err)
	}
	got := map[connectors.Ref]connectors.Deletion{}
	for _, rec := range records {
		got[rec.Ref] = rec.Deleted
	}
	if d, ok := got[r.ref(survivor)]; !ok || d.Kind != connectors.NotDeleted || got[r.ref(ids[1])] != into {
		t.Errorf("get of the merged object: got %+v, want it as merged together with the survivor", got)
	}
}
