package canonical

// Tombstone says why an entity is no more.
type Tombstone string

// The kinds of tombstone. An entity has one when no live record is left; one record that is gone only takes its claims
// away.
const (
	SourceDeleted Tombstone = "source_deleted" // every source has deleted it
	MergedInto    Tombstone = "merged"         // it is another entity now
	Erased        Tombstone = "erased"         // a person asked to be forgotten
	Archived      Tombstone = "archived"       // hidden at every source, and may come back
	OutOfScope    Tombstone = "out_of_scope"   // no configured stream or filter lets its records in any more
)

var tombstones = []Tombstone{SourceDeleted, MergedInto, Erased, Archived, OutOfScope}

// Tombstones lists the kinds of tombstone, the strongest first: of an entity whose records are gone in several ways,
// the first that one of them has counts, but for Archived, which all must have.
func Tombstones() []Tombstone {
	return []Tombstone{Erased, MergedInto, SourceDeleted, OutOfScope, Archived}
}
