package relay

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Heard is a receiver that the hub has heard of.
type Heard struct {
	Receiver string    `json:"receiver,omitempty"` // the same after its restart; empty for one of an older version
	Spool    string    `json:"spool"`              // new with every start
	At       time.Time `json:"heard"`
	Takes    []string  `json:"takes,omitempty"` // connections
	Waiting  int64     `json:"waiting"`         // deliveries that the hub does not have yet
	Oldest   time.Time `json:"oldest,omitzero"` // since when the oldest of them waits
}

const (
	// answersFor is how long a receiver counts as there that is not heard of. One whose question waits is; when it dies its
	// connection ends, and so does the question.
	answersFor = 30 * time.Second
	// betweenAsks is how long a receiver may take from an answer to its next question.
	betweenAsks = 3 * time.Second
	// forgetAfter is when one that is not heard of is forgotten, and mostHeard how many are known.
	forgetAfter = 7 * 24 * time.Hour
	mostHeard   = 256
	// olderTime is how long one of an older version is told of: it has another name after each start, and says nothing while
	// nothing is delivered.
	olderTime = time.Hour
)

// heard is whom the hub has heard of since it was started.
type heard struct {
	mu    sync.Mutex
	list  map[string]*listener // by spool
	noted chan struct{}        // closed when somebody was heard
}

// listener is a receiver, what it goes by, and how many of its questions wait for an answer.
type listener struct {
	Heard
	has   string
	waits int
}

func newHeard() *heard { return &heard{list: map[string]*listener{}, noted: make(chan struct{})} }

// of returns the listener of a spool. The lock is held.
func (h *heard) of(spool string, now time.Time) *listener {
	l := h.list[spool]
	if l == nil {
		for name, other := range h.list {
			if len(h.list) >= mostHeard || now.Sub(other.At) > forgetAfter {
				delete(h.list, name)
			}
		}
		l = &listener{Heard: Heard{Spool: spool}}
		h.list[spool] = l
	}
	l.At = now
	return l
}

// batch notes that a spool forwarded something.
func (h *heard) batch(spool string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.of(spool, now)
}

// ask notes a question that is known to be no recorded one. Done is to be called with the time of the answer.
func (h *heard) ask(spool string, a Ask, now time.Time) (done func(time.Time)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.of(spool, now)
	for name, other := range h.list { // what it was called before its restart
		if other.Receiver == a.Receiver && name != spool && other.waits == 0 && now.Sub(other.At) > answersFor {
			delete(h.list, name)
		}
	}
	l.Receiver, l.has, l.Takes, l.Waiting, l.Oldest = a.Receiver, a.Has, a.Takes, a.Waiting.Count, time.Time{}
	if a.Waiting.Count > 0 {
		l.Oldest = now.Add(-time.Duration(min(max(0, a.Waiting.Seconds), int64(forgetAfter/time.Second))) * time.Second)
	}
	l.waits++
	close(h.noted)
	h.noted = make(chan struct{})
	return func(at time.Time) {
		h.mu.Lock()
		defer h.mu.Unlock()
		l.waits--
		l.At = at
	}
}

// all returns whom the hub has heard of, who was heard last first.
func (h *heard) all(now time.Time) (list []Heard) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.list {
		if l.Receiver != "" || now.Sub(l.At) < olderTime {
			list = append(list, l.Heard)
		}
	}
	slices.SortFunc(list, func(a, b Heard) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Spool, b.Spool)) })
	return list
}

// there reports whether a receiver is there: it waits for an answer, or did a moment ago.
func (l *listener) there(now time.Time, within time.Duration) bool {
	return l.waits > 0 || now.Sub(l.At) <= within
}

// answers returns nil when somebody who was heard of lately takes deliveries for a connection, or any for an empty one, and otherwise what to do; and
// what is closed when somebody is heard again.
func (h *heard) answers(connection string, now time.Time) (noted <-chan struct{}, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	err = errSilent
	for _, l := range h.list {
		switch {
		case !l.there(now, answersFor):
		case slices.Contains(l.Takes, connection), connection == "" && l.Receiver != "":
			return h.noted, nil
		case l.Receiver != "":
			err = fmt.Errorf("the receiver on another host takes nothing for it: add %s to the connections in its file, and to webhooks.receive there, and restart it", connection)
		case errors.Is(err, errSilent):
			err = errOlder
		}
	}
	return h.noted, err
}

// errSilent says that nobody would take what a vendor delivers.
var errSilent = errors.New("webhooks.forward.key is set, and no receiver on another host is heard of: start `millrace webhook` there, " +
	"with the same key and forward.to at this hub; or, where this daemon itself answers at webhooks.public_url, take webhooks.forward out of its file and restart it")

var errOlder = errors.New("the receiver on another host is of an older version, which knows nothing of registering: update it")

// knows reports whether everybody who is there goes by a tag, whether somebody does who takes deliveries for a connection, and
// what is closed when somebody is heard again.
func (h *heard) knows(tag, connection string, now time.Time) (all, some bool, noted <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all = true
	for _, l := range h.list {
		switch {
		case l.Receiver == "" || !l.there(now, betweenAsks):
		case l.has != tag:
			all = false
		case slices.Contains(l.Takes, connection):
			some = true
		}
	}
	return all, some, h.noted
}
