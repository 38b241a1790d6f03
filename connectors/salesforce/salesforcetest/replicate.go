package salesforcetest

import (
	"net/http"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// maxWindow is how far apart start and end of getUpdated and getDeleted may be, and how far back start may lie. See
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_get_updated.htm.
const maxWindow = 30 * 24 * time.Hour

// maxReplicated is how many ids the two answer at most.
const maxReplicated = 600_000

// window reads start and end, whose seconds are ignored.
func (s *Server) window(r *http.Request) (start, end time.Time, err error) {
	for name, at := range map[string]*time.Time{"start": &start, "end": &end} {
		text := r.URL.Query().Get(name)
		parsed, ok := parseTime(text)
		if text == "" || !ok {
			return start, end, fail(400, "INVALID_REPLICATION_DATE", "Parameter '%s' must be specified as a date and time with its zone in ISO 8601", name)
		}
		*at = parsed.Truncate(time.Minute)
	}
	switch now := s.now(); {
	case !start.Before(end):
		return start, end, fail(400, "INVALID_REPLICATION_DATE", "startDate before endDate, or endDate and startDate are the same minute")
	case now.Sub(start) > maxWindow:
		return start, end, fail(400, "INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
	}
	return start, end, nil
}

// covered is up to when everything is committed: the end asked for, but not beyond now or the start of a transaction
// that is still open. The next start is this time.
func (s *Server) covered(end time.Time) time.Time {
	if now := s.now(); now.Before(end) {
		end = now
	}
	for _, l := range s.late {
		if l.tx.now.Before(end) {
			end = l.tx.now
		}
	}
	return end.Truncate(time.Minute)
}

// changedBetween returns the committed rows whose SystemModstamp lies in the window.
func (t *table) changedBetween(start, end time.Time, deleted bool) []*row {
	var out []*row
	for k := range between(&t.stamps, ordered.Key{At: start.Unix()}, ordered.Key{At: end.Unix()}, false) {
		if o := t.rows[k.ID]; o.seen.deleted == deleted {
			out = append(out, o)
		}
	}
	return out
}

func (s *Server) getUpdated(w http.ResponseWriter, r *http.Request) error {
	ids := []string{}
	return s.replicate(w, r, func(t *table, start, end time.Time) (map[string]any, int) {
		for _, o := range t.changedBetween(start, end, false) {
			ids = append(ids, t.id(o.serial))
		}
		return map[string]any{"ids": ids}, len(ids)
	})
}

func (s *Server) getDeleted(w http.ResponseWriter, r *http.Request) error {
	type record struct {
		ID   string `json:"id"`
		Date string `json:"deletedDate"`
	}
	records := []record{}
	return s.replicate(w, r, func(t *table, start, end time.Time) (map[string]any, int) {
		for _, o := range t.changedBetween(start, end, true) {
			records = append(records, record{t.id(o.serial), stamp(o.seen.stamp)})
		}
		earliest := s.now().Add(-s.opt.PurgeAfter).Truncate(time.Minute)
		return map[string]any{"deletedRecords": records, "earliestDateAvailable": stamp(earliest.Unix())}, len(records)
	})
}

// replicate answers one of the two.
func (s *Server) replicate(w http.ResponseWriter, r *http.Request, find func(t *table, start, end time.Time) (map[string]any, int)) error {
	var out map[string]any
	err := s.read(func() error {
		t, err := s.object(r)
		if err != nil {
			return err
		}
		if t.field("SystemModstamp") == nil {
			return fail(400, "INVALID_TYPE_FOR_OPERATION", "entity type %s is not replicateable", t.name)
		}
		start, end, err := s.window(r)
		if err != nil {
			return err
		}
		var n int
		if out, n = find(t, start, end); n > maxReplicated {
			return fail(400, "EXCEEDED_ID_LIMIT", "too many ids; narrow the span of time")
		}
		out["latestDateCovered"] = stamp(s.covered(end).Unix())
		return nil
	})
	if err == nil {
		writeJSON(w, http.StatusOK, out)
	}
	return err
}
