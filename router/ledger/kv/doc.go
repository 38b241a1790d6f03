// Package kv is the small transactional key-value interface on which the whole ledger stands.
//
// Its duty is the contract between the ledger and an engine: what a transaction promises, what a
// returned error means, and which slices live how long. It holds no engine, no encoding and no
// knowledge of records; router/ledger/boltkv is the engine of one machine, and the suite that every
// engine passes is router/ledger/kv/kvtest.
//
// # Transactions
//
// View gives a consistent snapshot. Update is serializable: its effect is as if all Updates ran one
// after the other, and it is durable when nil is returned. An engine may run many Updates in one
// commit, so the function of an Update may run more than once (at most once with effect): it must be
// a function of its Tx alone, and must reset what it captures at its start:
//
//	var seen []string
//	err := e.Update(ctx, func(tx kv.Tx) error {
//		seen = seen[:0] // an earlier run may have filled it
//		…
//	})
//
// # What an error of Update means
//
// Nothing of the call was applied, with one exception: an error that wraps ErrUnknownOutcome says
// that the commit may or may not be there after a restart. Whoever calls Update again must therefore
// write the same thing twice without harm; every cursor of the ledger moves by compare-and-set, so
// the second attempt sees that the first one landed.
package kv
