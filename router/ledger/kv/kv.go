package kv

import (
	"context"
	"io"
	"iter"
)

// Limits that every engine enforces, so that what one engine stores the other can store too.
const (
	// MaxKeyBytes is the longest key. PostgreSQL refuses index rows over about 2,700 bytes
	// (https://www.postgresql.org/docs/current/btree.html, "Implementation"), so no engine
	// accepts more than is safe there.
	MaxKeyBytes = 2048
	// MaxValueBytes is the largest value: far over any page a vendor sends, far under the 1 GB
	// at which PostgreSQL ends a field and the 2 GB at which bbolt does.
	MaxValueBytes = 256 << 20
)

// Bucket names one ordered set of keys. The ledger declares a fixed list when it opens the engine;
// any other name is answered with ErrBucket.
type Bucket string

// Engine is a transactional, ordered, durable key-value store. It is safe for concurrent use.
type Engine interface {
	// View runs fn once on a consistent snapshot that no later Update changes. It returns fn's
	// error, or the Reader's Err when fn returned nil. A snapshot held open keeps old data alive:
	// never hold one across a request to a vendor.
	View(ctx context.Context, fn func(Reader) error) error

	// Update runs fn and makes everything it wrote visible and durable at once, or nothing of it.
	// It returns nil only after the data is on stable storage.
	//
	// fn may run more than once: alone after another function's failure in a shared commit, or on
	// a serialization conflict. It must be a pure function of its Tx and reset captured results at
	// its start. It must not call Update, Backup or Close of the same engine: they would wait for
	// each other. When fn returns an error or panics, nothing of it is applied and the others of
	// the same commit are not disturbed.
	//
	// ctx ends the wait for a turn: Update then returns ctx's error and fn has had no effect.
	// Once the commit is under way Update waits for its outcome whatever ctx says, because a
	// caller must know it. An error that wraps ErrUnknownOutcome is the only one after which the
	// writes may be there.
	Update(ctx context.Context, fn func(Tx) error) error

	// Backup writes a consistent copy of everything that was durable when it began, in the
	// engine's own format, without stopping readers or writers.
	Backup(ctx context.Context, w io.Writer) error

	// Stats returns figures for status pages and metrics; it never blocks on a transaction.
	Stats() Stats

	// Close refuses new work with ErrClosed, lets running transactions end and releases the
	// store. Calling it again does nothing and returns nil.
	Close() error
}

// Compactor is an Engine that can rewrite itself so that no byte of what was deleted or replaced is
// left in its files.
type Compactor interface {
	// Compact returns nil when the old bytes are gone. Updates may wait meanwhile, Views do not. After
	// an error the store is as it was and goes on to work; it may be tried again.
	Compact(ctx context.Context) error
}

// Reader reads one snapshot. It is valid only until the function it was given to returns, and only
// on the goroutine of that function.
type Reader interface {
	// Get returns the value of key, nil when it is absent, and a non-nil empty slice when the
	// value is empty. The slice is read-only (writing to it may crash the process: it can be a
	// page of the mapped file) and valid only until the function returns.
	Get(bucket Bucket, key []byte) []byte

	// Scan yields the keys that begin with prefix in ascending byte order, starting at the first
	// one that is not before from; a nil from means the start of the prefix. from is a whole key,
	// not a suffix of prefix. Key and value are read-only and valid only during the step. Breaking
	// off early is allowed and scans may be nested.
	//
	// Inside an Update the scan yields what was there when it began: writes made in the loop, also
	// to the scanned bucket, change neither its keys nor its values. Deleting or rewriting the key
	// of the current step, or earlier ones, costs nothing extra; writing to keys that are still to
	// come makes the engine remember the rest of the range, so keep such scans short.
	Scan(bucket Bucket, prefix, from []byte) iter.Seq2[[]byte, []byte]

	// Err returns the first failure that Get or Scan met and could not return: an unknown bucket,
	// a damaged page, a lost database connection, the end of ctx during a Scan. View and Update
	// return it when fn returns nil, and Update then applies nothing; fn needs it only before
	// effects outside the transaction.
	Err() error
}

// Tx is a Reader that also writes. It reads its own writes.
type Tx interface {
	Reader

	// Put sets key to value, replacing what was there. Both are copied: the caller may reuse them
	// at once. A nil value is stored as an empty one. It returns ErrBucket, ErrKey or
	// ErrValueTooLarge for what no engine accepts; an error of Put makes the Update fail even when
	// fn swallows it.
	Put(bucket Bucket, key, value []byte) error

	// Delete removes key; deleting what is absent is no error. The caller may reuse key at once.
	Delete(bucket Bucket, key []byte) error
}

// Stats are figures since Open, except where they say otherwise.
type Stats struct {
	SizeBytes int64 // size of the store now, as the operating system or the database reports it
	FreeBytes int64 // part of SizeBytes that later writes reuse without growing the store
	Commits   int64 // commits that reached stable storage
	Updates   int64 // Updates that were applied by those commits
	Grouped   int64 // Updates among them that shared their commit with another
	Reruns    int64 // functions run again because another one of their group failed, or on a conflict
	Failures  int64 // commits that the disk or the database refused
}
