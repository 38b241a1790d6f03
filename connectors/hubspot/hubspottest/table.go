package hubspottest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// field is one property's value. An object has a sorted slice of them, not a map: at 200,000 contacts of 30 properties
// a map would cost several times the memory.
type field struct {
	slot  int
	value string
}

// version is one state of an object. It is never changed after it was stored, so that it can be encoded without a lock
// and so that the search index may hold an older one.
type version struct {
	fields            []field
	created, modified int64 // milliseconds
	archived          int64 // milliseconds, 0 when not
	seq               uint64
}

func (v *version) get(slot int) string {
	i, ok := slices.BinarySearchFunc(v.fields, slot, func(f field, s int) int { return cmp.Compare(f.slot, s) })
	if !ok {
		return ""
	}
	return v.fields[i].value
}

// with returns a copy of v with the values set; an empty value removes the property.
func (v *version) with(values []field) *version {
	out := *v
	out.fields = make([]field, 0, len(v.fields)+len(values))
	out.fields = append(out.fields, v.fields...)
	for _, f := range values {
		i, found := slices.BinarySearchFunc(out.fields, f.slot, func(x field, s int) int { return cmp.Compare(x.slot, s) })
		switch {
		case found && f.value == "":
			out.fields = slices.Delete(out.fields, i, i+1)
		case found:
			out.fields[i] = f
		case f.value != "":
			out.fields = slices.Insert(out.fields, i, f)
		}
	}
	return &out
}

// object is one record: its present state and what the search index knows of it (nil when nothing yet).
type object struct {
	id      uint64
	cur     *version
	indexed *version
}

func (o *object) ID() string { return strconv.FormatUint(o.id, 10) }

// table holds the objects of one type.
type table struct {
	kind
	props   []*property // by slot
	byName  map[string]*property
	objects map[uint64]*object
	live    ordered.Set               // by id
	gone    ordered.Set               // archived, by id
	index   ordered.Set               // the search index: by modification time and id of the indexed versions
	unique  map[int]map[string]uint64 // by slot: normalised value to id
	merged  map[uint64]uint64         // an id that was merged away, to the id that took it over
	last    uint64
}

// firstID makes ids larger than a 32-bit number, as real ones are, and the same in every type: HubSpot's ids are
// unique per type only, and code that forgets the type should meet a wrong object in a test.
const firstID = 101_000_000_000

func newTable(k kind) *table {
	t := &table{kind: k, byName: map[string]*property{}, objects: map[uint64]*object{}, unique: map[int]map[string]uint64{},
		merged: map[uint64]uint64{}, last: firstID}
	for _, p := range standardProperties(k) {
		t.define(p)
	}
	return t
}

// define adds a property that does not exist yet.
func (t *table) define(p property) *property {
	p.slot = len(t.props)
	t.props = append(t.props, &p)
	t.byName[p.Name] = &p
	if p.HasUniqueValue {
		t.unique[p.slot] = map[string]uint64{}
	}
	return &p
}

// find returns the object with the id, following merges; nil when there is none or the text is no id.
func (t *table) find(id string) *object {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return nil
	}
	for range len(t.merged) + 1 {
		to, ok := t.merged[n]
		if !ok {
			break
		}
		n = to
	}
	return t.objects[n]
}

// findBy returns the object by the value of a unique property, or by id when idProperty is empty.
func (t *table) findBy(idProperty, value string) (*object, error) {
	if idProperty == "" || idProperty == "hs_object_id" {
		return t.find(value), nil
	}
	p := t.byName[idProperty]
	if p == nil || !p.HasUniqueValue {
		return nil, invalid("idProperty %s does not exist or is not a unique property of %s", idProperty, strings.ToUpper(t.singular))
	}
	id, ok := t.unique[p.slot][normal(value)]
	if !ok {
		return nil, nil
	}
	return t.objects[id], nil
}

// normal is the form in which unique values are compared: HubSpot lower-cases e-mail addresses.
func normal(value string) string { return strings.ToLower(strings.TrimSpace(value)) }

// value returns a property of an object's version; unset is "".
func (t *table) value(o *object, v *version, p *property) string {
	switch p.computed {
	case fromID:
		return o.ID()
	case fromCreated:
		return stamp(v.created)
	case fromModified:
		return stamp(v.modified)
	}
	return v.get(p.slot)
}

// stamp writes milliseconds as HubSpot does: ISO 8601 in UTC with three digits after the second, or none when they are
// zero (recorded: "1970-01-01T00:00:00Z").
func stamp(ms int64) string { return string(appendStamp(nil, ms)) }

func appendStamp(b []byte, ms int64) []byte {
	if ms%1000 == 0 {
		return time.UnixMilli(ms).UTC().AppendFormat(b, "2006-01-02T15:04:05Z")
	}
	return time.UnixMilli(ms).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
}
