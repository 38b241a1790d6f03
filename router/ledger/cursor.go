package ledger

import (
	"fmt"
	"strings"
)

// move compares the batch's cursor with the stored one and sets the next (invariant 1). The returned state is stored
// by the caller, in the same transaction as the records.
func (c *change) move(b *Batch, out *Outcome) (Stream, error) {
	s, err := readStream(c.tx, c.l, b.Connection, b.Stream)
	if err != nil {
		return s, err
	}
	switch b.Kind {
	case Poll:
		if s.Cursor != b.From {
			return s, fmt.Errorf("stream %s/%s: %w", b.Connection, b.Stream, ErrStale)
		}
		s.Cursor, s.More = b.To, b.More
	case Sweep:
		if err := s.sweepOn(b, c.now); err != nil {
			return s, err
		}
		out.Swept = s.Sweep.Reaping
	case Fetch, Replay:
		return s, nil // neither proves that the stream itself makes progress
	}
	s.CaughtUp = s.CaughtUp || !b.More
	if b.Complete.After(s.Complete) {
		s.Complete = plain(b.Complete)
	}
	s.Object, s.Along, s.Progress, s.Failure = b.Object, b.Along, c.now, Failure{}
	return s, nil
}

func compareKeys(a, b recKey) int { return strings.Compare(string(a), string(b)) }
