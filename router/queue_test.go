package router

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever happens, an id is never in two hands, one that was added after it was taken is delivered again, and one that
// was told of is not left in the other lane.
func TestQueueKeepsOneHandPerEntity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue(1000)
		inHand := map[string]bool{}
		owed := map[string]lane{} // added since it was last taken
		take := func(t *rapid.T, l lane, n int) {
			for _, id := range q.take(l, n) {
				if inHand[id] {
					t.Fatalf("%s is in two hands", id)
				}
				if due, ok := owed[id]; !ok || due > l {
					t.Fatalf("%s was taken from lane %d, owed is %d, %v", id, l, due, ok)
				}
				inHand[id] = true
				delete(owed, id)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				id, l := fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "id")), lane(rapid.IntRange(0, 1).Draw(t, "lane"))
				if !q.add(id, l) {
					t.Fatalf("%s was refused below the limit", id)
				}
				owed[id] = max(l, owed[id])
			},
			"take": func(t *rapid.T) {
				take(t, lane(rapid.IntRange(0, 1).Draw(t, "lane")), rapid.IntRange(1, 4).Draw(t, "n"))
			},
			"release": func(t *rapid.T) {
				for id := range inHand {
					again := rapid.Bool().Draw(t, "again")
					q.release(again, id)
					if _, changed := owed[id]; again && !changed {
						owed[id] = found // or where it was taken from
					}
					delete(inHand, id)
					return
				}
			},
			"release what is in no hand": func(*rapid.T) {
				for id := range owed {
					if !inHand[id] {
						q.release(false, id)
						return
					}
				}
			},
		})
		for id := range inHand {
			q.release(false, id)
			delete(inHand, id)
		}
		for l := range lanes {
			take(t, l, 1000)
		}
		if len(owed) > 0 {
			t.Fatalf("%v changed and would not be delivered", owed)
		}
	})
}

func TestQueueRefusesBeyondItsLimitAndSaysSo(t *testing.T) {
	q := newQueue(2)
	for i := range 3 {
		if got, want := q.add(fmt.Sprint(i), found), i < 2; got != want {
			t.Errorf("add %d = %v, want %v", i, got, want)
		}
	}
	if !q.takeMissed() || q.takeMissed() {
		t.Error("the refusal must be reported once")
	}
}

// What a vendor tells of is never behind what a backfill found, nor kept out by it, and loses no place twice.
func TestWhatIsToldOfGoesBeforeWhatWasFound(t *testing.T) {
	q := newQueue(3)
	for _, id := range []string{"a", "b", "c"} {
		q.add(id, found)
	}
	for _, id := range []string{"b", "new", "b"} {
		if !q.add(id, told) {
			t.Errorf("%s is refused although nothing else was told of", id)
		}
	}
	select {
	case <-q.room:
	default:
		t.Error("whoever waits for room is not told of the place that b left")
	}
	if !q.add("d", found) || q.add("e", found) {
		t.Error("the place that b left was not given to exactly one")
	}
	if got := q.take(told, 9); !slices.Equal(got, []string{"b", "new"}) {
		t.Errorf("told are %v", got)
	}
	q.add("new", found) // changed in a hand: it stays what it was
	q.release(false, "new", "b")
	if got := q.take(told, 9); !slices.Equal(got, []string{"new"}) {
		t.Errorf("told are %v after the release", got)
	}
	if got := q.take(found, 9); !slices.Equal(got, []string{"a", "c", "d"}) {
		t.Errorf("found are %v", got)
	}
}

// What a vendor tells of goes first, and a vendor that never stops telling does not keep a backfill from its end.
func TestSendersTurnToBothLanes(t *testing.T) {
	ready := [lanes]chan unit{make(chan unit, 20), make(chan unit, 20)}
	for l := range lanes {
		for range 20 {
			ready[l] <- unit{redact: l == told}
		}
		close(ready[l])
	}
	order := ""
	for n := 1; ; n++ {
		u, more := next(&ready, n)
		if !more {
			break
		}
		order += map[bool]string{true: "t", false: "f"}[u.redact]
	}
	if want := strings.Repeat("tttf", 6) + "tt" + strings.Repeat("f", 14); order != want {
		t.Errorf("got %s, want %s", order, want)
	}
}
