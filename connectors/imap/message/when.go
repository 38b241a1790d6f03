package message

import (
	"time"

	"github.com/millrace/millrace/connectors/imap/message/field"
)

// farOff is how far a mail's own date may be from when a server got it.
const farOff = 48 * time.Hour

// when returns the time of a mail and whose word it is. A mail's own date counts unless it is missing or far off from when
// it was received. When it was received says the server that brought it (Received) before the server that keeps it
// (INTERNALDATE): the first is part of the mail, the second is when a copy was made, and may be years later.
func (c *collector) when(received time.Time) (time.Time, Dated) {
	date, ok := field.Date(c.header.Once("date", &c.notes))
	switch {
	case !c.header.Has("date"):
		c.notes.Add("no date")
	case !ok:
		c.notes.Add("date that is none")
	}
	brought, wasBrought := receivedDate(c.header.Get("received"))
	if received.IsZero() && !wasBrought {
		if !ok || date.Year() < firstYear || date.Year() >= lastYear {
			return time.Unix(0, 0).UTC(), ByServer
		}
		return date, ByHeader
	}
	if ok && (near(date, received) || wasBrought && near(date, brought)) {
		return date, ByHeader
	}
	if ok {
		c.notes.Add("date far from when it was received")
	}
	if wasBrought && (received.IsZero() || !brought.After(received.Add(farOff)) && brought.Year() >= firstYear) {
		return brought, ByServer
	}
	return received.UTC().Truncate(time.Second), ByServer
}

// firstYear and lastYear bound what is believed when no server says when it got a mail: there was none before 1971.
const (
	firstYear = 1971
	lastYear  = 2099
)

func near(a, b time.Time) bool { return !b.IsZero() && a.Sub(b).Abs() <= farOff }

// receivedDate reads the time at the end of a trace field, after its last semicolon (RFC 5321 4.4).
func receivedDate(value []byte) (time.Time, bool) {
	for i := len(value) - 1; i >= 0; i-- {
		if value[i] == ';' {
			return field.Date(value[i+1:])
		}
	}
	return time.Time{}, false
}
