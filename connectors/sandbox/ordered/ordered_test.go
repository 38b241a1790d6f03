package ordered

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSetAgreesWithASlice compares the blocks with a plain sorted slice, over enough keys to split and to empty blocks.
func TestSetAgreesWithASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o Set
		var want []Key
		seed := rapid.Uint64().Draw(t, "seed")
		random := func(n uint64) uint64 { // a generator of our own: thousands of draws are not worth shrinking
			seed = seed*6364136223846793005 + 1442695040888963407
			return (seed >> 33) % n
		}
		for range rapid.IntRange(0, 4*blockSize).Draw(t, "steps") {
			k := Key{int64(random(50)), random(200)}
			at, found := slices.BinarySearchFunc(want, k, Compare)
			switch {
			case random(4) == 0:
				o.Remove(k)
				if found {
					want = slices.Delete(want, at, at+1)
				}
			default:
				o.Insert(k)
				if !found {
					want = slices.Insert(want, at, k)
				}
			}
		}
		from := rapid.IntRange(0, len(want)).Draw(t, "from")
		to := rapid.IntRange(from, len(want)).Draw(t, "to")
		if got := slices.Collect(o.Between(from, to, false)); !slices.Equal(got, want[from:to]) || o.n != len(want) {
			t.Fatalf("ascending %d to %d of %d: got %d keys of %d", from, to, len(want), len(got), o.n)
		}
		down := slices.Collect(o.Between(from, to, true))
		slices.Reverse(down)
		if !slices.Equal(down, want[from:to]) {
			t.Fatalf("descending %d to %d of %d: got %d keys", from, to, len(want), len(down))
		}
		k := Key{int64(random(50)), random(200)}
		at, _ := slices.BinarySearchFunc(want, k, Compare)
		if got := o.Rank(k); got != at {
			t.Fatalf("rank of %v: got %d, want %d", k, got, at)
		}
	})
}
