package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Stream is the state of one stream of a connection. The zero value is a stream that was never read.
type Stream struct {
	Connection string            `json:"connection"`
	Stream     string            `json:"stream"`
	Object     string            `json:"object,omitempty"` // of its records
	Along      []string          `json:"along,omitempty"`  // of those that come with them
	Cursor     connectors.Cursor `json:"cursor,omitempty"`
	More       bool              `json:"more,omitempty"`     // another page was ready when the last one was stored
	CaughtUp   bool              `json:"caught_up,omitzero"` // a poll or a sweep has come to its end since the beginning
	Complete   time.Time         `json:"complete,omitzero"`  // every change up to here is in the ledger; vendor's clock
	Progress   time.Time         `json:"progress,omitzero"`  // when a page was last stored; our clock
	Counts     Counts            `json:"counts"`             // since the beginning
	Failure    Failure           `json:"failure,omitzero"`   // the last one, gone with the next stored page
	Sweep      SweepState        `json:"sweep,omitzero"`
}

// Failure is why and since when something does not go on.
type Failure struct {
	Attempts  int       `json:"attempts,omitempty"` // in a row
	Since     time.Time `json:"since,omitzero"`     // the first of them
	Last      time.Time `json:"last,omitzero"`
	NotBefore time.Time `json:"not_before,omitzero"` // do not try again earlier
	Kind      string    `json:"kind,omitempty"`      // connectors.Kind in words
	Error     string    `json:"error,omitempty"`     // references only, no personal data
}

// Counts says what became of records (invariant 7): each one read is counted in exactly one of the others.
type Counts struct {
	Read      int64            `json:"read,omitempty"`
	Applied   int64            `json:"applied,omitempty"`
	Unchanged int64            `json:"unchanged,omitempty"` // known already, possibly with an older stamp
	Stale     int64            `json:"stale,omitempty"`     // older than what is known
	Filtered  int64            `json:"filtered,omitempty"`
	Dead      int64            `json:"dead,omitempty"`
	ByRule    map[string]int64 `json:"by_rule,omitempty"` // of Filtered
}

func (n *Counts) add(o Counts) {
	n.Read += o.Read
	n.Applied += o.Applied
	n.Unchanged += o.Unchanged
	n.Stale += o.Stale
	n.Filtered += o.Filtered
	n.Dead += o.Dead
	for rule, k := range o.ByRule {
		if n.ByRule == nil {
			n.ByRule = map[string]int64{}
		}
		n.ByRule[rule] += k
	}
}

// Stream returns the state of one stream, the zero state with its names when it was never read.
func (l *Ledger) Stream(ctx context.Context, connection, stream string) (Stream, error) {
	var s Stream
	err := l.view(ctx, "read stream state", func(r kv.Reader) error {
		var err error
		s, err = readStream(r, l, connection, stream)
		return err
	})
	return s, err
}

// Streams returns the state of all streams that were ever read or failed, ordered by connection and name.
func (l *Ledger) Streams(ctx context.Context) ([]Stream, error) {
	var list []Stream
	err := l.view(ctx, "read stream states", func(r kv.Reader) error {
		list = list[:0]
		for key, row := range r.Scan(bStream, l.under(), nil) {
			var s Stream
			if err := json.Unmarshal(row, &s); err != nil {
				return damaged(bStream, fmt.Sprintf("%q", key), err)
			}
			list = append(list, s)
		}
		return nil
	})
	return list, err
}

// RecordFailure notes that reading a stream failed and when to try again; a stored page clears it.
func (l *Ledger) RecordFailure(ctx context.Context, connection, stream string, cause error, notBefore time.Time) error {
	return l.update(ctx, "record failure", func(c *change) error {
		s, err := readStream(c.tx, l, connection, stream)
		if err != nil {
			return err
		}
		s.Failure.note(cause, c.now, notBefore)
		return c.putStream(&s)
	})
}

func (f *Failure) note(cause error, now, notBefore time.Time) {
	if f.Attempts == 0 {
		f.Since = now
	}
	f.Attempts++
	f.Last, f.NotBefore = now, plain(notBefore)
	f.Kind, f.Error = connectors.KindOf(cause).String(), clip(cause.Error())
}

// clip bounds a text that came from outside.
func clip(text string) string {
	const most = 500
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}

func readStream(r kv.Reader, l *Ledger, connection, stream string) (Stream, error) {
	s := Stream{Connection: connection, Stream: stream}
	if err := checkName("connection", connection); err != nil {
		return s, err
	}
	if err := checkName("stream", stream); err != nil {
		return s, err
	}
	row := r.Get(bStream, l.at(connection, stream))
	if row == nil {
		return s, r.Err()
	}
	if err := json.Unmarshal(row, &s); err != nil {
		return s, damaged(bStream, connection+"/"+stream, err)
	}
	return s, nil
}

func (c *change) putStream(s *Stream) error {
	row, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode stream %s/%s: %w", s.Connection, s.Stream, err)
	}
	return c.tx.Put(bStream, c.l.at(s.Connection, s.Stream), row)
}
