package asanatest

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// input reads the data of a writing request. It remembers every fault, because Asana reports them together, and which
// properties were looked at, so that one nobody knows is refused instead of being lost in silence (unverified: the
// vendor may ignore some; a client that depends on that would be wrong anyway).
type input struct {
	data   map[string]json.RawMessage
	seen   []string
	faults []string
}

func newInput(data map[string]json.RawMessage) *input { return &input{data: data} }

func (in *input) fail(name, what string) { in.faults = append(in.faults, name+": "+what) }

// failErr keeps the messages of a refusal found while reading.
func (in *input) failErr(err error) {
	if e, ok := err.(*apiError); ok {
		in.faults = append(in.faults, e.messages...)
	}
}

// has tells whether the property is there, null included.
func (in *input) has(name string) bool {
	in.seen = append(in.seen, name)
	_, ok := in.data[name]
	return ok
}

func (in *input) null(name string) bool { return string(bytes.TrimSpace(in.data[name])) == "null" }

// text returns a string and whether it was given; null reads as "".
func (in *input) text(name string, limit int) (string, bool) {
	var s string
	if !in.has(name) {
		return "", false
	}
	if in.null(name) {
		return "", true
	}
	if json.Unmarshal(in.data[name], &s) != nil {
		in.fail(name, "Not a string")
		return "", false
	}
	if limit > 0 && utf8.RuneCountInString(s) > limit {
		in.fail(name, "Value is too long")
		return "", false
	}
	return s, true
}

// need returns a string that must be there and not be empty.
func (in *input) need(name string) string {
	s, _ := in.text(name, 0)
	if s == "" && !in.failed(name) {
		in.fail(name, "Missing input")
	}
	return s
}

func (in *input) failed(name string) bool {
	return slices.ContainsFunc(in.faults, func(f string) bool { return len(f) > len(name) && f[:len(name)+1] == name+":" })
}

func (in *input) flag(name string) (value, given bool) {
	if !in.has(name) {
		return false, false
	}
	if json.Unmarshal(in.data[name], &value) != nil || in.null(name) {
		in.fail(name, "Not a boolean")
		return false, false
	}
	return value, true
}

func (in *input) whole(name string, low, high int) (int, bool) {
	var n int
	if !in.has(name) || in.null(name) {
		return 0, false
	}
	if json.Unmarshal(in.data[name], &n) != nil || n < low || n > high {
		in.fail(name, "Not a valid number")
		return 0, false
	}
	return n, true
}

// list returns an array of strings.
func (in *input) list(name string) []string {
	var out []string
	if !in.has(name) || in.null(name) {
		return nil
	}
	if json.Unmarshal(in.data[name], &out) != nil {
		in.fail(name, "Not an array")
		return nil
	}
	return out
}

// object decodes a structured property into out and tells whether there was one.
func (in *input) object(name string, out any) bool {
	if !in.has(name) || in.null(name) {
		return false
	}
	if json.Unmarshal(in.data[name], out) != nil {
		in.fail(name, "Not an object of the expected form")
		return false
	}
	return true
}

// skip names properties that exist at Asana and change nothing here.
func (in *input) skip(names ...string) { in.seen = append(in.seen, names...) }

// end returns every fault found, properties nobody asked for included.
func (in *input) end() error {
	for name := range in.data {
		if !slices.Contains(in.seen, name) {
			in.fail(name, "Unrecognized property")
		}
	}
	if len(in.faults) == 0 {
		return nil
	}
	slices.Sort(in.faults)
	return &apiError{status: 400, messages: slices.Compact(in.faults)}
}
