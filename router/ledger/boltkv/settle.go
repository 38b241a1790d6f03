package boltkv

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/millrace/millrace/router/ledger/kv"
)

// commit makes tx durable. A failure is settled at once where that is possible.
func (e *Engine) commit(tx *bbolt.Tx) error {
	id := tx.ID()
	cause := e.finishTx(tx)
	if cause == nil {
		e.commits.Add(1)
		return nil
	}
	e.failedCommit.Add(1)
	if errors.Is(cause, kv.ErrDamaged) {
		return fmt.Errorf("commit: %w: %w", kv.ErrUnknownOutcome, cause)
	}
	return e.settle(id, e.classify(cause))
}

// finishTx commits tx. After a panic bbolt may still hold its writer's lock, and entering it again
// would wait for ever, so the engine refuses further Updates until it is opened anew.
func (e *Engine) finishTx(tx *bbolt.Tx) error {
	err := guard(e.path, func() error { return e.write(tx) })
	if errors.Is(err, kv.ErrDamaged) {
		_ = guard(e.path, tx.Rollback)
		e.getStuck(err)
	}
	return err
}

func (e *Engine) getStuck(err error) {
	err = fmt.Errorf("no update until the store is opened again: %w", err)
	e.stuck.Store(&err)
}

// settle finds out what became of the commit id that failed with cause, and makes the answer
// durable. Measured on bbolt v1.5.0: an I/O error in the sync of the data pages leaves the commit
// absent, one in the sync of the meta page leaves it present although Commit failed.
func (e *Engine) settle(id int, cause error) error {
	landed, err := e.shows(id)
	if err == nil && !landed && errors.Is(cause, kv.ErrFull) {
		return fmt.Errorf("commit: %w", cause) // refused before the meta page: nothing to settle
	}
	if err == nil {
		err = e.fence()
	}
	switch {
	case err != nil:
		e.doubt = true
		return fmt.Errorf("commit: %w, and updates wait until the disk works again: %w", kv.ErrUnknownOutcome, cause)
	case landed:
		e.commits.Add(1)
		return nil
	}
	return fmt.Errorf("commit: %w", cause)
}

// shows reports whether the file's newest state contains commit id.
func (e *Engine) shows(id int) (bool, error) {
	tx, err := e.begin(true)
	if err != nil {
		return false, err
	}
	next := tx.ID()
	return next > id, guard(e.path, tx.Rollback)
}

// fence makes the state that the file shows durable by an empty commit: it syncs whatever a killed
// predecessor left, then writes the other meta page with the same content. It overwrites no page of
// either state, so a failure leaves both intact. Linux forgets a page whose sync failed, a second
// sync alone would lie (https://lwn.net/Articles/752063/).
func (e *Engine) fence() error {
	tx, err := e.begin(true)
	if err != nil {
		return err
	}
	return e.classify(e.finishTx(tx))
}

// settled is asked before each group: nothing may build on a state that the disk may not have.
func (e *Engine) settled() error {
	if !e.doubt {
		return nil
	}
	if err := e.fence(); err != nil {
		return fmt.Errorf("update refused, an earlier commit is not settled: %w", err)
	}
	e.doubt = false
	return nil
}
