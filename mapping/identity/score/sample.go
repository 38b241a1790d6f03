package score

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/mapping/identity/compare"
)

// sample is a pair that is trained on, with the bits that the rarity of its shared values adds, and the probability that
// the two are the same as the parameters so far have it.
type sample struct {
	a, b      int32
	rarity, p float64
}

// sampled is pairs with the levels of all fields, a row for each pair.
type sampled struct {
	pairs  []sample
	levels []int8
	width  int
}

func (s *sampled) row(i int) []int8 { return s.levels[i*s.width : (i+1)*s.width] }

// add compares a pair and keeps it.
func (t *trainer) add(s *sampled, a, b int32) {
	s.width = len(t.fields)
	s.pairs = append(s.pairs, sample{a: a, b: b})
	p := newPair(t.kind, t.facts[a], t.facts[b])
	for k := range t.fields {
		s.levels = append(s.levels, t.fields[k].level(&p))
	}
}

// drop takes the last pair back.
func (s *sampled) drop() {
	s.pairs = s.pairs[:len(s.pairs)-1]
	s.levels = s.levels[:len(s.levels)-s.width]
}

// sampleRandom draws pairs of records, all of them when there are few. The seed is fixed: the same records give the same
// model.
func (t *trainer) sampleRandom() {
	n := len(t.facts)
	if n*(n-1)/2 <= maxRandom {
		for i := range n {
			for j := i + 1; j < n; j++ {
				t.add(&t.random, int32(i), int32(j))
			}
		}
		return
	}
	t.random.levels = make([]int8, 0, maxRandom*len(t.fields))
	t.random.pairs = make([]sample, 0, maxRandom)
	r := rand.New(rand.NewPCG(1, 2))
	for range maxRandom {
		i, j := r.IntN(n), r.IntN(n-1)
		if j >= i {
			j++
		}
		t.add(&t.random, int32(min(i, j)), int32(max(i, j)))
	}
}

// sampleNear takes the pairs that share a block, but for those that are so unlikely to be the same that they teach
// nothing about what is the same.
func (t *trainer) sampleNear() {
	const hopeless = -18.0 // bits, by the built-in shares
	m := t.model()
	pairs := t.candidates(m)
	for _, p := range pairs {
		a, b := int32(p>>32), int32(uint32(p))
		t.add(&t.near, a, b)
		last := len(t.near.pairs) - 1
		if m.weigh(0, t.near.row(last)) < hopeless {
			t.near.drop()
		}
		if len(t.near.pairs) == maxNear {
			return
		}
	}
}

// candidates returns the pairs of records that share a block as a<<32|b, in an order that no sorting of the records
// favours when there are too many.
func (t *trainer) candidates(m *Model) []uint64 {
	var pairs []uint64
	for _, run := range t.runs(m) {
		pairs = appendPairs(pairs, run)
		if len(pairs) > 8*maxNear && cap(pairs)-len(pairs) < maxBlock*maxBlock {
			slices.Sort(pairs)
			pairs = slices.Compact(pairs)
		}
	}
	slices.Sort(pairs)
	pairs = slices.Compact(pairs)
	if len(pairs) > maxNear {
		slices.SortFunc(pairs, func(x, y uint64) int {
			if scatter(x) < scatter(y) {
				return -1
			}
			return 1
		})
	}
	return pairs
}

// holding says that a record has a term, by its hash.
type holding struct {
	term   uint64
	record int32
}

// runs returns the records that share a term, unless too many do. Terms are sorted by their hashes: a map of them would
// take several times the memory.
func (t *trainer) runs(m *Model) [][]holding {
	var all []holding
	for i, f := range t.facts {
		for _, term := range m.Blocks(f) {
			all = append(all, holding{xxhash.Sum64String(term), int32(i)})
		}
	}
	slices.SortFunc(all, func(x, y holding) int { return cmp.Or(cmp.Compare(x.term, y.term), cmp.Compare(x.record, y.record)) })
	var runs [][]holding
	for from, to := 0, 0; from < len(all); from = to {
		for to < len(all) && all[to].term == all[from].term {
			to++
		}
		if n := to - from; n > 1 && n <= maxBlock {
			runs = append(runs, all[from:to])
		}
	}
	return runs
}

func appendPairs(pairs []uint64, list []holding) []uint64 {
	for i, a := range list {
		for _, b := range list[i+1:] {
			pairs = append(pairs, uint64(a.record)<<32|uint64(b.record))
		}
	}
	return pairs
}

// scatter is the finalizer of MurmurHash3.
func scatter(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// within draws pairs of records that share what a comparison is within.
func (t *trainer) within(k int) *sampled {
	const most = maxRandom / 4
	if list, ok := t.inner[k]; ok {
		return &list
	}
	groups := groupBy(t.facts, t.fields[k].given)
	r := rand.New(rand.NewPCG(3, 4))
	r.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	var list sampled
	for _, g := range groups {
		t.addSome(&list, g, r)
		if len(list.pairs) > most {
			break
		}
	}
	t.inner[k] = list
	return &list
}

// addSome adds pairs of a group: all of a small one, some for each record of a large one.
func (t *trainer) addSome(list *sampled, group []int32, r *rand.Rand) {
	const partners = 10
	for i, a := range group {
		rest := group[i+1:]
		for n := range min(partners, len(rest)) {
			if len(rest) > partners {
				n = r.IntN(len(rest))
			}
			t.add(list, a, rest[n])
		}
	}
}

// groupBy lists the records that share a value, by value.
func groupBy(facts []*compare.Facts, values func(*compare.Facts) []string) [][]int32 {
	at := map[string]int{}
	var groups [][]int32
	for i, f := range facts {
		for _, v := range values(f) {
			n, ok := at[v]
			if !ok {
				n = len(groups)
				at[v] = n
				groups = append(groups, nil)
			}
			groups[n] = append(groups[n], int32(i))
		}
	}
	return groups
}
