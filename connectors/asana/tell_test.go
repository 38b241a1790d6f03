package asana_test

import (
	"context"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
)

// TestHealedBatchTellsOnce: the actions of a batch run side by side, so a comment may be there when the change beside it is
// refused and written a second time.
func TestHealedBatchTellsOnce(t *testing.T) {
	w := newWorld(t, false, nil)
	target := open(t, w)
	before, now := []connectors.Item{deal(1), deal(2)}, []connectors.Item{deal(1), deal(2)}
	var wants []connectors.Want
	for i := range now {
		now[i].Fields[0].Value = "7"
		wants = append(wants, connectors.Want{Item: now[i], Last: &before[i], Link: upsert(t, target, connectors.Want{Item: before[i]}),
			Comments: []connectors.Comment{{Key: "digest/2026-11-30/1f", Text: "One call"}}})
	}
	if err := w.human.DeleteField("Amount"); err != nil {
		t.Fatal(err)
	}
	for i, r := range target.UpsertBatch(context.Background(), wants) {
		if r.Err != nil {
			t.Fatalf("item %d: %v", i, r.Err)
		}
		if said := w.Comments(t, wants[i].Link); len(said) != 1 || !strings.HasSuffix(said[0], "\nMillrace: digest/2026-11-30/1f") {
			t.Errorf("item %d: got the comments %q, want one", i, said)
		}
	}
}
