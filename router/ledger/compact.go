package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

// Compacted says what Compact did.
type Compacted struct {
	Before int64 `json:"before"` // bytes of the store
	After  int64 `json:"after"`
	// Erased says that no byte of what was erased is left in the store. It is false while something of an erasure still
	// has to be delivered: then another compaction follows.
	Erased  bool  `json:"erased"`
	Waiting int64 `json:"waiting,omitempty"` // entities at targets that erasures wait for
}

// Compact rewrites the store without free pages, and with them the bytes of what was erased. It may be called while the
// ledger is in use; writers wait meanwhile. errors.ErrUnsupported says that the engine cannot.
func (l *Ledger) Compact(ctx context.Context) (Compacted, error) {
	c, ok := l.engine.(kv.Compactor)
	if !ok {
		return Compacted{}, fmt.Errorf("compact: %w", errors.ErrUnsupported)
	}
	asked, err := l.Erasing(ctx)
	if err != nil {
		return Compacted{}, err
	}
	out := Compacted{Before: l.engine.Stats().SizeBytes, Waiting: asked.Waiting}
	if err := c.Compact(ctx); err != nil {
		return out, err
	}
	out.After, out.Erased = l.engine.Stats().SizeBytes, asked.Waiting == 0
	if asked.Since.IsZero() || asked.Waiting > 0 {
		return out, nil
	}
	return out, l.update(ctx, "note compaction", func(c *change) error {
		row := c.tx.Get(bState, l.at(stateCompact))
		var since time.Time
		if row == nil || json.Unmarshal(row, &since) != nil || !since.Equal(asked.Since) {
			return c.tx.Err() // somebody was erased meanwhile
		}
		return c.tx.Delete(bState, l.at(stateCompact))
	})
}
