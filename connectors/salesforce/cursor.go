package salesforce

import (
	"github.com/millrace/millrace/connectors"
)

// phase says what a cursor is in the middle of.
type phase string

// The phases. A stream is scanned once, by REST or as a Bulk job, and then polled for ever; filling reads rows again
// whose fields were not there before. A sweep begins anew each time.
const (
	scanning phase = "scan"
	bulking  phase = "bulk"
	polling  phase = "poll"
	filling  phase = "fill"
	sweeping phase = "sweep"
	listing  phase = "list" // of an object without any stamp
)

// cursorVersion is raised when the meaning of a field changes; every version ever written must stay readable. One of
// each form is kept in testdata/cursors.
const cursorVersion = 1

// cursor is a place in a stream. All times are Salesforce's, in epoch milliseconds.
type cursor struct {
	V     int    `json:"v"`
	Phase phase  `json:"phase"`
	ID    string `json:"id,omitempty"` // scan, fill, sweep, list: the last id read
	// Bound is the upper end of a scan, read before its first page: what is stamped later is left to polling, which
	// therefore begins there. It rides along because at the end nobody could tell any more.
	Bound int64 `json:"bound,omitempty"`
	Job   *job  `json:"job,omitempty"` // bulk
	// Live is the end of the last window that was read, Dead up to when deletions have been asked for; Dead is 0 when
	// that was never.
	Live int64 `json:"live,omitempty"`
	Dead int64 `json:"dead,omitempty"`
	// Newest is the newest stamp of what was certainly read: of a scan's first page, and of the last row of a poll. Live and
	// Dead go back to it when Salesforce's clock does.
	Newest int64   `json:"newest,omitempty"`
	Window *window `json:"window,omitempty"` // poll: changes being read; nil between two passes
	Gone   *window `json:"gone,omitempty"`   // poll: deletions being read
	// Fields are marks of the fields that have been read so far, so that a new one is noticed; see marks.
	Fields string   `json:"fields,omitempty"`
	New    []string `json:"new,omitempty"` // fill: the fields that rows are read again for
}

// window is a closed span of time, and the place in it: rows are read in the order of their stamp and id.
type window struct {
	From int64  `json:"from"`
	To   int64  `json:"to"`
	At   int64  `json:"at,omitempty"`
	ID   string `json:"id,omitempty"`
}

// job is a Bulk API query job.
type job struct {
	ID      string `json:"id"`
	Began   int64  `json:"began"`             // when it was made
	Asked   int    `json:"asked,omitempty"`   // how often its state was asked for
	Locator string `json:"locator,omitempty"` // of the page of results to read; "" = the first
	Skip    int    `json:"skip,omitempty"`    // rows of that page that were read already
}

// String returns the cursor in its stored form.
func (c cursor) String() connectors.Cursor {
	c.V = cursorVersion
	return connectors.WriteCursor(c)
}

// parseCursor reads a stored cursor; the empty one is the zero cursor.
func parseCursor(text connectors.Cursor) (cursor, error) {
	return connectors.ReadCursor("salesforce", text, cursor.sound)
}

// sound reports whether the cursor is one that String could have written. What it holds goes into queries.
func (c cursor) sound() bool {
	if c.V != cursorVersion || c.Bound < 0 || c.Live < 0 || c.Dead < 0 || c.Newest < 0 || c.ID != "" && !isID(c.ID) || !c.Window.sound() || !c.Gone.sound() {
		return false
	}
	for _, name := range c.New {
		if !isName(name) {
			return false
		}
	}
	switch c.Phase {
	case scanning:
		return c.Bound > 0
	case bulking:
		return c.Bound > 0 && c.Job != nil && isID(c.Job.ID) && c.Job.Began > 0 && c.Job.Skip >= 0 && c.Job.Asked >= 0
	case polling:
		return c.Live > 0 && (c.Window == nil || c.Gone == nil)
	case filling:
		return c.Live > 0 && len(c.New) > 0
	case sweeping, listing:
		return c.ID != ""
	}
	return false
}

func (w *window) sound() bool {
	return w == nil || w.From >= 0 && w.To >= 0 && w.At >= 0 && (w.ID == "" || isID(w.ID))
}
