package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger/kv"
)

// errTried ends a transaction whose writes nobody wants.
var errTried = errors.New("only tried")

// TryDecide calls fn with everything as it would be after Decide, and with what that would return; then it forgets all of
// it. Nothing is written. fn may run more than once and must reset what it captures.
func (l *Ledger) TryDecide(ctx context.Context, fn func(*Snap, []string) error, list ...Decision) error {
	err := l.engine.Update(ctx, func(tx kv.Tx) error {
		c := l.begin(tx)
		for i := range list {
			if err := c.decide(list[i]); err != nil {
				return err
			}
		}
		changed, err := c.resolve()
		if err != nil {
			return err
		}
		if err := c.flush(); err != nil {
			return err
		}
		if err := fn(&Snap{l: l, r: tx, ents: map[string]*work.Entity{}}, changed); err != nil {
			return err
		}
		return errTried
	})
	if err != nil && !errors.Is(err, errTried) {
		return fmt.Errorf("try a decision: %w", err)
	}
	return nil
}
