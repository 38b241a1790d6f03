package connectors

import (
	"encoding/json"
	"strings"
)

// WriteCursor returns a connector's cursor in its stored form, JSON. It panics when c cannot be written so: a cursor is a
// struct of numbers and texts.
func WriteCursor(c any) Cursor {
	text, err := json.Marshal(c)
	if err != nil {
		panic("encode cursor: " + err.Error())
	}
	return Cursor(text)
}

// ReadCursor reads what WriteCursor wrote; the empty cursor is the zero C. What has a member that C does not have, has
// something behind it or is not sound is Rejected: another program or a later version wrote it, and to go on from half of
// what it says would step over records.
func ReadCursor[C any](connector string, text Cursor, sound func(C) bool) (C, error) {
	var c, none C
	if text == "" {
		return none, nil
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil || d.More() || !sound(c) {
		return none, &Error{Kind: Rejected, Op: "read cursor",
			Reason: "it was not written by this version of the " + connector + " connector or an earlier one; reset the stream"}
	}
	return c, nil
}
