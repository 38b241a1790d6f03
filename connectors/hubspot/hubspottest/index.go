package hubspottest

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// indexing is a change that search does not know yet.
type indexing struct {
	due int64
	t   *table
	o   *object
	v   *version
}

// indexQueue is a heap by due time.
type indexQueue []indexing

func (q indexQueue) Len() int           { return len(q) }
func (q indexQueue) Less(i, j int) bool { return q[i].due < q[j].due }
func (q indexQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push is heap.Interface's.
func (q *indexQueue) Push(x any) { *q = append(*q, x.(indexing)) }

// Pop is heap.Interface's.
func (q *indexQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

// reindex makes search learn of v, now or after the lag; the caller holds mu.
func (s *Server) reindex(t *table, o *object, v *version, now int64) {
	lag := s.opt.IndexLag
	if s.opt.IndexJitter > 0 {
		lag += time.Duration(rand.New(rand.NewPCG(v.seq, o.id)).Int64N(int64(s.opt.IndexJitter)))
	}
	if lag <= 0 {
		t.setIndexed(o, v)
		return
	}
	heap.Push(&s.pending, indexing{due: now + lag.Milliseconds(), t: t, o: o, v: v})
}

// settle applies what search must know by now; the caller holds mu.
func (s *Server) settle(now int64) {
	for len(s.pending) > 0 && s.pending[0].due <= now {
		x := heap.Pop(&s.pending).(indexing)
		x.t.setIndexed(x.o, x.v)
	}
}

// Reindex makes search know every change at once, whatever the lag.
func (s *Server) Reindex() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(1<<63 - 1)
}

// setIndexed puts v into the search index unless the object is gone or search knows a newer version.
func (t *table) setIndexed(o *object, v *version) {
	if t.objects[o.id] != o || o.cur.archived != 0 || (o.indexed != nil && o.indexed.seq > v.seq) {
		return
	}
	t.unindex(o)
	t.index.Insert(ordered.Key{At: v.modified, ID: o.id})
	o.indexed = v
}

// unindex takes the object out of search.
func (t *table) unindex(o *object) {
	if o.indexed != nil {
		t.index.Remove(ordered.Key{At: o.indexed.modified, ID: o.id})
		o.indexed = nil
	}
}
