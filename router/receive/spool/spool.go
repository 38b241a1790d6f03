package spool

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
	"github.com/millrace/millrace/router/ledger/kv"
	"github.com/millrace/millrace/router/receive/relay"
)

// ErrFull says that as much waits for the hub as may. Nothing of the call was stored.
var ErrFull = errors.New("the spool is full")

// mostRoom bounds the memory that is kept between two Puts.
const mostRoom = 1 << 20

const (
	bDeliveries kv.Bucket = "deliveries" // position → row
	bKept       kv.Bucket = "kept"       // what → bytes
)

// The rows of bKept.
const (
	keptID   = "id"   // what the spool is called, whenever it is opened
	keptTold = "told" // what the hub said last
)

// Spool is an open spool. It is safe for concurrent use.
type Spool struct {
	engine *boltkv.Engine
	most   int64
	id     string
	name   string
	wake   chan struct{} // something was put

	putting sync.Mutex // held for a whole Put
	room    []byte     // for the rows of a Put

	mu     sync.Mutex
	next   uint64
	bytes  int64 // of rows, also of those that may not be there because the outcome of a commit is unknown
	count  int64
	shrunk time.Time
}

// Open opens or creates the spool in a file. Rows beyond so many bytes are refused.
//
// The numbers that the hub knows deliveries by are given under a name that is new whenever a spool is opened: a file that
// was restored from a backup, or made anew, never gives a number twice.
func Open(path string, most int64) (*Spool, error) {
	engine, err := boltkv.Open(path, boltkv.Options{Buckets: []kv.Bucket{bDeliveries, bKept}})
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	s := &Spool{engine: engine, most: most, name: newName(), wake: make(chan struct{}, 1), next: 1}
	err = engine.Update(context.Background(), func(tx kv.Tx) error {
		if s.id = string(tx.Get(bKept, []byte(keptID))); s.id != "" {
			return nil
		}
		s.id = newName()
		return tx.Put(bKept, []byte(keptID), []byte(s.id))
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open spool: %w", err), engine.Close())
	}
	err = engine.View(context.Background(), func(r kv.Reader) error {
		for key, value := range r.Scan(bDeliveries, nil, nil) {
			s.next = binary.BigEndian.Uint64(key) + 1
			s.bytes, s.count = s.bytes+int64(len(value)), s.count+1
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open spool: %w", err), engine.Close())
	}
	return s, nil
}

func newName() string {
	name := make([]byte, 15)
	_, _ = rand.Read(name) // never fails since Go 1.24
	return base32.StdEncoding.EncodeToString(name)
}

// Name returns the name under which deliveries are numbered, new whenever a spool is opened.
func (s *Spool) Name() string { return s.name }

// ID returns what the file is called whenever it is opened, for people.
func (s *Spool) ID() string { return s.id }

// Close closes the file.
func (s *Spool) Close() error { return s.engine.Close() }

// row is a delivery as it lies in the file, with the spool that numbered it.
type row struct {
	spool string
	ledger.Arrival
}

func (r row) append(b []byte) []byte {
	b = append(append(b, byte(len(r.spool))), r.spool...)
	return ledger.AppendArrival(b, r.Arrival)
}

// timeOfBefore is the length of the time, in milliseconds, that rows of before have in front of a JSON object. It begins with a
// zero byte, as no arrival does. What such a spool holds is forwarded after an upgrade like everything else.
const timeOfBefore = 8

func decodeRow(b []byte) (row, error) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return row{}, fmt.Errorf("read spool: a row is cut off: %w", kv.ErrDamaged)
	}
	n := 1 + int(b[0])
	arrival := b[n:]
	if len(arrival) > timeOfBefore && arrival[0] == 0 {
		arrival = arrival[timeOfBefore:]
	}
	a, err := ledger.ReadArrival(arrival)
	if err != nil {
		return row{}, fmt.Errorf("read spool: %w: %w", kv.ErrDamaged, err)
	}
	return row{string(b[1:n]), a}, nil
}

func position(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// Put implements receive.Store: all of the list is durable when it returns nil.
//
// Commits are made in the order of the numbers, one at a time. Were a later number visible first, the hub would be told of it,
// and take the earlier ones for something that it has.
func (s *Spool) Put(ctx context.Context, list []ledger.Arrival) error {
	s.putting.Lock()
	defer s.putting.Unlock()
	first := s.reserve(len(list))
	rows, size := s.encode(list)
	if !s.fits(size) {
		return ErrFull
	}
	err := s.engine.Update(ctx, func(tx kv.Tx) error {
		for i, r := range rows {
			if err := tx.Put(bDeliveries, position(first+uint64(i)), r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, kv.ErrUnknownOutcome) {
		return fmt.Errorf("store deliveries: %w", err)
	}
	s.add(int64(len(rows)), size)
	if err != nil {
		return fmt.Errorf("store deliveries: %w", err)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// encode returns the rows of a list, and how many bytes they have. They lie in room that the next call uses again: the engine
// copies what is put.
func (s *Spool) encode(list []ledger.Arrival) (rows [][]byte, size int64) {
	b := s.room[:0]
	rows = make([][]byte, len(list))
	for i, a := range list {
		at := len(b)
		b = row{s.name, a}.append(b)
		rows[i] = b[at:]
	}
	if cap(b) <= mostRoom {
		s.room = b
	}
	return rows, int64(len(b))
}

// reserve takes numbers. They are not given again when they could not be stored: the outcome of a commit may be unknown, and
// the hub may have been told of them.
func (s *Spool) reserve(n int) (first uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first = s.next
	s.next += uint64(n)
	return first
}

func (s *Spool) fits(size int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes+size <= s.most
}

func (s *Spool) add(count, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count, s.bytes = s.count+count, s.bytes+size
}

// Batch is what is forwarded together: deliveries that one spool numbered.
type Batch struct {
	Spool string
	List  []relay.Numbered
	keys  [][]byte
	size  int64
}

const (
	// batchCount and batchBytes bound a batch; a single delivery may be larger.
	batchCount = 500
	batchBytes = 1 << 20
)

// Take returns the oldest deliveries, none when nothing waits. They stay until Forget.
func (s *Spool) Take(ctx context.Context) (b Batch, err error) {
	err = s.engine.View(ctx, func(r kv.Reader) error {
		b = Batch{}
		for key, value := range r.Scan(bDeliveries, nil, nil) {
			one, err := decodeRow(value)
			if err != nil {
				return err
			}
			if n := len(b.List); n > 0 && (one.spool != b.Spool || n == batchCount || b.size+int64(len(value)) > batchBytes) {
				return nil
			}
			b.Spool = one.spool
			b.List = append(b.List, relay.Numbered{Number: binary.BigEndian.Uint64(key), Connection: one.Connection, Request: one.Request})
			b.keys, b.size = append(b.keys, slices.Clone(key)), b.size+int64(len(value))
		}
		return nil
	})
	if err != nil {
		return Batch{}, fmt.Errorf("read spool: %w", err)
	}
	return b, nil
}

// Forget removes a batch that the hub has.
func (s *Spool) Forget(ctx context.Context, b Batch) error {
	err := s.engine.Update(ctx, func(tx kv.Tx) error {
		for _, key := range b.keys {
			if err := tx.Delete(bDeliveries, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget forwarded deliveries: %w", err)
	}
	s.add(-int64(len(b.keys)), -b.size)
	return nil
}

const (
	// shrinkFrom is the size of the file from which free room in it is given back, and shrinkEvery how often: bbolt keeps what
	// was once used, and rewriting costs what is still there.
	shrinkFrom  = 32 << 20
	shrinkEvery = time.Minute
)

// Shrink gives free room back to the disk when it is three quarters of the file.
func (s *Spool) Shrink(ctx context.Context) error {
	stats := s.engine.Stats()
	s.mu.Lock()
	due := stats.SizeBytes >= shrinkFrom && s.bytes < stats.SizeBytes/4 && time.Since(s.shrunk) >= shrinkEvery
	if due {
		s.shrunk = time.Now()
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	if err := s.engine.Compact(ctx); err != nil {
		return fmt.Errorf("give the spool's room back: %w", err)
	}
	return nil
}

// Waiting is what the hub does not have yet.
type Waiting struct {
	Count  int64     `json:"count"`
	Bytes  int64     `json:"bytes"`
	Oldest time.Time `json:"oldest,omitzero"` // when the one that waits longest was received
	Disk   int64     `json:"disk"`            // size of the file
	Full   bool      `json:"full,omitempty"`  // nearly nothing more is taken
}

// Waiting returns what waits.
func (s *Spool) Waiting(ctx context.Context) (w Waiting, err error) {
	err = s.engine.View(ctx, func(r kv.Reader) error {
		for _, value := range r.Scan(bDeliveries, nil, nil) {
			one, err := decodeRow(value)
			w.Oldest = one.Request.Received
			return err
		}
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Count, w.Bytes, w.Disk = s.count, s.bytes, s.engine.Stats().SizeBytes
	w.Full = s.bytes > s.most-s.most/50
	return w, err
}
