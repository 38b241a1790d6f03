package imap

import (
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/wire"
)

// cursorVersion is raised when the meaning of a field changes; every version ever written must stay readable. One of
// each form is kept in testdata/cursors.
const cursorVersion = 1

// cursor is a place in the mail of all folders. It moves only over what a page returned (invariant 1).
type cursor struct {
	V int `json:"v"`
	// At is how far each folder was read: [UIDVALIDITY, the first UID that was not]. A UID means something only together
	// with the UIDVALIDITY of its folder (RFC 3501, 2.3.1.1); with another one the folder is read from its beginning.
	At map[string][2]uint32 `json:"at,omitempty"`
	// Todo are the folders in which the pass that is under way has still to read, and up to which UID: what comes later is
	// the next pass's, so that a pass ends in a mailbox that never rests.
	Todo []todo `json:"todo,omitempty"`
	// Since, in epoch seconds, leaves out of the pass what arrived and was sent before: for reading a span again.
	Since int64 `json:"since,omitempty"`
}

// todo is what a pass has to read of one folder; up to which UID is 0 until the folder is open, when a listing does not tell.
type todo struct {
	Folder string `json:"f"`
	Last   uint32 `json:"to"`
}

// String returns the cursor in its stored form.
func (c cursor) String() connectors.Cursor {
	c.V = cursorVersion
	return connectors.WriteCursor(c)
}

// parseCursor reads a stored cursor; the empty one is the zero cursor.
func parseCursor(text connectors.Cursor) (cursor, error) {
	return connectors.ReadCursor("imap", text, func(c cursor) bool { return c.V == cursorVersion && c.Since >= 0 })
}

// sinceOf says which mail the pass leaves out.
func (a *account) sinceOf(c cursor) wire.Since {
	since := wire.Since{Arrived: a.since}
	if c.Since > 0 {
		since.Either = time.Unix(c.Since, 0).UTC()
	}
	return since
}
