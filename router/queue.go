package router

import (
	"container/list"
	"sync"
)

// lane is one of the two ways through a deliverer.
type lane uint8

const (
	// found is for what polls, backfills and looks through the dirty marks bring: any number, and in no hurry.
	found lane = iota
	// told is for what a vendor told of just now, by a webhook or a feed. It does not wait behind what is found.
	told
	lanes
)

// queue is a bounded set of entity ids waiting to be delivered, first in first out in each lane. An id is in one lane;
// one that was found and is told of goes over. An id that is being delivered is held back until release, so that one
// entity is never in two hands; if it changed meanwhile it is queued again. When a lane is full, further ids are
// refused: their dirty marks stay in the ledger, where a sweep finds them.
type queue struct {
	mu     sync.Mutex
	limit  int // of each lane
	order  [lanes]*list.List
	known  map[string]*queued
	wake   [lanes]chan struct{} // an id is waiting
	room   chan struct{}        // there is room again for ids that are found
	missed bool                 // an id was refused since takeMissed
}

// queued is an id that waits in a lane, or is being delivered.
type queued struct {
	lane  lane
	place *list.Element // nil while it is being delivered
	again bool          // being delivered, and changed meanwhile
}

func newQueue(limit int) *queue {
	q := &queue{limit: limit, known: map[string]*queued{}, room: make(chan struct{}, 1)}
	for l := range lanes {
		q.order[l], q.wake[l] = list.New(), make(chan struct{}, 1)
	}
	return q
}

// add queues an id unless it already waits. It reports whether the id was taken.
func (q *queue) add(id string, l lane) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.known[id]
	switch {
	case e != nil && e.place == nil:
		e.lane, e.again = max(l, e.lane), true
		return true
	case e != nil && e.lane >= l:
		return true
	case q.order[l].Len() >= q.limit:
		q.missed = q.missed || e == nil // else it waits where it is
		return e != nil
	case e != nil:
		q.order[e.lane].Remove(e.place)
		signal(q.room)
	default:
		e = &queued{}
		q.known[id] = e
	}
	q.push(id, e, l)
	return true
}

func (q *queue) push(id string, e *queued, l lane) {
	e.lane, e.again, e.place = l, false, q.order[l].PushBack(id)
	signal(q.wake[l])
}

// signal tells whoever waits on a channel of one place, or the next one who will.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// take returns up to n ids of a lane, which are then in the caller's hands until release.
func (q *queue) take(l lane, n int) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	ids := make([]string, min(n, q.order[l].Len()))
	for i := range ids {
		ids[i] = q.order[l].Remove(q.order[l].Front()).(string)
		q.known[ids[i]].place = nil
	}
	if l == found {
		signal(q.room)
	}
	return ids
}

// release ends the delivery of ids; what was added meanwhile, or must be tried again, is queued again.
func (q *queue) release(again bool, ids ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range ids {
		switch e := q.known[id]; {
		case e == nil || e.place != nil: // in nobody's hands
		case e.again || again:
			q.push(id, e, e.lane)
		default:
			delete(q.known, id)
		}
	}
}

// takeMissed reports whether an id was refused since it was last asked.
func (q *queue) takeMissed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.missed
	q.missed = false
	return m
}
