package zendesktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is the type of a column's values.
type kind int

const (
	text     kind = iota // a string; a number is taken for one
	flag                 // true or false
	whole                // an integer
	ref                  // the id of another row; zero is none
	texts                // strings; a single string is words between spaces
	refs                 // ids
	when                 // an instant
	anything             // whatever JSON it is
)

// column is one key of an object of the API.
type column struct {
	name  string
	kind  kind
	blank string // the JSON of an unset value; "" leaves the key out
	// fixed is for what the vendor keeps: a request that names it is heard and changes nothing.
	fixed bool
	// exported is for what only the incremental export shows.
	exported bool
	// show writes a value that is not stored.
	show func(e *encoder, o *row, b []byte) []byte

	slot int
	key  string // `"name":`
}

// encoder writes rows as JSON.
type encoder struct {
	s      *Server
	base   string // the account's address, without a slash at the end
	export bool
}

// row appends one row as a JSON object, in the order of its columns.
func (e *encoder) row(b []byte, t *table, o *row) []byte {
	b = append(b, '{')
	start := len(b)
	for _, c := range t.columns {
		if c.exported && !e.export {
			continue
		}
		raw := o.cur.get(c.slot)
		if raw == "" && c.show == nil {
			raw = c.blank
			if raw == "" {
				continue
			}
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(b, c.key...)
		if raw != "" {
			b = append(b, raw...)
			continue
		}
		b = c.show(e, o, b)
	}
	return append(b, '}')
}

// rows appends a JSON array.
func (e *encoder) rows(b []byte, t *table, list []*row) []byte {
	b = append(b, '[')
	for i, o := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.row(b, t, o)
	}
	return append(b, ']')
}

// list begins an answer: rows under the name of their table. A page is written in one go, into bytes that are about enough.
func (e *encoder) list(t *table, rows []*row) []byte {
	b := make([]byte, 0, 512+rowSize*len(rows))
	b = append(append(append(b, `{"`...), t.plural...), `":`...)
	return e.rows(b, t, rows)
}

// rowSize is about the size of a user or a ticket.
const rowSize = 1400

// clean turns what a request says of a column into the JSON that is stored, "" for none.
func (c column) clean(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	switch c.kind {
	case text:
		return cleanText(raw)
	case flag:
		if s := string(raw); s == "true" || s == "false" {
			return s, nil
		}
	case whole, ref:
		return cleanNumber(raw, c.kind == ref)
	case texts:
		return cleanTexts(raw)
	case refs:
		var ids []json.Number
		if err := json.Unmarshal(raw, &ids); err == nil {
			return compact(raw), nil
		}
	case when:
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			break
		}
		if at, err := time.Parse(time.RFC3339, s); err == nil {
			return quote(instant(at.Unix())), nil
		}
	case anything:
		return compact(raw), nil
	}
	return "", fmt.Errorf("is invalid")
}

func cleanText(raw json.RawMessage) (string, error) {
	if raw[0] == '{' || raw[0] == '[' {
		return "", fmt.Errorf("is invalid")
	}
	if raw[0] == '"' {
		return quote(plain(string(raw))), nil
	}
	return quote(string(raw)), nil
}

func cleanNumber(raw json.RawMessage, isRef bool) (string, error) {
	n, err := strconv.ParseInt(plain(string(raw)), 10, 64)
	if err != nil {
		return "", fmt.Errorf("is invalid")
	}
	if isRef && n == 0 {
		return "", nil
	}
	return strconv.FormatInt(n, 10), nil
}

func cleanTexts(raw json.RawMessage) (string, error) {
	var list []string
	if raw[0] == '"' {
		list = strings.Fields(plain(string(raw)))
	} else if err := json.Unmarshal(raw, &list); err != nil {
		return "", fmt.Errorf("is invalid")
	}
	if len(list) == 0 {
		return "", nil
	}
	return marshal(list), nil
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		panic(err) // it was decoded before
	}
	return b.String()
}

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and what was decoded from JSON always marshal
	}
	return string(b)
}

// Columns that every table has.

func idColumn() column {
	return column{name: "id", fixed: true, show: func(_ *encoder, o *row, b []byte) []byte { return strconv.AppendUint(b, o.id, 10) }}
}

func urlColumn(plural string) column {
	return column{name: "url", fixed: true, show: func(e *encoder, o *row, b []byte) []byte {
		b = append(append(append(b, '"'), e.base...), "/api/v2/"+plural+"/"...)
		return append(strconv.AppendUint(b, o.id, 10), `.json"`...)
	}}
}

func createdColumn() column {
	return column{name: "created_at", fixed: true, show: func(_ *encoder, o *row, b []byte) []byte { return appendInstant(b, o.cur.created) }}
}

func updatedColumn() column {
	return column{name: "updated_at", fixed: true, show: func(_ *encoder, o *row, b []byte) []byte { return appendInstant(b, o.cur.updated) }}
}

// customsColumn shows the account's own fields as an object with a key for each field there is, in the order of the
// keys; a checkbox that nobody ticked is false and everything else null (recorded).
func customsColumn(name, fields string) column {
	return column{name: name, fixed: true, show: func(e *encoder, o *row, b []byte) []byte {
		b = append(b, '{')
		for i, f := range e.s.tables[fields].defined {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, '"'), f.key...), `":`...)
			b = append(b, f.or(o.cur.custom(f.key))...)
		}
		return append(b, '}')
	}}
}

// customListColumn shows the fields of a ticket as a list of ids and values.
func customListColumn(name string) column {
	return column{name: name, fixed: true, show: func(e *encoder, o *row, b []byte) []byte {
		b = append(b, '[')
		for i, f := range e.s.tables["ticket_fields"].defined {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, `{"id":`...), f.key...), `,"value":`...)
			b = append(append(b, f.or(o.cur.custom(f.key))...), '}')
		}
		return append(b, ']')
	}}
}

// definition is a field that the account defined.
type definition struct{ key, kind string }

func (d definition) or(raw string) string {
	switch {
	case raw != "":
		return raw
	case d.kind == "checkbox":
		return "false"
	}
	return "null"
}

// systemFields are the ticket fields that every account has; their values are columns of the ticket.
var systemFields = []string{"subject", "description", "status", "tickettype", "priority", "group", "assignee", "custom_status"}

// define refreshes the definitions of a table of fields, sorted by key; the caller holds mu.
func (t *table) define() {
	t.defined = []definition{}
	for k := range t.live.Between(0, t.live.Len(), false) {
		v := t.rows[k.ID].cur
		d := definition{key: t.text(v, "key"), kind: t.text(v, "type")}
		if t.plural == "ticket_fields" {
			d.key = digits(k.ID)
		}
		if !slices.Contains(systemFields, d.kind) {
			t.defined = append(t.defined, d)
		}
	}
	slices.SortFunc(t.defined, func(a, b definition) int { return strings.Compare(a.key, b.key) })
}
