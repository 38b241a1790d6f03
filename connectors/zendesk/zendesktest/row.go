package zendesktest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is what one column of a row holds, as JSON. A row has a sorted slice of those that are set, not a map: at
// 100,000 users of 37 columns a map would cost several times the memory.
type value struct {
	slot int
	json string
}

// custom is a value of a field that the account defined: by its key for users and organizations, by its id for tickets.
type custom struct {
	key  string
	json string
}

// The ways in which a row can be gone.
const (
	live    = iota
	deleted // restorable: an inactive user, a ticket of status deleted
	purged  // for ever: what is left is a stub
)

// version is one state of a row. It is never changed after it was stored.
type version struct {
	values  []value
	customs []custom
	created int64 // seconds, like all times here
	updated int64
	// stamp is what exports order by: a ticket's generated_timestamp, which system updates move too; updated elsewhere.
	stamp   int64
	deleted int64 // when it was, 0 when it is not
	state   int
}

// row is one record.
type row struct {
	id  uint64
	cur *version
}

// get returns the JSON of a column, "" when it is not set.
func (v *version) get(slot int) string {
	i, ok := slices.BinarySearchFunc(v.values, slot, func(x value, s int) int { return cmp.Compare(x.slot, s) })
	if !ok {
		return ""
	}
	return v.values[i].json
}

// custom returns the JSON of a field of the account, "" when it is not set.
func (v *version) custom(key string) string {
	i, ok := slices.BinarySearchFunc(v.customs, key, func(x custom, k string) int { return cmp.Compare(x.key, k) })
	if !ok {
		return ""
	}
	return v.customs[i].json
}

// with returns a copy of v with the values set; an empty one removes.
func (v *version) with(c change) *version {
	out := *v
	out.values = slices.Clone(v.values)
	for _, x := range c.values {
		i, found := slices.BinarySearchFunc(out.values, x.slot, func(y value, s int) int { return cmp.Compare(y.slot, s) })
		switch {
		case found && x.json == "":
			out.values = slices.Delete(out.values, i, i+1)
		case found:
			out.values[i] = x
		case x.json != "":
			out.values = slices.Insert(out.values, i, x)
		}
	}
	out.customs = slices.Clone(v.customs)
	for _, x := range c.customs {
		i, found := slices.BinarySearchFunc(out.customs, x.key, func(y custom, k string) int { return cmp.Compare(y.key, k) })
		switch {
		case found && x.json == "":
			out.customs = slices.Delete(out.customs, i, i+1)
		case found:
			out.customs[i] = x
		case x.json != "":
			out.customs = slices.Insert(out.customs, i, x)
		}
	}
	return &out
}

// text returns a column as plain text: a string without its quotes, anything else as it is written; "" when unset.
func (t *table) text(v *version, name string) string { return plain(v.get(t.slot(name))) }

// number returns a column that refers to another row, 0 when it is not set.
func (t *table) number(v *version, name string) uint64 {
	n, err := strconv.ParseUint(v.get(t.slot(name)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// list returns a column of texts.
func (t *table) list(v *version, name string) []string {
	var out []string
	if raw := v.get(t.slot(name)); raw != "" {
		if err := json.Unmarshal([]byte(raw), &out); err != nil {
			panic(err) // a list was stored by clean
		}
	}
	return out
}

func plain(raw string) string {
	if !strings.HasPrefix(raw, `"`) {
		return raw
	}
	if !strings.Contains(raw, `\`) {
		return raw[1 : len(raw)-1]
	}
	var s string
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		panic(err) // a string was stored by clean
	}
	return s
}

// quote writes a string as JSON; like the vendor it leaves <, > and & as they are.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // strings always marshal
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// digits writes an id.
func digits(id uint64) string { return strconv.FormatUint(id, 10) }

// instant writes a time as Zendesk does, in whole seconds.
func instant(s int64) string { return time.Unix(s, 0).UTC().Format(time.RFC3339) }

func appendInstant(b []byte, s int64) []byte {
	return append(time.Unix(s, 0).UTC().AppendFormat(append(b, '"'), time.RFC3339), '"')
}
