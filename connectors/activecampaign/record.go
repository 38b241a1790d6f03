package activecampaign

import (
	"encoding/json"
	"strings"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// stamps are the members that say when an object last changed, in the order in which they count.
var stamps = map[string][]string{
	contactsStream:           {"udate", "cdate"},
	dealsStream:              {"mdate", "cdate"},
	accountsStream:           {"updatedTimestamp", "createdTimestamp"},
	accountContactsStream:    {"updatedTimestamp", "createdTimestamp"},
	memberships:              {"udate", "sdate"},
	campaignsStream:          {"mdate", "cdate"},
	messagesStream:           {"mdate", "cdate"},
	automationsStream:        {"mdate", "cdate"},
	contactAutomationsStream: {"lastdate", "adddate"},
	listsStream:              {"udate", "cdate"},
	usersStream:              {"udate", "cdate"},
	dealGroupsStream:         {"udate", "cdate"},
}

// unstamped is the version of an object without a stamp: users that nobody changed, and deals that the key's user may not
// see, which have nothing but a title. Of two answers about one the later counts.
var unstamped = time.Unix(0, 0).UTC()

// record makes a record of a row.
func (a *account) record(op, object string, row gjson.Result, seen time.Time) (connectors.Record, error) {
	id := row.Get("id").String()
	if !row.IsObject() || !isID(id) {
		return connectors.Record{}, broken(op, "an object in the answer has no id")
	}
	r := connectors.Record{
		Ref:     a.ref(object, id),
		Version: version(object, row),
		Seen:    seen.UTC(),
		Deleted: connectors.Deletion{Kind: deletion(object, row)},
		Data:    json.RawMessage(unsafe.Slice(unsafe.StringData(row.Raw), len(row.Raw))), // of the answer's body, which nobody changes
	}
	if r.Deleted.Kind == connectors.Privacy {
		r.Data = nil // what is left is to be forgotten too
	}
	return r, nil
}

func version(object string, row gjson.Result) time.Time {
	for _, name := range stamps[object] {
		if at := parsed(row.Get(name).String()); !at.IsZero() {
			return at
		}
	}
	return unstamped
}

// parsed reads a stamp: with the account's offset, or, in older objects, without any. "0000-00-00 00:00:00" is none.
func parsed(text string) time.Time {
	for _, form := range []string{time.RFC3339, time.DateTime} {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// deletion says how an object is gone that is still listed. ActiveCampaign documents the members and not what they mean
// for a list; deleted objects are not expected in one.
func deletion(object string, row gjson.Result) connectors.DeletionKind {
	switch object {
	case contactsStream:
		if row.Get("anonymized").String() == "1" {
			return connectors.Privacy
		}
		if row.Get("deleted").String() == "1" {
			return connectors.Soft
		}
	case listsStream, campaignsStream:
		if !parsed(row.Get("deletestamp").String()).IsZero() {
			return connectors.Soft
		}
	}
	return connectors.NotDeleted
}

// stagesOf returns the stages of a pipeline, which stand beside all pipelines of an answer.
func stagesOf(all gjson.Result, group string) string {
	var list []string
	for _, one := range all.Array() {
		if one.Get("group").String() == group {
			list = append(list, one.Raw)
		}
	}
	return "[" + strings.Join(list, ",") + "]"
}
