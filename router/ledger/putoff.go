package ledger

import (
	"context"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

// statePutOff begins the rows of connections whose vendors were told to come again with deliveries: connection → since when.
const statePutOff = "putoff"

// NotePutOff notes that deliveries of a connection were put off at an instant or later, of our clock, and that nothing was read
// again for them yet. An earlier instant stays.
func (l *Ledger) NotePutOff(ctx context.Context, connection string, since time.Time) error {
	if err := checkName("connection", connection); err != nil {
		return err
	}
	return l.update(ctx, "note deliveries put off of "+connection, func(c *change) error {
		key := l.at(statePutOff, connection)
		if c.tx.Get(bState, key) != nil {
			return nil
		}
		var e enc
		e.time(since)
		return c.tx.Put(bState, key, e)
	})
}

// PutOff returns what NotePutOff noted, by connection.
func (l *Ledger) PutOff(ctx context.Context) (map[string]time.Time, error) {
	list := map[string]time.Time{}
	err := l.view(ctx, "read deliveries put off", func(r kv.Reader) error {
		prefix := l.under(statePutOff)
		for full, row := range r.Scan(bState, prefix, nil) {
			d := dec{b: row}
			name, since := string(full[len(prefix):]), d.time()
			if err := d.end(); err != nil {
				return damaged(bState, name, err)
			}
			list[name] = since
		}
		return r.Err()
	})
	return list, err
}

// ForgetPutOff says that what was put off of a connection is read again.
func (l *Ledger) ForgetPutOff(ctx context.Context, connection string) error {
	return l.update(ctx, "forget deliveries put off of "+connection, func(c *change) error {
		return c.tx.Delete(bState, l.at(statePutOff, connection))
	})
}
