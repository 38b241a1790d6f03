package salesforcetest

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// tx is one transaction: its changes are made together, seen together and carry one time. The server's mu is held from
// begin to commit or rollback.
type tx struct {
	s      *Server
	now    time.Time
	sec    int64
	seq    uint64
	user   string
	late   bool // the changes are seen after the commit lag
	writes []pending
	notify []Change
}

// pending is a row's move to a version.
type pending struct {
	t        *table
	o        *row
	from, to *version
}

// begin opens a transaction of a user. Late ones are committed after the lag, as those of people and triggers are; the
// API answers only after its own commit.
func (s *Server) begin(user string, late bool) *tx {
	s.settle()
	s.seq++
	now := s.now()
	return &tx{s: s, now: now, sec: now.Unix(), seq: s.seq, user: user, late: late}
}

// write runs f in a transaction that is rolled back when f fails, and tells the hooks.
func (s *Server) write(user string, late bool, f func(*tx) error) error {
	s.mu.Lock()
	x := s.begin(user, late)
	err := f(x)
	if err != nil {
		x.rollback()
	} else {
		x.commit()
	}
	s.mu.Unlock()
	s.flush()
	return err
}

// move makes v the row's present state; queries see it at the commit.
func (x *tx) move(t *table, o *row, v *version) {
	x.s.seq++
	v.seq = x.s.seq
	t.claim(o, v)
	x.writes = append(x.writes, pending{t, o, o.cur, v})
	o.cur = v
}

// rollback undoes everything that was moved.
func (x *tx) rollback() {
	for i := len(x.writes) - 1; i >= 0; i-- {
		w := x.writes[i]
		w.t.claim(w.o, w.from)
		w.o.cur = w.from
		if w.from == nil {
			delete(w.t.rows, w.o.serial)
		}
	}
	x.writes, x.notify = nil, nil
}

// commit makes the changes seen, now or after the lag. As a transaction holds its rows' locks until it is committed, none
// that touches the same row overtakes it: a late one comes after it, one of the API waits until it is committed.
func (x *tx) commit() {
	opt := x.s.opt
	lag := opt.CommitLag
	if opt.CommitJitter > 0 {
		lag += time.Duration(rand.New(rand.NewPCG(x.seq, 0x5f)).Int64N(int64(opt.CommitJitter)))
	}
	due := x.now
	if x.late {
		due = due.Add(lag)
	}
	for _, w := range x.writes {
		if w.o.due.After(due) {
			due = w.o.due
		}
	}
	if !x.late {
		x.s.applyUntil(due)
	}
	if !x.late || !due.After(x.now) || len(x.writes) == 0 {
		x.apply()
		return
	}
	for _, w := range x.writes {
		w.o.due = due
	}
	heap.Push(&x.s.late, lateTx{due: due, tx: x})
}

// applyUntil commits what is due at a time; the caller holds mu.
func (s *Server) applyUntil(at time.Time) {
	for len(s.late) > 0 && !s.late[0].due.After(at) {
		heap.Pop(&s.late).(lateTx).tx.apply()
	}
}

func (x *tx) apply() {
	for _, w := range x.writes {
		if w.t.rows[w.o.serial] != w.o {
			continue // purged meanwhile
		}
		w.t.show(w.o, w.to)
		if w.to.deleted && (w.from == nil || !w.from.deleted) {
			x.s.bin = append(x.s.bin, binned{x.now, w.t, w.o, w.to.gone})
		}
	}
	x.s.changes = append(x.s.changes, x.notify...)
}

// lateTx is a transaction that is not committed yet.
type lateTx struct {
	due time.Time
	tx  *tx
}

// lateQueue is a heap by due time.
type lateQueue []lateTx

func (q lateQueue) Len() int      { return len(q) }
func (q lateQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q lateQueue) Less(i, j int) bool {
	return q[i].due.Before(q[j].due) || (q[i].due.Equal(q[j].due) && q[i].tx.seq < q[j].tx.seq)
}

// Push is heap.Interface's.
func (q *lateQueue) Push(x any) { *q = append(*q, x.(lateTx)) }

// Pop is heap.Interface's.
func (q *lateQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = lateTx{}
	*q = (*q)[:last]
	return x
}

// binned is a row in the recycle bin since at.
type binned struct {
	at   time.Time
	t    *table
	o    *row
	gone uint64
}

// settle commits what is due and empties the recycle bin of what is too old; the caller holds mu.
func (s *Server) settle() {
	now := s.now()
	s.applyUntil(now)
	for len(s.bin) > 0 && !s.bin[0].at.Add(s.opt.PurgeAfter).After(now) {
		b := s.bin[0]
		s.bin = s.bin[1:]
		if b.o.cur.deleted && b.o.cur.gone == b.gone {
			b.t.forget(b.o)
		}
	}
}

// unsettled reports whether settle has something to do; the caller holds mu for reading.
func (s *Server) unsettled() bool {
	now := s.now()
	return len(s.late) > 0 && !s.late[0].due.After(now) || len(s.bin) > 0 && !s.bin[0].at.Add(s.opt.PurgeAfter).After(now)
}

// read runs f on the committed state.
func (s *Server) read(f func() error) error {
	s.mu.RLock()
	if s.unsettled() {
		s.mu.RUnlock()
		s.mu.Lock()
		s.settle()
		s.mu.Unlock()
		s.flush()
		s.mu.RLock()
	}
	defer s.mu.RUnlock()
	return f()
}

// Settle commits every change that waits for its lag, and tells the hooks.
func (s *Server) Settle() {
	s.mu.Lock()
	for len(s.late) > 0 {
		heap.Pop(&s.late).(lateTx).tx.apply()
	}
	s.settle()
	s.mu.Unlock()
	s.flush()
}

// forget removes every trace of a row; the caller holds mu.
func (t *table) forget(o *row) {
	t.show(o, nil)
	t.claim(o, nil)
	delete(t.rows, o.serial)
}
