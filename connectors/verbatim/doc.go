// Package verbatim adds members to a record's JSON and takes members off it, for what a vendor says of a record in another place
// (the name of its group, the lists of a contact). Every other byte stays as the vendor wrote it.
//
// It does not change members, knows no vendor, and does not check what it is given: the row and the value are JSON that was
// checked when the answer was read (package rest).
package verbatim

import (
	"bytes"
	"encoding/json"

	"github.com/tidwall/gjson"
)

// With returns the object with one more member behind its own; unchanged when there is no value or the row has the member
// itself. Row is the object as it was read, value is JSON.
func With(data json.RawMessage, row gjson.Result, name, value string) json.RawMessage {
	if value == "" || row.Get(name).Exists() {
		return data
	}
	end := bytes.LastIndexByte(data, '}')
	out := make(json.RawMessage, 0, len(data)+len(name)+len(value)+4)
	out = append(out, bytes.TrimRight(data[:end], " \t\r\n")...)
	if out[len(out)-1] != '{' {
		out = append(out, ',')
	}
	out = append(out, '"')
	out = append(append(append(out, name...), `":`...), value...)
	return append(out, '}')
}

// Without returns the object without one of its members.
func Without(data json.RawMessage, name string) json.RawMessage {
	member := gjson.GetBytes(data, name)
	if !member.Exists() || member.Index == 0 {
		return data
	}
	from := bytes.LastIndex(data[:member.Index], []byte(`"`+name+`"`))
	head, tail := bytes.TrimRight(data[:from], " \t\r\n"), data[member.Index+len(member.Raw):]
	switch {
	case head[len(head)-1] == ',':
		head = head[:len(head)-1]
	case bytes.HasPrefix(bytes.TrimLeft(tail, " \t\r\n"), []byte(",")):
		tail = tail[bytes.IndexByte(tail, ',')+1:]
	}
	return append(append(make(json.RawMessage, 0, len(head)+len(tail)), head...), tail...)
}
