package toycrmtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Token is the one the simulator accepts.
const Token = "toycrm-token-for-tests"

// maxLimit is the most changes in one answer.
const maxLimit = 100

// Person is a person as ToyCRM shows it.
type Person struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Email   string `json:"email,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Company string `json:"company,omitempty"`
}

// Options shape a simulator; nil means a clock of its own, no faults and no log.
type Options struct {
	Clock *sandbox.Clock
	Plan  *sandbox.Plan
	Log   *sandbox.Log
}

// Server is one simulated account. It is safe for concurrent use.
type Server struct {
	opt Options

	mu     sync.Mutex
	last   uint64 // number of the newest change
	nextID int
	feed   []change // ascending by number, one of each person
}

type change struct {
	Number  uint64    `json:"number"`
	ID      string    `json:"id"`
	Changed time.Time `json:"changed_at"`
	Deleted bool      `json:"deleted"`
	Person  *Person   `json:"person"`
}

// New returns an account without people.
func New(opt Options) *Server {
	if opt.Clock == nil {
		opt.Clock = sandbox.NewClock(time.Time{})
	}
	return &Server{opt: opt}
}

// Handler serves the API, with the faults and the log around it.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /changes", s.changes)
	return sandbox.Wrap(mux, sandbox.Options{Clock: s.opt.Clock, Plan: s.opt.Plan, Log: s.opt.Log})
}

func (s *Server) changes(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+Token {
		refuse(w, http.StatusUnauthorized, "unknown token")
		return
	}
	query := r.URL.Query()
	after, err := strconv.ParseUint(orZero(query.Get("after")), 10, 64)
	limit, err2 := strconv.Atoi(orZero(query.Get("limit")))
	if err != nil || err2 != nil || limit < 0 || limit > maxLimit {
		refuse(w, http.StatusBadRequest, "after and limit are numbers, limit at most 100")
		return
	}
	if limit == 0 {
		limit = maxLimit
	}
	s.mu.Lock()
	from, _ := slices.BinarySearchFunc(s.feed, after+1, func(c change, n uint64) int { return int(int64(c.Number) - int64(n)) })
	to := min(from+limit, len(s.feed))
	answer := map[string]any{"changes": slices.Clone(s.feed[from:to]), "more": to < len(s.feed)}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func orZero(text string) string {
	if text == "" {
		return "0"
	}
	return text
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why})
}

// Put creates a person, or changes the one of that id, and returns the id.
func (s *Server) Put(p Person) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.ID == "" {
		s.nextID++
		p.ID = "p" + strconv.Itoa(s.nextID)
	}
	s.append(change{ID: p.ID, Person: &p})
	return p.ID
}

// Delete deletes a person; its place in the feed says so, without the person's data.
func (s *Server) Delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.append(change{ID: id, Deleted: true})
}

// append gives a change the next number and takes the person's older one out of the feed.
func (s *Server) append(c change) {
	s.last++
	c.Number, c.Changed = s.last, s.opt.Clock.Now().UTC().Truncate(time.Millisecond)
	s.feed = slices.DeleteFunc(s.feed, func(old change) bool { return old.ID == c.ID })
	s.feed = append(s.feed, c)
}

// Live returns the people who are not deleted, with the time of their last change.
func (s *Server) Live() map[Person]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := map[Person]time.Time{}
	for _, c := range s.feed {
		if !c.Deleted {
			live[*c.Person] = c.Changed
		}
	}
	return live
}
