package sandbox

import (
	"net"
	"net/http"
	"sort"
	"sync"
	"time"
)

// Entry is one request as the log keeps it. It holds no header, hence no credential.
type Entry struct {
	Time   time.Time     `json:"time"` // the vendor's clock at arrival
	Method string        `json:"method"`
	Path   string        `json:"path"`
	Query  string        `json:"query,omitempty"`
	Class  string        `json:"class"`
	Status int           `json:"status"` // 0 when the connection ended without an answer
	Took   time.Duration `json:"took_ns"`
	Sent   int64         `json:"sent"`            // bytes of the answer's body
	Fault  string        `json:"fault,omitempty"` // the kind of the fault that harmed it
	Body   string        `json:"body,omitempty"`  // only with Log.Bodies
}

// Count is what a Log knows about one method and route class.
type Count struct {
	Method   string `json:"method"`
	Class    string `json:"class"`
	Requests int    `json:"requests"`
	Errors   int    `json:"errors"`  // answers of 400 and above, and requests without an answer
	Limited  int    `json:"limited"` // answers of 429
	Sent     int64  `json:"sent"`
}

// Totals sums a Log up.
type Totals struct {
	Requests          int   `json:"requests"`
	Errors            int   `json:"errors"`
	Limited           int   `json:"limited"`
	Sent              int64 `json:"sent"`
	MaxInFlightReads  int   `json:"max_in_flight_reads"`
	MaxInFlightWrites int   `json:"max_in_flight_writes"`
	Connections       int   `json:"connections"`
}

// Log counts requests by method and route class and keeps the most recent ones. It is safe for concurrent use, its
// memory is bounded, and a nil Log forgets everything.
type Log struct {
	// Bodies makes the ring keep up to 64 KiB of each request's body; set it before the first request.
	Bodies bool

	mu      sync.Mutex
	routes  map[[2]string]*Count
	totals  Totals
	inside  [2]int // requests in flight: reads, writes
	ring    []Entry
	next    int
	maxRing int
}

// maxRoutes bounds the counters when a simulator's classes are not as few as they should be.
const maxRoutes = 2000

// NewLog returns a log that keeps the last recent requests; 0 keeps 1000, a negative number none.
func NewLog(recent int) *Log {
	if recent == 0 {
		recent = 1000
	}
	return &Log{routes: map[[2]string]*Count{}, maxRing: max(0, recent)}
}

// enter counts a request in and returns the function that counts it out.
func (l *Log) enter(write bool) func() {
	if l == nil {
		return func() {}
	}
	kind := 0
	if write {
		kind = 1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside[kind]++
	l.totals.MaxInFlightReads = max(l.totals.MaxInFlightReads, l.inside[0])
	l.totals.MaxInFlightWrites = max(l.totals.MaxInFlightWrites, l.inside[1])
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.inside[kind]--
	}
}

// record stores a finished request.
func (l *Log) record(e Entry) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := [2]string{e.Method, e.Class}
	c := l.routes[key]
	if c == nil && len(l.routes) >= maxRoutes {
		key = [2]string{e.Method, "(other)"}
		c = l.routes[key]
	}
	if c == nil {
		c = &Count{Method: key[0], Class: key[1]}
		l.routes[key] = c
	}
	c.Requests++
	c.Sent += e.Sent
	l.totals.Requests++
	l.totals.Sent += e.Sent
	if e.Status == 0 || e.Status >= 400 {
		c.Errors++
		l.totals.Errors++
	}
	if e.Status == http.StatusTooManyRequests {
		c.Limited++
		l.totals.Limited++
	}
	l.keep(e)
}

// keep puts e into the ring; the caller holds mu.
func (l *Log) keep(e Entry) {
	switch {
	case l.maxRing == 0:
	case len(l.ring) < l.maxRing:
		l.ring = append(l.ring, e)
	default:
		l.ring[l.next] = e
		l.next = (l.next + 1) % l.maxRing
	}
}

// Totals returns the sums since the start or the last Reset.
func (l *Log) Totals() Totals {
	if l == nil {
		return Totals{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.totals
}

// Counts returns the counters sorted by class and method.
func (l *Log) Counts() []Count {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Count, 0, len(l.routes))
	for _, c := range l.routes {
		out = append(out, *c)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Class != out[j].Class {
			return out[i].Class < out[j].Class
		}
		return out[i].Method < out[j].Method
	})
	return out
}

// Count returns how many requests of the method and class were made; an empty method or class means any.
func (l *Log) Count(method, class string) int {
	n := 0
	for _, c := range l.Counts() {
		if (method == "" || c.Method == method) && (class == "" || c.Class == class) {
			n += c.Requests
		}
	}
	return n
}

// Recent returns the kept requests, oldest first.
func (l *Log) Recent() []Entry {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Entry, 0, len(l.ring))
	out = append(out, l.ring[l.next:]...)
	return append(out, l.ring[:l.next]...)
}

// Reset forgets all counts and kept requests; requests in flight stay counted.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.routes, l.totals, l.ring, l.next = map[[2]string]*Count{}, Totals{}, nil, 0
}

// ConnState counts opened connections; it fits http.Server.ConnState.
func (l *Log) ConnState(_ net.Conn, s http.ConnState) {
	if l == nil || s != http.StateNew {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.totals.Connections++
}
