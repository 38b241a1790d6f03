package router

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// Whatever happens, an id is never in two hands, and an id that was added after it was taken is delivered again.
func TestQueueKeepsOneHandPerEntity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue(1000)
		inHand := map[string]bool{}
		owed := map[string]bool{} // added since it was last taken
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				id := fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "id"))
				if !q.add(id) {
					t.Fatalf("%s was refused below the limit", id)
				}
				owed[id] = true
			},
			"take": func(t *rapid.T) {
				for _, id := range q.take(rapid.IntRange(1, 4).Draw(t, "n")) {
					if inHand[id] {
						t.Fatalf("%s is in two hands", id)
					}
					inHand[id] = true
					delete(owed, id)
				}
			},
			"release": func(t *rapid.T) {
				for id := range inHand {
					again := rapid.Bool().Draw(t, "again")
					q.release(id, again)
					owed[id] = owed[id] || again
					if !owed[id] {
						delete(owed, id)
					}
					delete(inHand, id)
					return
				}
			},
		})
		for id := range inHand {
			q.release(id, false)
		}
		for _, id := range q.take(1000) {
			delete(owed, id)
		}
		if len(owed) > 0 {
			t.Fatalf("%v changed and would not be delivered", owed)
		}
	})
}

func TestQueueRefusesBeyondItsLimitAndSaysSo(t *testing.T) {
	q := newQueue(2)
	for i := range 3 {
		if got, want := q.add(fmt.Sprint(i)), i < 2; got != want {
			t.Errorf("add %d = %v, want %v", i, got, want)
		}
	}
	if !q.takeMissed() || q.takeMissed() {
		t.Error("the refusal must be reported once")
	}
}
