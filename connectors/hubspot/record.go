package hubspot

import (
	"strings"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// record makes a record of an object as the list, search and batch read endpoints return it. updatedAt is its version
// for archived objects too: archiving and restoring need not move it, and then the later Seen decides.
func (a *account) record(op, name string, raw gjson.Result, seen time.Time) (connectors.Record, error) {
	var id, at string
	archived := false
	raw.ForEach(func(key, value gjson.Result) bool { // one pass, since most of an object is its properties
		switch key.Str {
		case "id":
			id = value.String()
		case "updatedAt":
			at = value.String()
		case "archived":
			archived = value.Bool()
		}
		return true
	})
	if id == "" {
		return connectors.Record{}, broken(op, "an object in the answer has no id")
	}
	updated, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		what := "an object"
		if isID(id) {
			what = "object " + id
		}
		return connectors.Record{}, broken(op, what+" in the answer has no updatedAt that can be read")
	}
	r := connectors.Record{
		Ref:     a.ref(name, id),
		Version: updated.UTC().Truncate(time.Millisecond),
		Seen:    seen.UTC(),
		Data:    unsafe.Slice(unsafe.StringData(raw.Raw), len(raw.Raw)), // of the answer's body, which nobody changes
	}
	if archived {
		r.Deleted.Kind = connectors.Archived
	}
	return r, nil
}

func (a *account) ref(name, id string) connectors.Ref {
	return connectors.Ref{Connection: a.connection, Object: name, ID: id}
}

// records makes records of objects, each followed by the records that were merged into it.
func (a *account) records(op, name string, list []gjson.Result, seen time.Time) ([]connectors.Record, error) {
	out := make([]connectors.Record, 0, len(list))
	for _, raw := range list {
		r, err := a.record(op, name, raw, seen)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
		out = append(out, a.merged(r, raw)...)
	}
	return out, nil
}

// merged returns a Merged record for each id that was folded into the survivor r. Since January 2025 a merge makes a
// new record whose hs_merged_object_ids lists all old ones (at most 250 merges); before, one of the two ids lived on.
// https://developers.hubspot.com/changelog/upcoming-change-to-merge-functionality-for-crm-objects
func (a *account) merged(r connectors.Record, raw gjson.Result) []connectors.Record {
	if !says(raw.Raw, `"hs_merged_object_ids"`) {
		return nil
	}
	list := raw.Get("properties.hs_merged_object_ids").String()
	if list == "" || r.Deleted.Kind != connectors.NotDeleted {
		return nil
	}
	var out []connectors.Record
	for id := range strings.SplitSeq(list, ";") {
		if id = strings.TrimSpace(id); !isID(id) || id == r.Ref.ID {
			continue
		}
		out = append(out, mergedInto(a.ref(r.Ref.Object, id), r))
	}
	return out
}

// says reports whether text may have a member of that quoted name which is not null. Nearly no object has been merged,
// and looking for the name costs a tenth of parsing all properties.
func says(text, name string) bool {
	for {
		_, rest, found := strings.Cut(text, name)
		if !found {
			return false
		}
		value, isMember := strings.CutPrefix(strings.TrimLeft(rest, " \t\r\n"), ":")
		if isMember && !strings.HasPrefix(strings.TrimLeft(value, " \t\r\n"), "null") {
			return true
		}
		text = rest
	}
}

// mergedInto is the record of an id that now is the survivor's.
func mergedInto(old connectors.Ref, survivor connectors.Record) connectors.Record {
	return connectors.Record{Ref: old, Version: survivor.Version, Seen: survivor.Seen,
		Deleted: connectors.Deletion{Kind: connectors.Merged, Into: survivor.Ref}}
}

// liveIDs returns the ids of the objects that are not archived: only those have associations.
func liveIDs(list []gjson.Result) []string {
	out := make([]string, 0, len(list))
	for _, raw := range list {
		if id := raw.Get("id").String(); id != "" && !raw.Get("archived").Bool() {
			out = append(out, id)
		}
	}
	return out
}
