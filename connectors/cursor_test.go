package connectors_test

import (
	"testing"

	"github.com/millrace/millrace/connectors"
)

// TestCursors: what was written is read, and nothing else.
func TestCursors(t *testing.T) {
	type place struct {
		V  int    `json:"v"`
		ID string `json:"id,omitempty"`
	}
	sound := func(p place) bool { return p.V == 1 }
	written := connectors.WriteCursor(place{V: 1, ID: "7"})
	if p, err := connectors.ReadCursor("acme", written, sound); err != nil || p != (place{V: 1, ID: "7"}) {
		t.Errorf("%s: got %+v and %v", written, p, err)
	}
	if p, err := connectors.ReadCursor("acme", "", sound); err != nil || p != (place{}) {
		t.Errorf("the beginning: got %+v and %v", p, err)
	}
	for _, text := range []connectors.Cursor{"7", "null", `{"v":2}`, `{"v":1,"page":3}`, `{"v":1}{}`, `{"v":1`, `{"v":1,"id":7}`} {
		if p, err := connectors.ReadCursor("acme", text, sound); connectors.KindOf(err) != connectors.Rejected || p != (place{}) {
			t.Errorf("%s: got %+v and %v, want it rejected", text, p, err)
		}
	}
}
