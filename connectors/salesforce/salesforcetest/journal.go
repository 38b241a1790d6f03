package salesforcetest

import (
	"context"
	"net/http"
	"slices"
)

// journal notes what the subrequests of a composite wrote, so that it can be undone.
type journal struct{ writes []pending }

type journalKey struct{}

// with returns the request with the journal in its context; a nil journal notes nothing.
func (j *journal) with(r *http.Request) *http.Request {
	if j == nil {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), journalKey{}, j))
}

// asCaller runs f in a transaction of the request's user and notes it in the composite's journal.
func (s *Server) asCaller(r *http.Request, f func(*tx) error) error {
	return s.write(s.auth.userOf(bearer(r)), false, func(x *tx) error {
		err := f(x)
		if j, ok := r.Context().Value(journalKey{}).(*journal); ok && err == nil {
			j.writes = append(j.writes, x.writes...)
		}
		return err
	})
}

// undo takes back what is noted and was not changed since by others.
func (s *Server) undo(j *journal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range slices.Backward(j.writes) {
		if w.o.cur != w.to {
			continue
		}
		w.t.claim(w.o, w.from)
		w.t.show(w.o, nil)
		w.o.cur = w.from
		if w.from == nil {
			delete(w.t.rows, w.o.serial)
			continue
		}
		w.t.show(w.o, w.from)
	}
}
