package router

import (
	"context"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

// earlier is a target that shows one object of an earlier ledger, and counts how often it is looked through.
type earlier struct {
	key   string
	lists int
}

func (e *earlier) List(context.Context, string, time.Time, connectors.Cursor) ([]connectors.Shown, connectors.Cursor, error) {
	e.lists++
	return []connectors.Shown{{Key: e.key, Link: "old"}}, "", nil
}

// Two planners may both have planned before the first of them looked through a project: the other one, too, has to plan
// again, or it would make what was found just now a second time.
func TestBothPlannersSeeWhatWasAdopted(t *testing.T) {
	s, ctx := newStepper(t, nil), t.Context()
	defer func() { s.ok(s.close()) }()
	s.set("1", "a@one.example")
	s.set("2", "b@one.example")
	marks, err := s.ledger.Dirty(ctx, "tool", "", 2)
	s.ok(err)
	one, other := marks.Due[0].Entity, marks.Due[1].Entity
	plan := func(id string, l lane) []*job {
		s.d.queue.add(id, l)
		jobs, err := s.d.planAll(ctx, s.d.queue.take(l, 1), l)
		s.ok(err)
		return jobs
	}
	shown := &earlier{key: "card/" + other}
	s.d.target.Lister = shown
	before := s.d.linked.Load()
	first, second := plan(one, found), plan(other, told)
	for _, jobs := range [][]*job{first, second} {
		again, err := s.d.adopt(ctx, jobs, before)
		s.ok(err)
		if !again {
			t.Errorf("%s need not be planned again although something was adopted since", jobs[0].settle.Entity)
		}
	}
	s.d.queue.release(false, other)
	jobs := plan(other, told)
	if again, err := s.d.adopt(ctx, jobs, s.d.linked.Load()); again || err != nil {
		t.Errorf("planned again for nothing: %v, %v", again, err)
	}
	if w := jobs[0].wants; len(w) != 1 || w[0].Link != "old" {
		t.Errorf("it wants %+v, not what was adopted", w)
	}
	if shown.lists != 1 {
		t.Errorf("the project was looked through %d times", shown.lists)
	}
}
