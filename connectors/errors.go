package connectors

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what the router should do about an error. It is decided at the edge, where the vendor's answer is
// known, and acted on in the router.
type Kind uint8

// The kinds of error. An error without a kind is treated as Temporary.
const (
	Temporary Kind = iota + 1 // network, 5xx, a broken body: try again later
	Limited                   // the vendor asks to wait; After says how long, when it said so
	Rejected                  // the vendor will never take this request: a dead letter
	Denied                    // sign-in or scope: needs a person, stops the connection
	NotFound                  // the object is not there
	Gone                      // the resource or API version is no longer offered: needs a person; or a cursor expired
)

var kindNames = [...]string{"unknown", "temporary", "limited", "rejected", "denied", "not found", "gone"}

// String returns the kind in words, as logs and metric labels show it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[0]
}

// Error is a vendor's refusal or failure in terms the router acts upon. Its text names the operation, never a
// secret and never personal data (invariant 9).
type Error struct {
	Kind   Kind
	Op     string        // what was attempted, `read contacts`
	Status int           // HTTP status, 0 when there was no answer
	After  time.Duration // with Limited: how long to wait; 0 = not said
	// Expired says, with Gone, that it is the cursor the vendor no longer takes: the stream is set back and read again.
	Expired bool
	Limit   string // with Limited: the limit that refused, `search`; empty = the whole account
	Reason  string // the vendor's own code or a short explanation, `MISSING_SCOPES`
	Trace   string // the vendor's correlation id, for its support
	Err     error  // the cause, may be nil
}

// Error returns `op: kind (HTTP status): reason: cause [trace]`.
func (e *Error) Error() string {
	s := e.Kind.String()
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Status != 0 {
		s += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Trace != "" {
		s += " [" + e.Trace + "]"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err, Temporary for one without a kind and 0 for nil.
func KindOf(err error) Kind {
	if err == nil {
		return 0
	}
	var e *Error
	if errors.As(err, &e) && e.Kind != 0 {
		return e.Kind
	}
	return Temporary
}

// CursorExpired reports whether err says that the vendor no longer takes the cursor.
func CursorExpired(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == Gone && e.Expired
}

// After returns how long a Limited error asks to wait, 0 when it does not say.
func After(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}
