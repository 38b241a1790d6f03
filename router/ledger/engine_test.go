package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/millrace/millrace/router/ledger/kv"
)

// memory is a kv.Engine in memory for tests of the ledger's meaning. It can fail at the n-th write of a transaction,
// or after the commit, which is what a crash between commit and answer looks like.
type memory struct {
	mu      sync.Mutex
	rows    map[string]string // bucket, zero, key → value
	failPut int               // fail at this Put or Delete from now on; 0 = never
	lose    bool              // commit the next Update and say that the outcome is unknown
	twice   bool              // run every function twice, as engines may
}

var (
	errCrash           = errors.New("crash for the test")
	_        kv.Engine = (*memory)(nil)
)

func newMemory() *memory { return &memory{rows: map[string]string{}} }

func (m *memory) View(ctx context.Context, fn func(kv.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	rows := m.rows // replaced as a whole by Update, never changed
	m.mu.Unlock()
	return fn(&memTx{rows: rows})
}

func (m *memory) Update(ctx context.Context, fn func(kv.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.twice {
		if err := fn(&memTx{m: m, rows: maps.Clone(m.rows)}); err != nil {
			return err
		}
	}
	tx := &memTx{m: m, rows: maps.Clone(m.rows)}
	if err := fn(tx); err != nil {
		return err
	}
	m.rows = tx.rows
	if m.lose {
		m.lose = false
		return kv.ErrUnknownOutcome
	}
	return nil
}

func (m *memory) Backup(context.Context, io.Writer) error { return errors.ErrUnsupported }
func (m *memory) Stats() kv.Stats                         { return kv.Stats{} }
func (m *memory) Close() error                            { return nil }

// put writes a row behind the ledger's back.
func (m *memory) put(key, value string) {
	m.rows = maps.Clone(m.rows)
	m.rows[key] = value
}

// dump returns the rows of some buckets, sorted.
func (m *memory) dump(buckets ...string) []string {
	var list []string
	for k, v := range m.rows {
		if bucket, _, _ := strings.Cut(k, "\x00"); slices.Contains(buckets, bucket) {
			list = append(list, k+"="+v)
		}
	}
	slices.Sort(list)
	return list
}

type memTx struct {
	m    *memory
	rows map[string]string
}

func (t *memTx) Err() error { return nil }

func (t *memTx) Get(b kv.Bucket, key []byte) []byte {
	v, ok := t.rows[string(b)+"\x00"+string(key)]
	if !ok {
		return nil
	}
	return append([]byte{}, v...)
}

func (t *memTx) Scan(b kv.Bucket, prefix, from []byte) iter.Seq2[[]byte, []byte] {
	type row struct{ k, v string }
	var list []row
	under := string(b) + "\x00" + string(prefix)
	for k, v := range t.rows {
		if strings.HasPrefix(k, under) && bytes.Compare([]byte(k[len(b)+1:]), from) >= 0 {
			list = append(list, row{k[len(b)+1:], v})
		}
	}
	slices.SortFunc(list, func(x, y row) int { return strings.Compare(x.k, y.k) })
	return func(yield func([]byte, []byte) bool) {
		for _, r := range list {
			if !yield([]byte(r.k), []byte(r.v)) {
				return
			}
		}
	}
}

func (t *memTx) step() error {
	if t.m.failPut == 0 {
		return nil
	}
	t.m.failPut--
	if t.m.failPut == 0 {
		return errCrash
	}
	return nil
}

func (t *memTx) Put(b kv.Bucket, key, value []byte) error {
	if len(key) == 0 || len(key) > kv.MaxKeyBytes {
		return kv.ErrKey
	}
	t.rows[string(b)+"\x00"+string(key)] = string(value)
	return t.step()
}

func (t *memTx) Delete(b kv.Bucket, key []byte) error {
	delete(t.rows, string(b)+"\x00"+string(key))
	return t.step()
}
