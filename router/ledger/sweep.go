package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// SweepState is where a stream's full listing stands.
type SweepState struct {
	Cursor  connectors.Cursor `json:"cursor,omitempty"`
	Running bool              `json:"running,omitempty"`
	Pass    uint32            `json:"pass,omitempty"`    // number of the listing under way, or of the last one
	Start   time.Time         `json:"start,omitzero"`    // vendor's clock at its first page
	Began   time.Time         `json:"began,omitzero"`    // our clock
	Listed  int64             `json:"listed,omitempty"`  // records it returned so far
	Reaping bool              `json:"reaping,omitempty"` // it is complete, and Reap has not been through yet
	At      []byte            `json:"at,omitempty"`      // how far Reap is
	Refused string            `json:"refused,omitempty"` // why Reap would not delete; Reap with force does
	Done    time.Time         `json:"done,omitzero"`     // when the last complete one was reaped; our clock
}

// SweepRefused is the kind of a gap that waits for a person: Reap would not believe how much is missing.
const SweepRefused = "sweep refused"

// errReaping says that the last complete sweep was not reaped yet.
var errReaping = errors.New("the sweep before is complete and not reaped yet: call Reap first")

// sweepOn takes one page of a sweep.
func (s *Stream) sweepOn(b *Batch, now time.Time) error {
	w := &s.Sweep
	switch {
	case w.Reaping && w.Refused == "":
		return errReaping
	case w.Cursor != b.From:
		return fmt.Errorf("sweep of %s/%s: %w", b.Connection, b.Stream, ErrStale)
	case b.More && b.To == "":
		return fmt.Errorf("sweep of %s/%s: page says that there is more and has no cursor", b.Connection, b.Stream)
	}
	if !w.Running {
		w.Running, w.Pass, w.Start, w.Began, w.Listed = true, w.Pass+1, b.seen(), now, 0
		w.Reaping, w.At, w.Refused = false, nil, ""
		if w.Start.IsZero() {
			w.Start = now
		}
	}
	w.Listed += int64(len(b.Records))
	w.Cursor = b.To
	if !b.More {
		w.Running, w.Cursor, w.Reaping = false, "", true
	}
	return nil
}

// Rewind sets a stream's cursor, or with sweep its sweep's, if it is still from: for a cursor that the vendor no
// longer takes, and for `backfill --since`. Setting the sweep's abandons the listing under way. ErrStale otherwise.
func (l *Ledger) Rewind(ctx context.Context, connection, stream string, sweep bool, from, to connectors.Cursor) error {
	return l.update(ctx, "rewind "+connection+"/"+stream, func(c *change) error {
		return c.rewind(connection, stream, sweep, from, to)
	})
}

func (c *change) rewind(connection, stream string, sweep bool, from, to connectors.Cursor) error {
	s, err := readStream(c.tx, c.l, connection, stream)
	if err != nil {
		return err
	}
	if sweep {
		if s.Sweep.Cursor != from {
			return ErrStale
		}
		s.Sweep.Cursor, s.Sweep.Running = to, to != ""
		return c.putStream(&s)
	}
	if s.Cursor != from {
		return ErrStale
	}
	s.Cursor, s.CaughtUp, s.More = to, false, true
	return c.putStream(&s)
}

// Reaped says what Reap did.
type Reaped struct {
	Live    int    // records of the object that were live
	Missed  int    // not listed by this sweep
	Deleted int    // not listed by two complete sweeps in a row, now deleted
	Refused string // not empty: nothing was done, because so much at once is more likely a fault (invariant 6)
}

// Share is how much of what is there one run may delete without force (invariant 6): a tenth, at least 20.
func Share(total int64) int64 { return max(20, total/10) }

// Reap goes through the records of a stream whose sweep is complete: one that the sweep did not list, and that nothing
// has shown since it began, was missed; one missed by two complete sweeps in a row is taken for deleted without a
// trace. It refuses to believe an empty sweep, or one that would delete more than Share, unless force is set, and
// records that as a gap. It works in bounded transactions and goes on where it stopped after a crash. Without a
// complete sweep it does nothing.
func (l *Ledger) Reap(ctx context.Context, connection, stream string, force bool) (Reaped, error) {
	var done Reaped
	s, err := l.Stream(ctx, connection, stream)
	if err != nil || !s.Sweep.Reaping || s.Sweep.Refused != "" && !force {
		done.Refused = s.Sweep.Refused
		return done, err
	}
	missed, doomed, err := l.missed(ctx, &s, &done)
	if err != nil {
		return done, err
	}
	if s.Sweep.At == nil && !force {
		if done.Refused = refusal(&s, done.Live, doomed); done.Refused != "" {
			return done, l.refuse(ctx, s, done.Refused)
		}
	}
	for len(missed) > 0 {
		n := min(len(missed), pieceSize)
		if err := l.reap(ctx, &s, missed[:n], &done); err != nil {
			return done, err
		}
		missed = missed[n:]
	}
	return done, l.reapEnd(ctx, s)
}

func refusal(s *Stream, live, doomed int) string {
	switch {
	case s.Sweep.Listed == 0 && live > 0:
		return fmt.Sprintf("sweep refused: the listing is empty, %d records are known", live)
	case int64(doomed) > Share(int64(live)):
		return fmt.Sprintf("sweep refused: it would delete %d of %d records; the most is %d without force", doomed, live, Share(int64(live)))
	}
	return ""
}

// missed lists the live records that the sweep did not show, ascending, from where Reap stopped.
func (l *Ledger) missed(ctx context.Context, s *Stream, done *Reaped) (list []recKey, doomed int, err error) {
	objects := append([]string{s.Object}, s.Along...)
	slices.Sort(objects) // the order of their keys, in which Reap goes through them
	for _, object := range objects {
		if list, doomed, err = l.missedOf(ctx, s, object, list, doomed, done); err != nil {
			return nil, 0, err
		}
	}
	return list, doomed, nil
}

// missedOf adds those of one object.
func (l *Ledger) missedOf(ctx context.Context, s *Stream, object string, list []recKey, doomed int, done *Reaped) ([]recKey, int, error) {
	prefix := l.under(s.Connection, object)
	from := prefix
	if s.Sweep.At != nil {
		if next := after(append([]byte(l.ws), s.Sweep.At...)); bytes.Compare(next, from) > 0 {
			from = next
		}
	}
	err := l.eachRow(ctx, bMeta, prefix, from, func(key, row []byte) error {
		k := recKey(key[len(l.ws):])
		m, err := decodeMeta(row)
		if err != nil {
			return damaged(bMeta, k.String(), err)
		}
		if m.deleted == connectors.NotDeleted {
			done.Live++
		}
		if m.missedBy(&s.Sweep) {
			list = append(list, k)
			if m.missed > 0 {
				doomed++
			}
		}
		return nil
	})
	return list, doomed, err
}

// eachRow calls fn for every row below a prefix, from the given key on, in snapshots of bounded length.
func (l *Ledger) eachRow(ctx context.Context, bucket kv.Bucket, prefix, from []byte, fn func(key, row []byte) error) error {
	for from != nil {
		next := from
		err := l.view(ctx, "read "+string(bucket), func(r kv.Reader) error {
			next = nil
			n := 0
			for key, row := range r.Scan(bucket, prefix, from) {
				if n++; n > lookMost {
					next = slices.Clone(key)
					return nil
				}
				if err := fn(key, row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		from = next
	}
	return nil
}

func (m *meta) missedBy(w *SweepState) bool {
	return m.deleted == connectors.NotDeleted && m.pass != w.Pass && m.state.seen.Before(w.Start)
}

// reap counts or deletes one piece of missed records and moves the place it has come to, in one transaction.
func (l *Ledger) reap(ctx context.Context, s *Stream, missed []recKey, done *Reaped) error {
	var next Stream
	var count Reaped
	err := l.update(ctx, "reap "+s.Connection+"/"+s.Stream, func(c *change) error {
		count = Reaped{}
		var err error
		if next, err = c.reaping(s); err != nil {
			return err
		}
		for _, key := range missed {
			if err := c.miss(key, &next.Sweep, &count); err != nil {
				return err
			}
		}
		if _, err := c.resolve(); err != nil {
			return err
		}
		next.Sweep.At = []byte(missed[len(missed)-1])
		return c.putStream(&next)
	})
	if err == nil {
		*s = next
		done.Missed += count.Missed
		done.Deleted += count.Deleted
	}
	return err
}

// reaping returns the stored state if it is still where s says.
func (c *change) reaping(s *Stream) (Stream, error) {
	now, err := readStream(c.tx, c.l, s.Connection, s.Stream)
	if err != nil {
		return now, err
	}
	if !now.Sweep.Reaping || now.Sweep.Pass != s.Sweep.Pass || string(now.Sweep.At) != string(s.Sweep.At) {
		return now, ErrStale
	}
	return now, nil
}

func (c *change) miss(key recKey, w *SweepState, count *Reaped) error {
	slot, err := c.meta(key)
	if err != nil || slot.meta == nil || !slot.missedBy(w) {
		return err // shown by a poll in the meantime
	}
	count.Missed++
	if slot.missed == 0 {
		slot.missed, slot.dirty = 1, true
		return nil
	}
	count.Deleted++
	ref, err := key.ref()
	if err != nil {
		return err
	}
	rec := connectors.Record{Ref: ref, Version: slot.state.version, Seen: w.Start,
		Deleted: connectors.Deletion{Kind: connectors.Hard}}
	_, err = c.take(&arrival{rec: &rec, key: key, stamp: stampOf(&rec)}, 0)
	return err
}

func (l *Ledger) refuse(ctx context.Context, s Stream, why string) error {
	return l.update(ctx, "refuse sweep", func(c *change) error {
		now, err := c.reaping(&s)
		if err != nil {
			return err
		}
		now.Sweep.Refused = why
		if err := c.openGap(sweepGap(&now, why)); err != nil {
			return err
		}
		return c.putStream(&now)
	})
}

func sweepGap(s *Stream, why string) *Gap {
	return &Gap{Connection: s.Connection, Stream: s.Stream, From: s.Sweep.Start, Kind: SweepRefused, Reason: why}
}

func (l *Ledger) reapEnd(ctx context.Context, s Stream) error {
	return l.update(ctx, "end sweep", func(c *change) error {
		now, err := c.reaping(&s)
		if err != nil {
			return err
		}
		now.Sweep.Reaping, now.Sweep.At, now.Sweep.Refused, now.Sweep.Done = false, nil, "", c.now
		if err := c.healGap(s.Connection, s.Stream, sweepGap(&now, "").id()); err != nil {
			return err
		}
		return c.putStream(&now)
	})
}
