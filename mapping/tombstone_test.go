package mapping

import (
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

func TestTombstone(t *testing.T) {
	type kinds = []connectors.DeletionKind
	for _, c := range []struct {
		in   kinds
		want canonical.Tombstone
	}{
		{nil, ""}, {kinds{connectors.Hard, connectors.NotDeleted}, ""}, {kinds{connectors.Soft}, canonical.SourceDeleted},
		{kinds{connectors.Archived, connectors.Archived}, canonical.Archived}, {kinds{connectors.Archived, connectors.Hard}, canonical.SourceDeleted},
		{kinds{connectors.Merged, connectors.Hard}, canonical.MergedInto}, {kinds{connectors.Merged, connectors.Privacy}, canonical.Erased},
	} {
		if got := Tombstone(c.in...); got != c.want {
			t.Errorf("records gone as %v make the tombstone %q; want %q", c.in, got, c.want)
		}
	}
}
