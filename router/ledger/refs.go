package ledger

import (
	"bytes"
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

// TakeRefs returns up to limit due wishes of a connection for records of one object, so that they can go into one batch:
// of the first that has any, in the order of the objects' names, beginning with the one behind the object named last and
// ending with that. So a burst of changes of one object, or many wishes that wait, keep none of another waiting. The
// wishes stay until a Fetch batch names them as Done or RetryRefs puts them off, so asking twice returns them twice.
func (l *Ledger) TakeRefs(ctx context.Context, connection, last string, limit int) (Fetches, error) {
	var f Fetches
	err := l.view(ctx, "read references to fetch", func(r kv.Reader) error {
		f = Fetches{}
		behind, round := l.behind(connection, last), last == "" // round: it has come to the first object again
		for at := behind; ; {
			next, err := l.lookAt(r, connection, at, limit, &f)
			switch {
			case err != nil:
				return err
			case len(f.Due) > 0:
				f.More = f.More || next != nil || !round
				return nil
			case next == nil && round, next != nil && round && last != "" && bytes.Compare(next, behind) >= 0:
				return nil
			case next == nil:
				at, round = l.under(connection), true
			default:
				at = next
			}
		}
	})
	return f, err
}

// behind returns the first key behind the wishes for records of an object; of no object, the first of all.
func (l *Ledger) behind(connection, object string) []byte {
	if object == "" {
		return l.under(connection)
	}
	return append(l.at(connection, object), 1)
}

// mostWaiting bounds how many wishes for records of one object a look passes over because they wait. They wait together:
// what fails is the object.
const mostWaiting = 1000

// lookAt takes the due ones of the first object whose wishes lie at or behind a key. It returns where another object may
// begin, nil when there is none.
func (l *Ledger) lookAt(r kv.Reader, connection string, from []byte, limit int, f *Fetches) (next []byte, err error) {
	object, waiting, now := "", 0, l.now()
	for key, row := range r.Scan(bRef, l.under(connection), from) {
		one, notBefore, err := decodeFetchRef(recKey(key[len(l.ws):]), row)
		if err != nil {
			return nil, err
		}
		if object == "" {
			object = one.Ref.Object
		}
		if len(f.Due) == limit || one.Ref.Object != object || waiting == mostWaiting {
			f.More = len(f.Due) == limit && one.Ref.Object == object
			return l.behind(connection, object), nil
		}
		if due(notBefore, now) {
			f.Due = append(f.Due, one)
			continue
		}
		waiting++
		if f.Wake.IsZero() || notBefore.Before(f.Wake) {
			f.Wake = notBefore
		}
	}
	return nil, r.Err()
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
