package router

import (
	"time"

	"github.com/millrace/millrace/router/bus"
)

// Retry tries a connection again at once, whatever waits its refusals have set: a person has mended something, signed in
// for example. Items and references that failed one by one keep their own waits, of minutes at most.
func (r *Router) Retry(connection string) {
	r.mu.Lock()
	if again := r.retries[connection]; again != nil {
		close(again)
		delete(r.retries, connection)
	}
	r.mu.Unlock()
	for _, s := range r.polls() {
		if s.source.Name == connection {
			s.retry()
		}
	}
	if d := r.targets[connection]; d != nil {
		d.health.retry()
		d.rescan()
	}
}

// retry reads at once. A read that is under way may still fail for the old reason, so the wish outlives it.
func (s *stream) retry() {
	s.mu.Lock()
	s.mended = true
	s.mu.Unlock()
	s.r.nudge(bus.Pages, []byte(s.key()))
}

func (s *stream) takeMended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	mended := s.mended
	s.mended = false
	return mended
}

// retried returns a channel that the connection's next Retry closes. Whoever wants to hear of it asks before the call that
// may fail.
func (r *Router) retried(connection string) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.retries[connection] == nil {
		r.retries[connection] = make(chan struct{})
	}
	return r.retries[connection]
}

// retry lets the target be called again.
func (h *targetHealth) retry() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.until, h.waits = time.Time{}, 0
	if h.retried != nil {
		close(h.retried)
		h.retried = nil
	}
}
