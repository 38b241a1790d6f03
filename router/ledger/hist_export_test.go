package ledger

import (
	"context"

	"github.com/millrace/millrace/router/ledger/kv"
)

// PastOf returns the history of one record, whether or not it belongs to an entity; tests only.
func PastOf(l *Ledger, engine kv.Engine, ref string) (list []Stay) {
	key, err := keyOfText(ref)
	if err != nil {
		panic(err)
	}
	err = engine.View(context.Background(), func(r kv.Reader) error {
		m, err := readMeta(r, l, key)
		if err != nil || m == nil {
			return err
		}
		list, err = (&Snap{l: l, r: r}).stays(nil, key)
		return err
	})
	if err != nil {
		panic(err)
	}
	return list
}

// ErasePast removes the history of a record in a transaction of its own; tests only.
func ErasePast(l *Ledger, ref string) error {
	key, err := keyOfText(ref)
	if err != nil {
		return err
	}
	return l.update(context.Background(), "erase", func(c *change) error {
		if err := c.erasePast(key); err != nil {
			return err
		}
		_, err := c.resolve()
		return err
	})
}
