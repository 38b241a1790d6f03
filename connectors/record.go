package connectors

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Ref names one object of one vendor account. It is what travels between processes and what logs may show; it
// carries no personal data.
type Ref struct {
	Connection string // configured name, `hs-main`
	Object     string // the vendor's kind of object, `contacts`
	ID         string // the vendor's id, always as text
}

// String returns connection/object/id, the form people and logs use; ParseRef reads it back.
func (r Ref) String() string { return r.Connection + "/" + r.Object + "/" + r.ID }

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// ParseRef reads connection/object/id. The id may contain slashes; connection and object may not.
func ParseRef(s string) (Ref, error) {
	connection, rest, _ := strings.Cut(s, "/")
	object, id, _ := strings.Cut(rest, "/")
	if connection == "" || object == "" || id == "" {
		return Ref{}, fmt.Errorf("reference %q is not connection/object/id", s)
	}
	return Ref{Connection: connection, Object: object, ID: id}, nil
}

// DeletionKind says in which way a record is gone at the vendor.
type DeletionKind string

// The ways a record can be gone. They differ in what may come back and in what must be forgotten.
const (
	NotDeleted DeletionKind = ""
	Soft       DeletionKind = "soft"     // in the vendor's bin, can be restored
	Hard       DeletionKind = "hard"     // gone without a trace
	Archived   DeletionKind = "archived" // hidden, can be restored
	Privacy    DeletionKind = "privacy"  // deleted for a data-protection request: must be forgotten
	Merged     DeletionKind = "merged"   // folded into another record, named by Into
)

// Deletion is the deleted state of a record; the zero value means it is live.
type Deletion struct {
	Kind DeletionKind `json:"kind,omitempty"`
	Into Ref          `json:"into,omitzero"` // the surviving record, when Kind is Merged
}

// Record is one object as the vendor delivered it.
type Record struct {
	Ref Ref
	// Version is the vendor's own stamp of the object's last change, never our clock. Of two versions of one
	// record the later one wins, in whatever order they arrive (invariant 2).
	Version time.Time
	// Seen is the vendor's clock when it answered (the HTTP Date header, with the order of asking below the second). It
	// orders two answers with the same Version, for what a vendor changes without a new stamp, HubSpot associations for
	// example, and for stamps of whole seconds, in which several changes fall.
	Seen    time.Time
	Deleted Deletion
	// Data is the vendor's JSON, verbatim. It may be empty for a deleted record whose content is unknown.
	Data json.RawMessage
}

// Cursor is a connector's opaque place in a stream. The empty cursor means the beginning. A connector must go on
// reading every form of cursor it ever wrote: they live in ledgers for years.
type Cursor string

// Page is one batch of records and where to go on.
type Page struct {
	Records []Record
	Next    Cursor // where the next Read goes on; stored in the transaction that stores Records (invariant 1)
	More    bool   // another page follows
	// Wait, with More, is how long the vendor still works on the next page (a Bulk job); 0 = it is ready now.
	Wait time.Duration
	// Complete, when not zero, promises that every change the vendor stamped before it has been returned by this
	// page or an earlier one. It is what `millrace status` shows as "complete up to".
	Complete time.Time
}
