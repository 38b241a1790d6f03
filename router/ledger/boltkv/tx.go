package boltkv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/millrace/millrace/router/ledger/kv"
)

var errOver = errors.New("transaction is used after its function returned")

// fill is how full bbolt leaves the pages it splits. Measured with 200,000 keys: at 0.7 a commit costs
// what it costs at bbolt's 0.5 and scattered keys take the same room, ascending ones a quarter less; at
// 0.8 and more scattered keys take more room and time, because full pages split again at once.
const fill = 0.7

// session is a transaction of bbolt with its buckets opened; the members of a group share one.
type session struct {
	path     string
	tx       *bbolt.Tx
	declared []kv.Bucket
	opened   []*bbolt.Bucket // by index in declared, nil until used
	cursors  []*bbolt.Cursor // of get, likewise
}

func newSession(path string, declared []kv.Bucket, tx *bbolt.Tx) *session {
	return &session{path: path, tx: tx, declared: declared, opened: make([]*bbolt.Bucket, len(declared)),
		cursors: make([]*bbolt.Cursor, len(declared))}
}

func (s *session) bucket(name kv.Bucket) (*bbolt.Bucket, error) {
	i := slices.Index(s.declared, name)
	if i < 0 {
		return nil, fmt.Errorf("bucket %q: %w", name, kv.ErrBucket)
	}
	if b := s.opened[i]; b != nil {
		return b, nil
	}
	b := s.tx.Bucket([]byte(name))
	if b == nil {
		return nil, damaged(s.path, fmt.Sprintf("bucket %q is gone", name))
	}
	b.FillPercent = fill
	s.opened[i] = b
	return b, nil
}

// get is b.Get with one cursor for all look-ups of a transaction, where bbolt makes a new one each time: a seek begins
// at the root, so that what was written meanwhile does not matter.
func (s *session) get(name kv.Bucket, b *bbolt.Bucket, key []byte) []byte {
	i := slices.Index(s.declared, name)
	if s.cursors[i] == nil {
		s.cursors[i] = b.Cursor()
	}
	found, value := s.cursors[i].Seek(key)
	if !bytes.Equal(found, key) {
		return nil
	}
	return value
}

// reader implements kv.Reader on a session.
type reader struct {
	ctx   context.Context
	s     *session
	err   error
	over  bool
	scans []*scan // open ones, innermost last
}

func newReader(ctx context.Context, s *session) *reader { return &reader{ctx: ctx, s: s} }

// run calls fn, which runs the caller's code on this reader, and returns its error or the reader's.
// A panic of the caller's code passes through; one that comes from reading a page that is no longer
// there becomes an error.
func (r *reader) run(fn func() error) (err error) {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r.over = true
		if p := recover(); p != nil {
			if !isFault(p) {
				panic(p)
			}
			err = damaged(r.s.path, describe(p))
		}
	}()
	if err := fn(); err != nil {
		return err
	}
	return r.err
}

// fail keeps the first failure.
func (r *reader) fail(err error) error {
	if r.err == nil {
		r.err = err
	}
	return err
}

// in calls fn with the bucket, guarded against damage.
func (r *reader) in(name kv.Bucket, fn func(b *bbolt.Bucket) error) error {
	if r.over {
		return r.fail(errOver)
	}
	err := guard(r.s.path, func() error {
		b, err := r.s.bucket(name)
		if err != nil {
			return err
		}
		return fn(b)
	})
	if err != nil {
		return r.fail(err)
	}
	return nil
}

// Get implements kv.Reader.
func (r *reader) Get(bucket kv.Bucket, key []byte) (value []byte) {
	_ = r.in(bucket, func(b *bbolt.Bucket) error {
		value = r.s.get(bucket, b, key)
		return nil
	})
	return value
}

// Err implements kv.Reader.
func (r *reader) Err() error { return r.err }

// tx implements kv.Tx for one member of a group.
type tx struct {
	*reader
	wrote bool
	bytes int
}

func newTx(ctx context.Context, s *session) *tx { return &tx{reader: newReader(ctx, s)} }

// Put implements kv.Tx. bbolt copies the key but keeps the value until the commit, so it is copied
// here: encoders reuse their buffers.
func (t *tx) Put(bucket kv.Bucket, key, value []byte) error {
	if len(key) == 0 || len(key) > kv.MaxKeyBytes {
		return t.fail(fmt.Errorf("put into %s: key of %d bytes: %w", bucket, len(key), kv.ErrKey))
	}
	if len(value) > kv.MaxValueBytes {
		return t.fail(fmt.Errorf("put into %s: value of %d bytes: %w", bucket, len(value), kv.ErrValueTooLarge))
	}
	kept := bytes.Clone(value)
	if kept == nil {
		kept = []byte{}
	}
	return t.write(bucket, key, len(key)+len(kept), func(b *bbolt.Bucket) error { return b.Put(key, kept) })
}

// Delete implements kv.Tx.
func (t *tx) Delete(bucket kv.Bucket, key []byte) error {
	if len(key) == 0 || len(key) > kv.MaxKeyBytes {
		return t.fail(fmt.Errorf("delete from %s: key of %d bytes: %w", bucket, len(key), kv.ErrKey))
	}
	return t.write(bucket, key, len(key), func(b *bbolt.Bucket) error { return b.Delete(key) })
}

func (t *tx) write(bucket kv.Bucket, key []byte, size int, fn func(b *bbolt.Bucket) error) error {
	return t.in(bucket, func(b *bbolt.Bucket) error {
		t.beforeWrite(bucket, key)
		t.wrote = true
		t.bytes += size
		if err := fn(b); err != nil {
			return fmt.Errorf("write to %s: %w", bucket, err)
		}
		return nil
	})
}
