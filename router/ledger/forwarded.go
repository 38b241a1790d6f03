package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

// Forwarded is a delivery that a receiver on another host took and numbered.
type Forwarded struct {
	Number uint64 // grows within one spool
	Arrival
}

// forwardedRow begins the names of the rows that say up to which number a spool's deliveries are here.
const forwardedRow = "forwarded"

// forgetSpool is how long the mark of a spool that nobody hears of is kept. A spool has a new name whenever it is opened.
const forgetSpool = 90 * 24 * time.Hour

// PutForwarded stores what a spool of that name forwards, each delivery once however often it is sent: those up to the
// greatest number that was stored before are passed over. The list is in the order of its numbers. It returns how many
// were new.
func (l *Ledger) PutForwarded(ctx context.Context, spool string, list []Forwarded) (stored int, err error) {
	if err := checkName("spool", spool); err != nil {
		return 0, err
	}
	arrivals := make([]Arrival, len(list))
	for i, f := range list {
		if i > 0 && f.Number <= list[i-1].Number {
			return 0, fmt.Errorf("forwarded delivery %d comes after number %d", f.Number, list[i-1].Number)
		}
		arrivals[i] = f.Arrival
	}
	rows, err := l.inboxRows(arrivals)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	err = l.update(ctx, "store forwarded deliveries", func(c *change) error {
		mark, err := c.spoolMark(spool)
		if err != nil {
			return err
		}
		first, _ := slices.BinarySearchFunc(list, mark+1, func(f Forwarded, n uint64) int {
			switch {
			case f.Number < n:
				return -1
			case f.Number > n:
				return 1
			}
			return 0
		})
		if stored = len(rows) - first; stored == 0 {
			return nil
		}
		if err := c.storeInbox(rows[first:]); err != nil {
			return err
		}
		row := binary.BigEndian.AppendUint64(nil, list[len(list)-1].Number)
		return c.tx.Put(bState, l.at(forwardedRow, spool), binary.BigEndian.AppendUint64(row, uint64(c.now.Unix())))
	})
	return stored, err
}

// spoolMark returns the greatest number of a spool that is stored, 0 for one that is new; then marks of spools that are
// long gone go.
func (c *change) spoolMark(spool string) (uint64, error) {
	if row := c.tx.Get(bState, c.l.at(forwardedRow, spool)); len(row) == 16 {
		return binary.BigEndian.Uint64(row), nil
	}
	var old [][]byte
	for key, row := range c.tx.Scan(bState, c.l.under(forwardedRow), nil) {
		if len(row) != 16 {
			return 0, damaged(bState, fmt.Sprintf("%q", key), kv.ErrDamaged)
		}
		if at := time.Unix(int64(binary.BigEndian.Uint64(row[8:])), 0); c.now.Sub(at) > forgetSpool {
			old = append(old, slices.Clone(key))
		}
	}
	for _, key := range old {
		if err := c.tx.Delete(bState, key); err != nil {
			return 0, err
		}
	}
	return 0, nil
}
