package router

import (
	"sync"
	"time"
)

// silence knows how often polling found changes of each connection since its vendor last delivered a webhook. It is lost with
// the process, after which it begins anew.
type silence struct {
	mu    sync.Mutex
	heard map[string]time.Time
	found map[string]map[string]int // by connection and stream
}

// hear notes that a vendor delivered something.
func (s *silence) hear(connection string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard == nil {
		s.heard = map[string]time.Time{}
	}
	s.heard[connection] = at
	delete(s.found, connection)
}

// find notes that a poll brought changes of a stream that had been read to its end before.
func (s *silence) find(connection, stream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found == nil {
		s.found = map[string]map[string]int{}
	}
	if s.found[connection] == nil {
		s.found[connection] = map[string]int{}
	}
	s.found[connection][stream]++
}

// Listen has the silence of a connection's vendor begin anew.
func (r *Router) Listen(connection string) { r.silence.hear(connection, r.now()) }

// Silence returns since when a connection's vendor has delivered no webhook, by our clock, as far as this router knows, and how
// many polls of these streams brought changes meanwhile. Polls are counted and not records, so that an import, of which no vendor
// tells record by record, counts little.
func (r *Router) Silence(connection string, streams []string) (since time.Time, polls int) {
	r.silence.mu.Lock()
	defer r.silence.mu.Unlock()
	if since = r.silence.heard[connection]; since.IsZero() {
		since = r.begun
	}
	for _, name := range streams {
		polls += r.silence.found[connection][name]
	}
	return since, polls
}
