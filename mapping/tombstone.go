package mapping

import (
	"slices"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

// Tombstone returns why an entity is no more, by the deletions of all its records; "" when one of them is live or there
// is none. A record that was erased decides, then one that was merged away; archived it is when every record is.
func Tombstone(deletions ...connectors.DeletionKind) canonical.Tombstone {
	if len(deletions) == 0 || slices.Contains(deletions, connectors.NotDeleted) {
		return ""
	}
	kinds := make([]canonical.Tombstone, len(deletions))
	for i, d := range deletions {
		kinds[i] = tombstoneOf(d)
	}
	for _, t := range canonical.Tombstones() {
		if slices.Contains(kinds, t) {
			return t
		}
	}
	return ""
}

func tombstoneOf(d connectors.DeletionKind) canonical.Tombstone {
	switch d {
	case connectors.Privacy:
		return canonical.Erased
	case connectors.Merged:
		return canonical.MergedInto
	case connectors.Archived:
		return canonical.Archived
	}
	return canonical.SourceDeleted
}
