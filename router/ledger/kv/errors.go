package kv

import "errors"

// Errors that callers test with errors.Is. Engines wrap them with the place and what to do.
var (
	// ErrClosed says that the engine was closed before or while the call waited for its turn;
	// nothing of the call was applied.
	ErrClosed = errors.New("ledger store is closed")

	// ErrLocked says that another process owns the store. The error around it names the file and,
	// when it is known, the process.
	ErrLocked = errors.New("ledger store is in use by another process")

	// ErrDamaged says that the store's content contradicts itself. The error around it names the
	// file and the ways back; nothing is repaired silently.
	ErrDamaged = errors.New("ledger store is damaged")

	// ErrFull says that there is no room for the write: disk full, quota or file size limit.
	// Nothing of the call was applied; it may succeed after room was made.
	ErrFull = errors.New("no room left for the ledger store")

	// ErrUnavailable says that the disk or the database refused a read or a commit for a reason
	// other than room. Nothing of the call was applied unless ErrUnknownOutcome is wrapped too.
	ErrUnavailable = errors.New("ledger store does not work")

	// ErrUnknownOutcome says that a commit failed at its last step: its writes may or may not be
	// there after a restart. Calling again must be harmless.
	ErrUnknownOutcome = errors.New("outcome of the commit is unknown")

	// ErrBucket says that a bucket was not declared when the engine was opened.
	ErrBucket = errors.New("bucket was not declared")

	// ErrKey says that a key is empty or longer than MaxKeyBytes.
	ErrKey = errors.New("key is empty or too long")

	// ErrValueTooLarge says that a value is larger than MaxValueBytes.
	ErrValueTooLarge = errors.New("value is too large")
)
