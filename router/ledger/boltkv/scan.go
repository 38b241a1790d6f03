package boltkv

import (
	"bytes"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/millrace/millrace/router/ledger/kv"
)

// ctxEvery is after how many steps a scan looks whether its context has ended.
const ctxEvery = 256

// scan is one open iteration. bbolt's cursors become invalid by any write to their bucket, so a
// write first tells the open scans of its bucket: one whose remaining range holds the key takes the
// rest of its range into memory (slices of the old pages, not copies); any other seeks its place
// again at its next step.
type scan struct {
	bucket  kv.Bucket
	cursor  *bbolt.Cursor
	prefix  []byte
	last    []byte // key of the current step
	moved   bool   // the cursor is invalid
	drained bool   // rest holds what is left
	rest    []pair
}

type pair struct{ key, value []byte }

// Scan implements kv.Reader.
func (r *reader) Scan(bucket kv.Bucket, prefix, from []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		s := &scan{bucket: bucket, prefix: prefix}
		var key, value []byte
		step := func(b *bbolt.Bucket) error {
			key, value = s.next()
			return nil
		}
		err := r.in(bucket, func(b *bbolt.Bucket) error {
			s.cursor = b.Cursor()
			key, value = s.first(from)
			return nil
		})
		if err != nil {
			return
		}
		r.scans = append(r.scans, s)
		defer r.forget(s)
		for n := 1; key != nil && r.err == nil; n++ {
			if n%ctxEvery == 0 && r.ctx.Err() != nil {
				_ = r.fail(r.ctx.Err())
				return
			}
			if !yield(key, value) || r.in(bucket, step) != nil {
				return
			}
		}
	}
}

func (r *reader) forget(s *scan) {
	if i := slices.Index(r.scans, s); i >= 0 {
		r.scans = slices.Delete(r.scans, i, i+1)
	}
}

// beforeWrite keeps the promise that a scan yields what was there when it began.
func (r *reader) beforeWrite(bucket kv.Bucket, key []byte) {
	for _, s := range r.scans {
		if s.bucket != bucket || s.drained {
			continue
		}
		if bytes.HasPrefix(key, s.prefix) && bytes.Compare(key, s.last) > 0 {
			s.drain()
		} else {
			s.moved = true
		}
	}
}

func (s *scan) first(from []byte) (key, value []byte) {
	if bytes.Compare(from, s.prefix) < 0 {
		from = s.prefix
	}
	if len(from) == 0 {
		return s.keep(s.cursor.First())
	}
	return s.keep(s.cursor.Seek(from))
}

func (s *scan) next() (key, value []byte) {
	if s.drained {
		if len(s.rest) == 0 {
			return nil, nil
		}
		p := s.rest[0]
		s.rest = s.rest[1:]
		s.last = p.key
		return p.key, p.value
	}
	if !s.moved {
		return s.keep(s.cursor.Next())
	}
	s.moved = false
	key, value = s.cursor.Seek(s.last)
	if key != nil && bytes.Equal(key, s.last) {
		key, value = s.cursor.Next()
	}
	return s.keep(key, value)
}

// keep remembers the place, and ends the scan where the prefix ends.
func (s *scan) keep(key, value []byte) ([]byte, []byte) {
	if key == nil || !bytes.HasPrefix(key, s.prefix) {
		return nil, nil
	}
	s.last = key
	return key, value
}

func (s *scan) drain() {
	at := s.last
	for key, value := s.next(); key != nil; key, value = s.next() {
		s.rest = append(s.rest, pair{key, value})
	}
	s.last, s.drained = at, true
}
