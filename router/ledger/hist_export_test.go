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
