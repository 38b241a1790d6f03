package connectortest

import (
	"context"
	"testing"

	"github.com/millrace/millrace/connectors"
)

var sourceGets = []sourceCheck{
	{"GetSaysWhatReadSays", connectors.Gets, getSaysWhatReadSays},
	{"GetOfManyAtOnce", connectors.Gets, getOfManyAtOnce},
	{"GetOfWhatIsNotThere", connectors.Gets, getOfWhatIsNotThere},
	{"GetOfWhatWasDeleted", connectors.Gets, getOfWhatWasDeleted},
	{"GetErrorKinds", connectors.Gets, getErrorKinds},
}

func getter(t *testing.T, r *replica, h Harness) connectors.Getter {
	t.Helper()
	g, ok := r.src.(connectors.Getter)
	if !ok {
		t.Fatalf("%s declares %q and opens no connectors.Getter", h.Connector().Spec.Name, connectors.Gets)
	}
	return g
}

func get(t *testing.T, r *replica, h SourceHarness, ids ...string) map[string]connectors.Record {
	t.Helper()
	refs := make([]connectors.Ref, len(ids))
	for i, id := range ids {
		refs[i] = r.ref(id)
	}
	records, err := getter(t, r, h).Get(context.Background(), refs)
	if err != nil {
		t.Fatalf("get %v: %v", ids, err)
	}
	out := map[string]connectors.Record{}
	for _, rec := range records {
		if err := soundRecord(rec); err != nil {
			t.Errorf("record %s: %v", rec.Ref, err)
		}
		if rec.Ref.Object == r.stream { // and none of those that come along
			out[rec.Ref.ID] = rec
		}
	}
	return out
}

// getSaysWhatReadSays: a record that comes by webhook in another shape than by polling changes its customer to and fro.
func getSaysWhatReadSays(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 3)
	r := openSource(t, h)
	r.settle(t, h)
	for _, when := range []string{"by the full scan", "as a change"} {
		for id, rec := range get(t, r, h, ids...) {
			read := r.records[r.ref(id)]
			if string(rec.Data) != string(read.Data) || !rec.Version.Equal(read.Version) {
				t.Errorf("%s: object %s: get says\n%s\nat %v, read says\n%s\nat %v", when, id, rec.Data, rec.Version, read.Data, read.Version)
			}
		}
		h.Change(t, ids...)
		r.settle(t, h)
	}
}

// getOfManyAtOnce: references that do not fit into one answer must not be dropped.
func getOfManyAtOnce(t *testing.T, h SourceHarness) {
	r := openSource(t, h)
	n := getter(t, r, h).MaxGet()
	if n < 1 {
		t.Fatalf("MaxGet: got %d, want at least 1", n)
	}
	ids := h.Create(t, n)
	if got := get(t, r, h, ids...); len(got) != n {
		t.Errorf("got %d records for %d references", len(got), n)
	}
	if got := get(t, r, h, ids[0], ids[0]); len(got) != 1 {
		t.Errorf("got %d records for one reference given twice", len(got))
	}
	if got := get(t, r, h); len(got) != 0 {
		t.Errorf("got %d records for no reference", len(got))
	}
}

// getOfWhatIsNotThere: one unknown id must not fail the others.
func getOfWhatIsNotThere(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 2)
	got := get(t, openSource(t, h), h, ids[0], "999999999999999", ids[1], "no-such-id")
	if len(got) != 2 {
		t.Errorf("got %d records, want the 2 that exist", len(got))
	}
}

// getOfWhatWasDeleted: a deleted object comes back as deleted or not at all, never as live.
func getOfWhatWasDeleted(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 2)
	h.Delete(t, ids[0])
	got := get(t, openSource(t, h), h, ids...)
	if rec, ok := got[ids[0]]; ok && rec.Deleted.Kind == connectors.NotDeleted {
		t.Error("the deleted object came back as live")
	}
	if rec, ok := got[ids[1]]; !ok || rec.Deleted.Kind != connectors.NotDeleted {
		t.Errorf("the other object: got %+v, want it live", rec.Deleted)
	}
}

// getErrorKinds: a fetch that failed must not look like an object that is gone.
func getErrorKinds(t *testing.T, h SourceHarness) {
	ids := h.Create(t, 2)
	checkErrorKinds(t, h, h.Reads(), func() error {
		r := openSource(t, h)
		records, err := getter(t, r, h).Get(context.Background(), []connectors.Ref{r.ref(ids[0]), r.ref(ids[1])})
		if err != nil && len(records) > 0 {
			t.Errorf("got %d records together with the error %v", len(records), err)
		}
		checkShy(t, h, err, h.Personal(t, ids[0])...)
		return err
	})
}
