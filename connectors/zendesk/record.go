package zendesk

import (
	"encoding/json"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// records makes records of the rows of an answer.
func (a *account) records(op, object string, n answer, rows []gjson.Result) ([]connectors.Record, error) {
	out := make([]connectors.Record, 0, len(rows))
	add := addition(object, n)
	for _, row := range rows {
		r, err := a.record(op, object, row, n.date)
		if err != nil {
			return nil, err
		}
		if len(r.Data) > 0 {
			r.Data = add(r.Data, row)
		}
		out = append(out, r)
	}
	return out, nil
}

// head is what reading needs to know of a row.
type head struct {
	id, created, updated, deletedAt, status, subject string
	generated, stamped                               int64
	active, forgotten                                bool
}

// headOf finds it in one pass, since most of a ticket is its text.
func headOf(row gjson.Result) head {
	h := head{active: true}
	row.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "id":
			h.id = value.String()
		case "created_at":
			h.created = value.String()
		case "updated_at":
			h.updated = value.String()
		case "generated_timestamp":
			h.generated = value.Int()
		case "timestamp":
			h.stamped = value.Int()
		case "deleted_at":
			h.deletedAt = value.String()
		case "status":
			h.status = value.String()
		case "raw_subject", "subject":
			h.subject = either(h.subject, value.String())
		case "active":
			h.active = value.Bool()
		case "permanently_deleted":
			h.forgotten = value.Bool()
		}
		return true
	})
	return h
}

// record makes a record of a row.
func (a *account) record(op, object string, row gjson.Result, seen time.Time) (connectors.Record, error) {
	h := headOf(row)
	if !isID(h.id) {
		return connectors.Record{}, broken(op, "an object in the answer has no id")
	}
	version := h.version(object)
	if version.IsZero() {
		return connectors.Record{}, broken(op, "object "+h.id+" in the answer has no time that can be read")
	}
	r := connectors.Record{
		Ref:     a.ref(object, h.id),
		Version: version,
		Seen:    seen.UTC(),
		Deleted: connectors.Deletion{Kind: h.deletion(object)},
		Data:    json.RawMessage(unsafe.Slice(unsafe.StringData(row.Raw), len(row.Raw))), // of the answer's body, which nobody changes
	}
	if r.Deleted.Kind == connectors.Privacy {
		r.Data = nil // what is left is to be forgotten too
	}
	return r, nil
}

// version is the time of an object's last change. That of a ticket is its generated_timestamp, by which the export orders
// and which moves with every change: updated_at moves only with changes that leave an event, so that of two exports of
// one ticket, before and after a system update, both would say the same. A fetched ticket may have no
// generated_timestamp; then updated_at is the newest that it says. A comment does not change, but for redaction.
// An event of a ticket is of the second by which its export orders.
// https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api#exporting-tickets
func (h head) version(object string) time.Time {
	newest := parsed(either(h.updated, h.created))
	if at := parsed(h.deletedAt); at.After(newest) {
		newest = at
	}
	if object == eventsStream && h.stamped > 0 {
		return unix(h.stamped)
	}
	if object == ticketsStream && h.generated > 0 && unix(h.generated).After(newest) {
		newest = unix(h.generated)
	}
	return newest
}

// deletion says how an object is gone. A suspended user is not.
func (h head) deletion(object string) connectors.DeletionKind {
	switch {
	case object == usersStream && h.forgotten, object == ticketsStream && h.status == "deleted" && h.subject == scrubbed:
		return connectors.Privacy
	case object == usersStream && !h.active, object == ticketsStream && h.status == "deleted",
		object == organizationsStream && h.deletedAt != "":
		return connectors.Soft
	}
	return connectors.NotDeleted
}

// scrubbed is the subject of a ticket that was deleted for good: its texts are overwritten, its number stays
// (https://support.zendesk.com/hc/en-us/articles/4408845703194).
const scrubbed = "SCRUBBED"

func parsed(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC().Truncate(time.Millisecond)
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
