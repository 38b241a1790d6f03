package ledger

import (
	"context"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// FetchRef is a wish to fetch one record, left by a webhook. Wishes for one record are joined; Number tells whether
// another one came while a fetch was under way.
type FetchRef struct {
	Ref      connectors.Ref
	Deleted  connectors.Deletion // what the hint said, believed only when the fetch does not find the record
	At       time.Time           // the vendor's time of the newest hint; may be zero
	Since    time.Time           // when the first hint was stored
	Number   uint64
	Attempts int // fetches that failed
}

func (f *FetchRef) encode(notBefore time.Time) []byte {
	var e enc
	e.uint(f.Number)
	e.byte(deletionByte(f.Deleted.Kind))
	into := ""
	if !f.Deleted.Into.IsZero() {
		into = f.Deleted.Into.String()
	}
	e.text(into)
	e.time(f.At)
	e.time(f.Since)
	e.uint(uint64(f.Attempts))
	e.time(notBefore)
	return e
}

func decodeFetchRef(key recKey, row []byte) (f FetchRef, notBefore time.Time, err error) {
	if f.Ref, err = key.ref(); err != nil {
		return f, notBefore, err
	}
	d := dec{b: row}
	f.Number = d.uint()
	f.Deleted.Kind = deletionOf(&d, d.byte())
	into := d.text()
	f.At, f.Since, f.Attempts, notBefore = d.time(), d.time(), int(d.uint()), d.time()
	if err = d.end(); err == nil && into != "" {
		f.Deleted.Into, err = connectors.ParseRef(into)
	}
	if err != nil {
		return f, notBefore, damaged(bRef, key.String(), err)
	}
	return f, notBefore, nil
}

// AddHints stores what webhooks hinted at, to be fetched. A hint whose reference cannot be a key is an error of the
// whole call, because it names a connector's defect, not a vendor's.
func (l *Ledger) AddHints(ctx context.Context, hints []connectors.Hint) error {
	return l.update(ctx, "store hints", func(c *change) error { return c.hint(hints) })
}

func (c *change) hint(hints []connectors.Hint) error {
	for _, h := range hints {
		key, err := keyOf(h.Ref)
		if err != nil {
			return err
		}
		if refused, err := c.barred(h.Ref); err != nil {
			return err
		} else if refused {
			continue
		}
		f := FetchRef{Ref: h.Ref, Deleted: h.Deleted, At: plain(h.At), Since: c.now}
		if row := c.tx.Get(bRef, c.l.at(string(key))); row != nil {
			old, _, err := decodeFetchRef(key, row)
			if err != nil {
				return err
			}
			f.Since = old.Since
			if old.At.After(f.At) { // hints arrive in any order; the vendor's latest word counts
				f.At, f.Deleted = old.At, old.Deleted
			}
		} else {
			c.add(countRefs+h.Ref.Connection, 1)
		}
		if f.Number, err = c.sequence(); err != nil {
			return err
		}
		if err := c.tx.Put(bRef, c.l.at(string(key)), f.encode(time.Time{})); err != nil {
			return err
		}
	}
	return nil
}

// Fetches is one look at the wishes of a connection.
type Fetches struct {
	Due  []FetchRef
	More bool
	Wake time.Time // the earliest time of those that wait; zero = none
}

// TakeRefs returns up to limit due wishes of a connection for records of one object (the first one that has any), so
// that they can go into one batch. They stay until a Fetch batch names them as Done or RetryRefs puts them off, so
// asking twice returns them twice.
func (l *Ledger) TakeRefs(ctx context.Context, connection string, limit int) (Fetches, error) {
	var f Fetches
	err := l.view(ctx, "read references to fetch", func(r kv.Reader) error {
		now, looked, prefix := l.now(), 0, l.under(connection)
		for key, row := range r.Scan(bRef, prefix, nil) {
			one, notBefore, err := decodeFetchRef(recKey(key[len(l.ws):]), row)
			if err != nil {
				return err
			}
			if looked++; looked > lookMost || len(f.Due) == limit ||
				len(f.Due) > 0 && f.Due[0].Ref.Object != one.Ref.Object {
				f.More = true
				break
			}
			if due(notBefore, now) {
				f.Due = append(f.Due, one)
			} else if f.Wake.IsZero() || notBefore.Before(f.Wake) {
				f.Wake = notBefore
			}
		}
		return nil
	})
	return f, err
}

// RetryRefs puts wishes off after a fetch that failed. One that was renewed meanwhile stays due.
func (l *Ledger) RetryRefs(ctx context.Context, refs []FetchRef, notBefore time.Time) error {
	return l.update(ctx, "put off references", func(c *change) error {
		for _, f := range refs {
			key, err := keyOf(f.Ref)
			if err != nil {
				return err
			}
			row := c.tx.Get(bRef, l.at(string(key)))
			if row == nil {
				continue
			}
			old, _, err := decodeFetchRef(key, row)
			if err != nil {
				return err
			}
			if old.Number != f.Number {
				continue
			}
			old.Attempts++
			if err := c.tx.Put(bRef, l.at(string(key)), old.encode(plain(notBefore))); err != nil {
				return err
			}
		}
		return nil
	})
}

// settleRef takes a wish away unless it was renewed since it was taken.
func (c *change) settleRef(key recKey, number uint64) error {
	row := c.tx.Get(bRef, c.l.at(string(key)))
	if row == nil {
		return nil
	}
	old, _, err := decodeFetchRef(key, row)
	if err != nil || old.Number != number {
		return err
	}
	c.add(countRefs+old.Ref.Connection, -1)
	return c.tx.Delete(bRef, c.l.at(string(key)))
}
