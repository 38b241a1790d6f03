package ledger

import (
	"context"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

// Dirty is a mark: this entity changed and the target does not show it yet. The entity may be gone or merged away;
// then what the target shows of it is to be closed.
type Dirty struct {
	Entity     string
	Generation uint64    // of the last change; Settle clears the mark only while it is still this one (invariant 3)
	Since      time.Time // the oldest change the target does not show; our clock
	Attempts   int       // failed ones in a row since the last change
	NotBefore  time.Time // do not try earlier
	Error      string    // why the last attempt failed
}

func (m *Dirty) encode() []byte {
	var e enc
	e.uint(m.Generation)
	e.time(m.Since)
	e.uint(uint64(m.Attempts))
	e.time(m.NotBefore)
	e.text(m.Error)
	return e
}

func decodeDirty(entity string, row []byte) (Dirty, error) {
	d := dec{b: row}
	m := Dirty{Entity: entity, Generation: d.uint(), Since: d.time(), Attempts: int(d.uint()), NotBefore: d.time(),
		Error: d.text()}
	if err := d.end(); err != nil {
		return Dirty{}, damaged(bDirty, entity, err)
	}
	return m, nil
}

// FarthestWait is the longest a "not before" may lie ahead. What lies further was written while our clock was wrong, and
// is due: otherwise a machine that started in 2036 would deliver nothing for years after its clock was set.
const FarthestWait = 2 * time.Hour

// Due reports whether the mark may be looked at now.
func (m *Dirty) Due(now time.Time) bool { return due(m.NotBefore, now) }

func due(notBefore, now time.Time) bool {
	ahead := notBefore.Sub(now)
	return ahead <= 0 || ahead > FarthestWait
}

// Backlog is one look at the dirty marks of a target.
type Backlog struct {
	Due  []Dirty   // ascending by entity, at most the limit
	Next string    // give it to the next call to go on; "" = the end was reached
	Wake time.Time // the earliest NotBefore of marks passed over; zero = none
}

// lookMost bounds how many marks one call passes over while it looks for due ones.
const lookMost = 10_000

// Dirty returns up to limit marks of target that are due, of entities after the given one ("" = from the first).
func (l *Ledger) Dirty(ctx context.Context, target, after string, limit int) (Backlog, error) {
	var b Backlog
	err := l.view(ctx, "read dirty marks", func(r kv.Reader) error {
		prefix := l.under(target)
		now, looked := l.now(), 0
		for key, row := range r.Scan(bDirty, prefix, append(l.at(target, after), 0)) {
			entity := string(key[len(prefix):])
			m, err := decodeDirty(entity, row)
			if err != nil {
				return err
			}
			looked++
			if !m.Due(now) {
				if b.Wake.IsZero() || m.NotBefore.Before(b.Wake) {
					b.Wake = m.NotBefore
				}
			} else {
				b.Due = append(b.Due, m)
			}
			if len(b.Due) >= limit || looked >= lookMost {
				b.Next = entity
				break
			}
		}
		return nil
	})
	return b, err
}

// Hasten makes the marks of a target that wait for a later time due now, and returns how many did. It works in bounded
// transactions.
func (l *Ledger) Hasten(ctx context.Context, target string) (int, error) {
	total := 0
	for from := l.under(target); from != nil; {
		var next []byte
		n := 0
		err := l.update(ctx, "hasten marks of "+target, func(c *change) (err error) {
			n, next, err = c.hasten(target, from)
			return err
		})
		if err != nil {
			return total, err
		}
		total, from = total+n, next
	}
	return total, nil
}

// hasten does one piece and returns where the next one begins.
func (c *change) hasten(target string, from []byte) (n int, next []byte, err error) {
	prefix := c.l.under(target)
	var waiting []Dirty
	for key, row := range c.tx.Scan(bDirty, prefix, from) {
		if n++; n > pieceSize {
			next = append([]byte(nil), key...)
			break
		}
		m, err := decodeDirty(string(key[len(prefix):]), row)
		if err != nil {
			return 0, nil, err
		}
		if !m.Due(c.now) {
			waiting = append(waiting, m)
		}
	}
	for _, m := range waiting {
		m.NotBefore = time.Time{}
		if err := c.tx.Put(bDirty, c.l.at(target, m.Entity), m.encode()); err != nil {
			return 0, nil, err
		}
	}
	return len(waiting), next, c.tx.Err()
}

// Mark marks entities dirty for one target, or for all when target is empty, whether they changed or not: for
// `verify --repair`, a new target or an item deleted by hand.
func (l *Ledger) Mark(ctx context.Context, target string, entities ...string) error {
	return l.update(ctx, "mark dirty", func(c *change) error {
		targets := l.targets
		if target != "" {
			targets = []string{target}
		}
		for _, entity := range entities {
			if _, _, err := parseEntityID(entity); err != nil {
				return err
			}
			if err := c.mark(targets, entity); err != nil {
				return err
			}
		}
		return nil
	})
}

// mark puts or renews the marks of one entity. What was waiting after a failure is due again: the change may be what
// the failure was waiting for.
func (c *change) mark(targets []string, entity string) error {
	generation, err := c.sequence()
	if err != nil {
		return err
	}
	for _, target := range targets {
		key := c.l.at(target, entity)
		m := Dirty{Entity: entity, Generation: generation, Since: c.now}
		if row := c.tx.Get(bDirty, key); row != nil {
			old, err := decodeDirty(entity, row)
			if err != nil {
				return err
			}
			m.Since = old.Since
		} else {
			c.add(countDirty+target, 1)
		}
		if err := c.tx.Put(bDirty, key, m.encode()); err != nil {
			return err
		}
	}
	return nil
}
