package router

import "sync"

// queue is a bounded first-in-first-out set of entity ids waiting to be delivered. An id that is being delivered is
// held back until release, so that one entity is never in two hands; if it changed meanwhile it is queued again.
// When the queue is full, further ids are refused: their dirty marks stay in the ledger, where a sweep finds them.
type queue struct {
	mu     sync.Mutex
	limit  int
	order  []string // from head on: ids in order of arrival
	head   int
	state  map[string]queueState
	wake   chan struct{} // an id is waiting
	room   chan struct{} // ids were taken
	missed bool          // an id was refused since takeMissed
}

type queueState uint8

const (
	queued      queueState = iota + 1
	taken                  // being delivered
	takenQueued            // being delivered, and changed meanwhile
)

func newQueue(limit int) *queue {
	return &queue{limit: limit, state: map[string]queueState{}, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// add queues an id unless it already waits. It reports whether the id was taken.
func (q *queue) add(id string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch q.state[id] {
	case queued, takenQueued:
		return true
	case taken:
		q.state[id] = takenQueued
		return true
	}
	if len(q.order)-q.head >= q.limit {
		q.missed = true
		return false
	}
	q.push(id)
	return true
}

func (q *queue) push(id string) {
	q.state[id] = queued
	q.order = append(q.order, id)
	signal(q.wake)
}

// signal tells whoever waits on a channel of one place, or the next one who will.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// take returns up to n ids, which are then in the caller's hands until release.
func (q *queue) take(n int) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n, len(q.order)-q.head)
	ids := make([]string, n)
	copy(ids, q.order[q.head:])
	q.head += n
	for _, id := range ids {
		q.state[id] = taken
	}
	signal(q.room)
	if q.head == len(q.order) {
		q.order, q.head = q.order[:0], 0
	} else if q.head > 1024 && q.head > len(q.order)/2 {
		q.order, q.head = append(q.order[:0], q.order[q.head:]...), 0
	}
	return ids
}

// release ends the delivery of an id; one that was added meanwhile, or must be tried again, is queued again.
func (q *queue) release(id string, again bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.state[id] == takenQueued || again {
		q.push(id)
		return
	}
	delete(q.state, id)
}

// takeMissed reports whether an id was refused since it was last asked.
func (q *queue) takeMissed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.missed
	q.missed = false
	return m
}
