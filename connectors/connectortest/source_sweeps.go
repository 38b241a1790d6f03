package connectortest

import (
	"context"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

var sourceSweeps = []sourceCheck{
	{"SweepListsAll", connectors.Sweeps, sweepListsAll},
	{"SweepSaysWhatReadSays", connectors.Sweeps, sweepSaysWhatReadSays},
	{"DeletionIsSeen", connectors.Sweeps, deletionIsSeen},
	{"SweepErrorIsNoEnd", connectors.Sweeps, sweepErrorIsNoEnd},
}

func sweeper(t *testing.T, r *replica, h Harness) connectors.Sweeper {
	t.Helper()
	s, ok := r.src.(connectors.Sweeper)
	if !ok {
		t.Fatalf("%s declares %q and opens no connectors.Sweeper", h.Connector().Spec.Name, connectors.Sweeps)
	}
	return s
}

// sweep reads a complete sweep into an empty replica, with a restart at every page.
func sweep(t *testing.T, h SourceHarness) *replica {
	t.Helper()
	r := openSource(t, h)
	for range 10_000 {
		page, err := sweeper(t, r, h).Sweep(context.Background(), r.stream, r.at)
		if err != nil {
			t.Fatalf("sweep after %s: %v", r.at, err)
		}
		r.apply(t, page.Records)
		if !page.More {
			return r
		}
		h.Clock().Advance(page.Wait)
		if page.Next == r.at {
			t.Fatalf("the page after %s has more and leads back to itself", r.at)
		}
		r.at = page.Next
		r.reopen(t, h)
	}
	t.Fatal("the sweep does not end after 10,000 pages")
	return nil
}

// sweepListsAll: what two sweeps do not list is taken for deleted, so each must list everything.
func sweepListsAll(t *testing.T, h SourceHarness) {
	sweep(t, h) // of nothing
	for range 3 {
		h.Create(t, h.PageSize())
		h.Clock().Advance(time.Second)
	}
	r := sweep(t, h)
	r.check(t, h)
}

// sweepSaysWhatReadSays: see getSaysWhatReadSays.
func sweepSaysWhatReadSays(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 3)
	r := openSource(t, h)
	r.settle(t, h)
	h.Change(t, ids...)
	r.settle(t, h)
	swept := sweep(t, h)
	for _, id := range ids {
		got, read := swept.records[r.ref(id)], r.records[r.ref(id)]
		if string(got.Data) != string(read.Data) || !got.Version.Equal(read.Version) {
			t.Errorf("object %s: the sweep says\n%s\nat %v, read says\n%s\nat %v", id, got.Data, got.Version, read.Data, read.Version)
		}
	}
}

// deletionIsSeen: objects deleted at the vendor live on in the hub (airbyte #35017, #34082, singer tap-hubspot #64,
// open since 2018).
func deletionIsSeen(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 5)
	r := openSource(t, h)
	r.settle(t, h)
	h.Delete(t, ids[2])
	r.settle(t, h)
	swept := sweep(t, h)
	swept.check(t, h)
	for _, rec := range swept.records {
		r.apply(t, []connectors.Record{rec})
	}
	listed, ok := swept.records[r.ref(ids[2])]
	switch {
	case ok && listed.Deleted.Kind == connectors.NotDeleted:
		t.Error("the sweep lists the deleted object as live")
	case ok && r.records[r.ref(ids[2])].Deleted.Kind == connectors.NotDeleted:
		t.Error("the sweep's record of the deletion loses against the one that was read before")
	}
}

// sweepErrorIsNoEnd: an error taken for the end of a sweep deletes everything behind it.
func sweepErrorIsNoEnd(t *testing.T, h SourceHarness) {
	h.Create(t, 3)
	checkErrorKinds(t, h, h.Reads(), func() error {
		r := openSource(t, h)
		page, err := sweeper(t, r, h).Sweep(context.Background(), r.stream, "")
		if err != nil && (len(page.Records) > 0 || page.Next != "" || page.More) {
			t.Errorf("got part of a page together with the error %v", err)
		}
		return err
	})
}
