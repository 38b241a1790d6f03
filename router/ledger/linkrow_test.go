package ledger

import (
	"reflect"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/work"
)

func TestLinkRowsAreReadAsTheyWereWritten(t *testing.T) {
	for _, k := range []Link{
		{Key: "r/e", Link: "1", Made: time.Unix(5, 7).UTC()},
		{Key: "r/e", Link: "1", Item: &connectors.Item{Key: "r/e", Project: "P"}, Closed: true, Merged: true, Carries: []string{NoKey}, Made: time.Unix(5, 0).UTC()},
		{Key: "r/e", Link: "1", Carries: []string{"r/x", "r/e"}, Projects: []string{"P", "Q"}},
		{Key: "r/e", Link: "1", Item: &connectors.Item{Key: "r/e", Project: "P"}, Made: time.Unix(5, 0).UTC(), Unsay: true,
			Told:    work.Told{From: time.Unix(7, 0).UTC(), Day: "2026-11-30", Marks: []work.Mark{{At: time.Unix(8, 0).UTC(), Hash: 1}, {At: time.Unix(6, 0).UTC(), Hash: 1 << 63}}},
			Telling: &work.Telling{Key: "digest/2026-12-01/x", Day: "2026-12-01", Marks: []work.Mark{{At: time.Unix(9, 0).UTC(), Hash: 3}}}},
		{Key: "r/e", Link: "1", Item: &connectors.Item{Key: "r/e", Project: "P", Once: true}, Again: true, Made: time.Unix(5, 0).UTC()},
	} {
		row, err := k.encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeLink("r/e", row); err != nil || !reflect.DeepEqual(got, k) {
			t.Errorf("got %+v, %v, want %+v", got, err, k)
		}
	}
}

// TestOldLinkRowsAreRead: rows of ledgers that did not note when an object was made.
func TestOldLinkRowsAreRead(t *testing.T) {
	var e enc
	e.byte(1)
	e.text("77")
	e.fixed(9)
	e.blob([]byte(`{"key":"r/e","project":"P","title":"T"}`))
	k, err := decodeLink("r/e", e)
	if err != nil || !k.Closed || k.Link != "77" || k.Item.Title != "T" || !k.Made.IsZero() || len(k.Carries) > 0 {
		t.Errorf("got %+v, %v", k, err)
	}
}
