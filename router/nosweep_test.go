package router

import (
	"context"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

// listsNothing would delete everything that it is asked to sweep.
type listsNothing struct{ connectors.Source }

func (listsNothing) Sweep(context.Context, string, connectors.Cursor) (connectors.Page, error) {
	return connectors.Page{}, nil
}

// TestStreamWithoutASweepIsNotSwept: a stream whose records another one lists has no sweep, whatever interval the connection
// configures for those that have.
func TestStreamWithoutASweepIsNotSwept(t *testing.T) {
	source := &SourceConn{Name: "sf", Sweeper: listsNothing{}, Sweep: time.Hour}
	r := &Router{}
	for name, want := range map[string]bool{"rows": true, "roles": false} {
		def := connectors.Stream{Name: name, Object: "deal"}
		if name == "rows" {
			def.Sweep = 24 * time.Hour
		}
		if got := r.sweeps(source, def); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}
