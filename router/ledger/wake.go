package ledger

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

// What a target shows may change by the passing of time alone: a day ends, an e-mail has gone unanswered for too long. Whoever
// plans an entity knows when that will be, says so when it settles, and is marked dirty then. Two rows of the wake bucket hold
// one such time:
//
//	at, target, entity        seconds; it stays until the entity is settled again: that the time has come is what a plan made
//	                          after it goes by (Snap.Due), also when the target could not be written for days
//	by, seconds, target, entity   to find what is due; it goes when the mark is made, so that nothing is looked at twice
//
// There are at most as many as there are entities with something ahead of them. A process that dies loses none.
const (
	wakeAt = "at"
	wakeBy = "by"
)

// farthestWake bounds how far ahead a time may lie: what is later is planned anew until then, which costs a plan a month.
// What lies farther all the same was noted while our clock was wrong, and is due.
const farthestWake = 31 * 24 * time.Hour

// schedule notes when an entity is to be planned anew for a target, zero = not because of the time.
func (c *change) schedule(target, entity string, at time.Time) error {
	key := c.l.at(wakeAt, target, entity)
	was, is := c.tx.Get(bWake, key), []byte(nil)
	if !at.IsZero() {
		if most := c.now.Add(farthestWake); at.After(most) {
			at = most
		}
		is = seconds(at)
	}
	if slices.Equal(was, is) && (is == nil || c.tx.Get(bWake, c.l.wakeRow(is, target, entity)) != nil) {
		return c.tx.Err() // when it was due already and our clock was set back, it has to be found again
	}
	if was != nil {
		if err := c.tx.Delete(bWake, c.l.wakeRow(was, target, entity)); err != nil {
			return err
		}
	}
	if is == nil {
		return c.tx.Delete(bWake, key)
	}
	if err := c.tx.Put(bWake, key, is); err != nil {
		return err
	}
	return c.tx.Put(bWake, c.l.wakeRow(is, target, entity), nil)
}

// seconds writes a time so that what comes later sorts later. What is between two seconds is due with the second one.
func seconds(at time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(max(0, at.Add(time.Second-time.Nanosecond).Unix())))
}

// wakeRow is the row that finds an entity by its time.
func (l *Ledger) wakeRow(at []byte, target, entity string) []byte {
	return append(append(l.under(wakeBy), at...), target+nul+entity...)
}

// Due reports whether the time has come that an entity was last planned to be looked at again for a target.
func (s *Snap) Due(target, entity string) (bool, error) {
	row := s.r.Get(bWake, s.l.at(wakeAt, target, entity))
	if row == nil {
		return false, s.r.Err()
	}
	if len(row) != 8 {
		return false, damaged(bWake, entity, errShort)
	}
	return int64(binary.BigEndian.Uint64(row)) <= s.now.Unix(), nil
}

// woken is the newest time by our clock at which something was due, and how often that clock was set back since.
type woken struct {
	At   time.Time `json:"at"`
	Back int       `json:"back,omitempty"`
}

// Wake marks what has to be planned anew because its time has come. One call does one bounded piece; done says that nothing is
// due, and then a call costs two look-ups. When our clock was set back since it last found something, what was planned by
// the wrong time is planned anew, too (Replan).
func (l *Ledger) Wake(ctx context.Context) (done bool, err error) {
	now := plain(l.now())
	idle := false
	err = l.view(ctx, "look for what is due", func(r kv.Reader) error {
		w, err := l.woken(r)
		if err != nil {
			return err
		}
		rows := l.dueRows(r, now)
		idle = len(rows) == 0 && !w.setBack(now)
		return r.Err()
	})
	if err != nil || idle {
		return idle, err
	}
	return false, l.update(ctx, "mark what is due", func(c *change) error {
		w, err := l.woken(c.tx)
		if err != nil {
			return err
		}
		if w.setBack(c.now) {
			w.Back++
		}
		w.At = c.now
		for _, row := range l.dueRows(c.tx, c.now) {
			if err := c.rouse(row); err != nil {
				return err
			}
		}
		row, err := json.Marshal(w)
		if err != nil {
			return fmt.Errorf("encode time: %w", err)
		}
		return c.tx.Put(bState, c.l.at("woken"), row)
	})
}

// dueRows returns the first rows that are due.
func (l *Ledger) dueRows(r kv.Reader, now time.Time) [][]byte {
	var rows [][]byte
	prefix := l.under(wakeBy)
	until, wrong := append(slices.Clip(prefix), seconds(now.Add(1))...), append(slices.Clip(prefix), seconds(now.Add(farthestWake+24*time.Hour))...)
	for _, part := range []struct{ from, to []byte }{{prefix, until}, {wrong, nil}} {
		for key := range r.Scan(bWake, prefix, part.from) {
			if part.to != nil && string(key) >= string(part.to) || len(rows) == pieceSize {
				break
			}
			rows = append(rows, slices.Clone(key))
		}
	}
	return rows
}

// rouse marks the entity of a row and takes the row away. Of a target that is no more both rows go.
func (c *change) rouse(row []byte) error {
	name := row[len(c.l.under(wakeBy)):]
	if len(name) < 8 {
		return damaged(bWake, "?", errShort)
	}
	target, entity, _ := strings.Cut(string(name[8:]), nul)
	if !slices.Contains(c.l.targets, target) {
		return c.schedule(target, entity, time.Time{})
	}
	if err := c.tx.Delete(bWake, row); err != nil {
		return err
	}
	return c.mark([]string{target}, entity)
}

func (l *Ledger) woken(r kv.Reader) (w woken, err error) {
	row := r.Get(bState, l.at("woken"))
	if row == nil {
		return w, r.Err()
	}
	if err := json.Unmarshal(row, &w); err != nil {
		return w, damaged(bState, "woken", err)
	}
	return w, nil
}

// setBack reports whether our clock shows an earlier time than it did.
func (w *woken) setBack(now time.Time) bool { return w.At.Sub(now) > FarthestWait }
