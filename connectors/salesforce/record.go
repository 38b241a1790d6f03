package salesforce

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// A row comes in four ways: from a query, from a query with its fields read by id, from a Bulk job's CSV, and as text in
// a list of children. A record must be the same bytes whichever it was, or a customer would change to and fro. So every
// record is written anew in one shape:
//
//	{"Id":"001…","IsDeleted":false,"Name":"Acme",…,"Account":{"PersonContactId":null},"OpportunityContactRoles":[{"Id":…}]}
//
// with the fields in the order of describe, without the member `attributes`, numbers without needless zeros, times as
// the REST API writes them, and ids with 18 characters. What a field holds is never touched otherwise.

// row is one row before it is a record: its fields as JSON values, by their place in the layout; "" for a field that the
// answer does not have.
type row struct {
	values []string
	extra  []byte // members to append: the parent, the children
}

// value returns a field's text, "" for null.
func (l *layout) value(r row, name string) string {
	i, ok := l.index[name]
	if !ok || i >= len(r.values) {
		return ""
	}
	raw := r.values[i]
	if len(raw) >= 2 && raw[0] == '"' {
		return gjson.Parse(raw).Str
	}
	if raw == "null" {
		return ""
	}
	return raw
}

// data writes the record's data.
func (l *layout) data(r row) json.RawMessage {
	size := len(r.extra) + 2
	for i, v := range r.values {
		if v != "" {
			size += len(l.fields[i].name) + len(v) + 4
		}
	}
	out := make([]byte, 0, size)
	out = append(out, '{')
	for i, v := range r.values {
		if v == "" {
			continue
		}
		out = append(out, '"')
		out = append(out, l.fields[i].name...) // a name needs no escape
		out = append(out, `":`...)
		out = append(out, v...)
		out = append(out, ',')
	}
	out = append(bytes.TrimRight(out, ","), r.extra...)
	return append(out, '}')
}

// record makes a record of a row.
func (a *account) record(op string, o object, l *layout, r row, seen time.Time) (connectors.Record, error) {
	id := l.value(r, "Id")
	if !isID(id) {
		return connectors.Record{}, broken(op, "a row in the answer has no id")
	}
	rec := connectors.Record{Ref: a.ref(o.name, id), Version: noStamp, Seen: seen.UTC(), Data: l.data(r)}
	if l.stamp != "" {
		at, err := parseTime(l.value(r, l.stamp))
		if err != nil {
			return connectors.Record{}, broken(op, "row "+long(id)+" in the answer has no "+l.stamp+" that can be read")
		}
		rec.Version = at
	}
	if l.value(r, "IsDeleted") == "true" {
		rec.Deleted.Kind = connectors.Soft
		if master := l.value(r, "MasterRecordId"); isID(master) && long(master) != rec.Ref.ID {
			rec.Deleted = connectors.Deletion{Kind: connectors.Merged, Into: a.ref(o.name, master)}
		}
	}
	return rec, nil
}

func (a *account) ref(name, id string) connectors.Ref {
	return connectors.Ref{Connection: a.connection, Object: name, ID: long(id)}
}

// noStamp is the version of what has none: Seen alone says which of two is newer.
var noStamp = time.Unix(0, 0).UTC()

// parseTime reads a time as the REST API (+0000) or a Bulk job (Z) writes it.
func parseTime(text string) (time.Time, error) {
	at, err := time.Parse("2006-01-02T15:04:05.999999999-0700", text)
	if err != nil {
		at, err = time.Parse(time.RFC3339Nano, text)
	}
	return at.UTC().Truncate(time.Millisecond), err
}

// fromJSON takes a row of a query's answer apart.
func (l *layout) fromJSON(o object, raw gjson.Result, rest overflow) row {
	r := row{values: make([]string, len(l.fields))}
	var lists map[string]gjson.Result // few objects have any
	raw.ForEach(func(key, value gjson.Result) bool {
		if i, ok := l.index[key.Str]; ok {
			r.values[i] = normal(l.fields[i].kind, value)
		} else if value.IsObject() && key.Str != "attributes" {
			if lists == nil {
				lists = map[string]gjson.Result{}
			}
			lists[key.Str] = value
		}
		return true
	})
	r.extra = l.related(o, lists, rest[long(l.value(r, "Id"))])
	return r
}

// related writes the parent and the children behind the fields.
func (l *layout) related(o object, lists map[string]gjson.Result, rest map[string][]gjson.Result) []byte {
	var out []byte
	if parent, member, ok := strings.Cut(l.parent, "."); ok {
		value := "null"
		if v := lists[parent].Get(member); v.Type == gjson.String {
			value = normal("reference", v)
		}
		out = append(out, `,"`+parent+`":{"`+member+`":`+value+`}`...)
	}
	for _, c := range l.children(o) {
		out = append(out, `,"`+c.relationship+`":`...)
		out = append(out, c.list(append(lists[c.relationship].Get("records").Array(), rest[c.relationship]...))...)
	}
	return out
}

// list writes children as an array, in the order of their ids.
func (c relation) list(rows []gjson.Result) []byte {
	slices.SortFunc(rows, func(x, y gjson.Result) int { return cmp.Compare(x.Get("Id").Str, y.Get("Id").Str) })
	out := []byte{'['}
	for i, r := range rows {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '{')
		for j, name := range c.fields {
			if j > 0 {
				out = append(out, ',')
			}
			out = append(out, `"`+name+`":`+normal("", r.Get(name))...)
		}
		out = append(out, '}')
	}
	return append(out, ']')
}
