package asanatest

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// orderModel is two sections as plain slices, beside the linked places they describe.
type orderModel struct {
	project *project
	lists   [2][]*task
}

// step does something at random and returns the task it touched, nil for a new one.
func (m *orderModel) step(t *rapid.T) *task {
	all := slices.Concat(m.lists[0], m.lists[1])
	if len(all) == 0 || rapid.IntRange(0, 3).Draw(t, "add") == 0 {
		m.put(t, &task{})
		return nil
	}
	x := rapid.SampledFrom(all).Draw(t, "task")
	if rapid.Bool().Draw(t, "delete") {
		x.leave(m.project)
		m.drop(x)
		return x
	}
	m.put(t, x)
	return x
}

// put places a task at the top of a section or after another task of it.
func (m *orderModel) put(t *rapid.T, x *task) {
	to := rapid.IntRange(0, 1).Draw(t, "section")
	others := slices.DeleteFunc(slices.Clone(m.lists[to]), func(y *task) bool { return y == x })
	at := rapid.IntRange(0, len(others)).Draw(t, "after")
	var ref *membership
	if at > 0 {
		ref = others[at-1].in(m.project)
	}
	x.put(m.project.sections[to], ref)
	m.drop(x)
	m.lists[to] = slices.Insert(others, at, x)
}

func (m *orderModel) drop(x *task) {
	for i := range m.lists {
		m.lists[i] = slices.DeleteFunc(m.lists[i], func(y *task) bool { return y == x })
	}
}

// check reads the linked places forwards and backwards.
func (m *orderModel) check(t *rapid.T) {
	for i, s := range m.project.sections {
		var there, back []*task
		for p := s.head; p != nil; p = p.after() {
			there = append(there, p.task)
		}
		for p := s.tail; p != nil; p = p.prev {
			back = append(back, p.task)
		}
		slices.Reverse(back)
		if !slices.Equal(there, m.lists[i]) || !slices.Equal(back, m.lists[i]) || s.count != len(m.lists[i]) {
			t.Fatalf("section %d: got %d forwards, %d backwards, count %d, want %d in the model's order", i, len(there), len(back), s.count, len(m.lists[i]))
		}
	}
}

// TestPlacesKeepTheirOrder compares linked places with slices over random insertions, moves and deletions, while a page
// walk goes on: tasks that stay where they are must be shown exactly once.
func TestPlacesKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &project{}
		p.sections = []*section{{project: p}, {project: p}}
		m := &orderModel{project: p}
		for range 12 {
			m.put(t, &task{})
		}
		still, seen := slices.Concat(m.lists[0], m.lists[1]), map[*task]int{}
		walk := inSections(p.sections, func(*task) bool { return true })
		var at any
		for more, pages := true, 0; more; pages++ {
			at, more = walk(at, 2, func(x *task) { seen[x]++ })
			for range rapid.IntRange(0, 3).Draw(t, "steps") * max(0, 30-pages) / 30 { // calms down, so that the walk ends
				touched := m.step(t)
				still = slices.DeleteFunc(still, func(x *task) bool { return x == touched })
			}
			m.check(t)
		}
		for _, x := range still {
			if seen[x] != 1 {
				t.Fatalf("a task that never moved was shown %d times", seen[x])
			}
		}
	})
}
