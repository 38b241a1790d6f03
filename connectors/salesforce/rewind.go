package salesforce

import (
	"time"

	"github.com/millrace/millrace/connectors"
)

// CursorAt implements connectors.Rewinder: polling goes on from the instant, or from now by our clock where a Date that ran
// ahead has promised what is still to come. A snapshot, and an instant before
// Salesforce was, begin anew.
func (a *account) CursorAt(stream string, since time.Time) (connectors.Cursor, error) {
	if !a.reads(stream) && !a.isCustom(stream) {
		return "", a.noSuch(stream, false)
	}
	ms := min(since.UnixMilli(), a.now().UnixMilli())
	if ms <= 0 || stream == stagesStream || stream == statusStream {
		return "", nil
	}
	if o, ok := a.object(stream); ok {
		if l := a.layouts.get(o.sobject); l != nil && l.stamp == "" {
			return "", nil
		}
	}
	return cursor{Phase: polling, Live: ms, Newest: ms}.String(), nil
}
