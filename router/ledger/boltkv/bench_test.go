package boltkv

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/millrace/millrace/router/ledger/kv"
)

// pages writes b.N pages of n keys; key fills in the next one.
func pages(b *testing.B, n, size int, key func(i uint64, into []byte)) {
	e := openBox(b, Options{})
	k, v := make([]byte, 16), make([]byte, size)
	var i uint64
	for b.Loop() {
		err := e.Update(context.Background(), func(tx kv.Tx) error {
			for range n {
				i++
				key(i, k)
				if err := tx.Put(box, k, v); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatalf("update: got %v, want nil", err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "puts/s")
	b.ReportMetric(float64(e.used()-e.Stats().FreeBytes)/float64(i), "B/key")
}

func ascending(i uint64, k []byte) { binary.BigEndian.PutUint64(k, i) }

func scattered(i uint64, k []byte) { // the same keys in every run
	r := rand.New(rand.NewPCG(i, 1))
	binary.BigEndian.PutUint64(k, r.Uint64())
	binary.BigEndian.PutUint64(k[8:], i)
}

func BenchmarkOnePut(b *testing.B)                { pages(b, 1, 400, scattered) }
func BenchmarkHundredAscendingOf60(b *testing.B)  { pages(b, 100, 60, ascending) }
func BenchmarkHundredScatteredOf400(b *testing.B) { pages(b, 100, 400, scattered) }

func BenchmarkSixteenWritersOfHundred(b *testing.B) {
	e := openBox(b, Options{})
	v := make([]byte, 400)
	var i atomic.Uint64
	b.SetParallelism(8) // times two cores
	b.RunParallel(func(pb *testing.PB) {
		k := make([]byte, 16)
		for pb.Next() {
			err := e.Update(context.Background(), func(tx kv.Tx) error {
				for range 100 {
					scattered(i.Add(1), k)
					if err := tx.Put(box, k, v); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Errorf("update: got %v, want nil", err)
			}
		}
	})
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "puts/s")
	b.ReportMetric(float64(e.Stats().Updates)/float64(e.Stats().Commits), "updates/commit")
}

// used is the room of all pages, without what bbolt reserves behind them.
func (e *Engine) used() (n int64) {
	_ = e.open.Load().db.View(func(tx *bbolt.Tx) error { n = tx.Size(); return nil })
	return n
}
