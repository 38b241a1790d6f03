package mailchimp

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// audience is a list whose members change while they are read: what changes leaves its place for the end.
type audience struct {
	at  map[string]int64 // second of the last change
	now int64
}

// rows are the members of a span in the order of their last change, those of a second by their ids.
func (a *audience) rows(since, until int64) (list []mark) {
	for id, at := range a.at {
		if at > since && at <= until {
			list = append(list, mark{id, at})
		}
	}
	slices.SortFunc(list, func(x, y mark) int {
		if x.at != y.at {
			return int(x.at - y.at)
		}
		if x.id < y.id {
			return -1
		}
		return 1
	})
	return list
}

// TestMovingMembersAreNeverLost: whatever changes or is deleted between two pages, and however many members changed in one
// second, a pass returns every member that stayed as it was, and ends; when nothing changes, each comes once.
func TestMovingMembersAreNeverLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(3, 40).Draw(t, "page size")
		a := &audience{at: map[string]int64{}, now: 1000}
		for i := range rapid.IntRange(0, 300).Draw(t, "members") {
			a.at[fmt.Sprintf("m%03d", i)] = rapid.SampledFrom([]int64{0, 10, 10, 11, 12, 12, 12, 12, 13, 20, 30, 31}).Draw(t, "second")
		}
		const until = 500
		stayed := map[string]int64{}
		for id, at := range a.at {
			stayed[id] = at
		}
		calm := rapid.Bool().Draw(t, "calm")
		got, w := map[string]int{}, window{}
		if rapid.Bool().Draw(t, "incremental") {
			w.Since = 9
		}
		from := w.Since
		for calls := 0; ; calls++ {
			if calls > 4000 {
				t.Fatalf("no end after %d calls", calls)
			}
			all := a.rows(sinceOf(w), until)
			asked := min(w.offset(), len(all))
			page := all[asked:min(asked+size, len(all))]
			next, fresh, end, reason := w.step(page, len(all))
			if reason != "" {
				t.Fatal(reason)
			}
			for _, i := range fresh {
				got[page[i].id]++
			}
			if w = next; end {
				break
			}
			if !calm {
				disturb(t, a, stayed)
			}
		}
		for id, at := range stayed {
			if n := got[id]; at > from && (n == 0 || calm && n > 1) || from == 0 && n == 0 {
				t.Fatalf("member %s of second %d was returned %d times", id, at, n)
			}
		}
	})
}

// sinceOf is the lower bound as the vendor takes it: without one members that never changed are there too.
func sinceOf(w window) int64 {
	if w.Since == 0 {
		return -1
	}
	return w.Since
}

// disturb changes or deletes some members.
func disturb(t *rapid.T, a *audience, stayed map[string]int64) {
	ids := make([]string, 0, len(stayed))
	for id := range stayed {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for range min(len(ids), rapid.IntRange(0, 12).Draw(t, "changes")) {
		i := rapid.IntRange(0, len(ids)-1).Draw(t, "which")
		id := ids[i]
		if ids = slices.Delete(ids, i, i+1); rapid.Bool().Draw(t, "deleted") {
			delete(a.at, id)
		} else {
			a.now++
			a.at[id] = a.now
		}
		delete(stayed, id)
	}
}

// TestWindowWithoutOrder: members in another order than was asked for are no page, for the end would not be where it seems.
func TestWindowWithoutOrder(t *testing.T) {
	if _, _, _, reason := (window{}).step([]mark{{"a", 7}, {"b", 6}}, 2); reason == "" {
		t.Error("got a page of members in reverse order")
	}
	if _, _, _, reason := (window{}).step(nil, 2); reason == "" {
		t.Error("got an end although there are two members")
	}
}
