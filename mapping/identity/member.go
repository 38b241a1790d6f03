package identity

import (
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// MaxCluster is the most records that evidence of likeness joins into one cluster; beyond it something is wrong with the
// data, and keeping apart is the error that can be repaired.
const MaxCluster = 50

// Member is a record as clustering sees it.
type Member struct {
	Ref   string // connection/object/id
	Kind  canonical.Kind
	First uint64 // order of first sight, unique; smaller is older
	Live  bool   // not deleted in any way
	Keys  []Key
	Facts *compare.Facts // nil for kinds that are not compared
}

// Decision is a person's word on two records, which are named connection/object/id with A < B.
type Decision struct {
	A, B string
	Same bool // they are the same, or they are not
}

// KeptApart is why a pair is refused that a person decided about.
const KeptApart = "kept apart by a person"

// Link is a pair of members, by their index, and what they say about each other.
type Link struct {
	A, B int
	Verdict
	Refused string // why what would join did not: "kept apart by a person", "different birthdays", …
}

// Outcome is what becomes of some members.
type Outcome struct {
	Clusters [][]int // indices into members; see Cluster
	// Joined is the evidence that holds the clusters together. Review is what a person should look at: pairs in the
	// review band, and pairs that were refused, whose live members ended in different clusters.
	Joined, Review []Link
}

// objectOf returns connection/object of a reference.
func objectOf(ref string) string {
	if i := strings.IndexByte(ref, '/'); i >= 0 {
		if j := strings.IndexByte(ref[i+1:], '/'); j >= 0 {
			return ref[:i+1+j]
		}
	}
	return ref
}
