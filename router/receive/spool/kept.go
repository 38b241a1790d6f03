package spool

import (
	"bytes"
	"context"
	"fmt"

	"github.com/millrace/millrace/router/ledger/kv"
)

// PutTold keeps what the hub said last, replacing what was there; it is durable when it returns nil. Whoever calls it seals
// it.
func (s *Spool) PutTold(ctx context.Context, sealed []byte) error {
	err := s.engine.Update(ctx, func(tx kv.Tx) error { return tx.Put(bKept, []byte(keptTold), sealed) })
	if err != nil {
		return fmt.Errorf("keep what the hub said: %w", err)
	}
	return nil
}

// Told returns what PutTold kept, nil when there is nothing.
func (s *Spool) Told(ctx context.Context) (sealed []byte, err error) {
	err = s.engine.View(ctx, func(r kv.Reader) error {
		sealed = bytes.Clone(r.Get(bKept, []byte(keptTold)))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what the hub said: %w", err)
	}
	return sealed, nil
}
