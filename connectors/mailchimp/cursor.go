package mailchimp

import (
	"slices"

	"github.com/millrace/millrace/connectors"
)

// phase says what a cursor is in the middle of.
type phase string

// The phases. Each belongs to certain streams.
const (
	present     phase = "present"  // members: those that the bare list has
	archived    phase = "archived" // members: those that it leaves out
	waiting     phase = "wait"     // members, email_activity: between two passes
	listing     phase = "list"     // lists, campaigns
	perList     phase = "lists"    // segments, interests: audience by audience
	perCategory phase = "category" // interests: category by category of one audience
	visiting    phase = "visit"    // email_activity: campaign by campaign
)

// cursorVersion is raised when the meaning of a field changes; every version ever written must stay readable. One of
// each form is kept in testdata/cursors.
const cursorVersion = 1

// cursor is a place in a stream. All times are Mailchimp's, in epoch seconds.
type cursor struct {
	V     int   `json:"v"`
	Phase phase `json:"phase"`
	// From is where the pass begins, exclusive, 0 for the beginning; Until its end, inclusive, 0 for none (a sweep); Next is
	// where the pass after it begins. With `wait` only From is set.
	From  int64 `json:"from,omitempty"`
	Until int64 `json:"until,omitempty"`
	Next  int64 `json:"next,omitempty"`
	// Lists are the audiences still to be read, the first being read. Done says how many they and those before are, or of how
	// many campaigns reports were listed, and More that there are others behind.
	Lists []named `json:"lists,omitempty"`
	Done  int     `json:"done,omitempty"`
	More  bool    `json:"more,omitempty"`
	// Items are the categories of the first audience, or the campaigns, still to be read.
	Items []named `json:"items,omitempty"`
	window
	place
	// Sweep marks the cursors of sweeps.
	Sweep bool `json:"sweep,omitempty"`
}

// named is an id and how people call it.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// String returns the cursor in its stored form.
func (c cursor) String() connectors.Cursor {
	c.V = cursorVersion
	return connectors.WriteCursor(c)
}

// parseCursor reads a stored cursor; the empty one is the zero cursor.
func parseCursor(text connectors.Cursor) (cursor, error) {
	return connectors.ReadCursor("mailchimp", text, cursor.sound)
}

// sound reports whether the cursor is one that String could have written.
func (c cursor) sound() bool {
	strange := func(n named) bool { return !isID(n.ID) }
	switch {
	case c.V != cursorVersion, c.From < 0, c.Until < 0, c.Next < 0, c.Done < 0, !c.window.sound(), !c.place.sound(),
		slices.ContainsFunc(c.Lists, strange), slices.ContainsFunc(c.Items, strange):
		return false
	case c.Sweep && c.Phase != present && c.Phase != archived:
		return false
	}
	switch c.Phase {
	case present, perList:
		return len(c.Lists) > 0 || c.More
	case archived:
		return len(c.Lists) > 0
	case perCategory:
		return len(c.Lists) > 0 && len(c.Items) > 0
	case visiting:
		return len(c.Items) > 0 || c.More
	case waiting:
		return true
	case listing:
		return c.Offset > 0 || c.Again > 0
	}
	return false
}
