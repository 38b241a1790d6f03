package work

import (
	"fmt"
	"time"
)

// Ages reports whether what the rules show changes by the passing of time alone: a customer becomes a former one.
func (r *Rules) Ages() bool {
	if !r.life.Ages() {
		return false
	}
	for _, p := range r.plans {
		for _, m := range p.members {
			if m.derived {
				return true
			}
		}
	}
	return false
}

// Aged reports whether the state of an entity changes by itself after one moment and not after another: then what shows
// it is to be planned anew.
func (r *Rules) Aged(g Graph, e *Entity, after, until time.Time) (bool, error) {
	if !hasState(e.Kind) || e.Golden.Deleted() {
		return false, nil
	}
	s, err := r.scene(moment{g, after}, e, &plan{}).state(e)
	if err != nil {
		return false, fmt.Errorf("state of %s: %w", e.ID, err)
	}
	return s.Next.After(after) && !s.Next.After(until), nil
}

// moment is a graph as it would be read at another time.
type moment struct {
	Graph
	now time.Time
}

// Now returns that time.
func (m moment) Now() time.Time { return m.now }
