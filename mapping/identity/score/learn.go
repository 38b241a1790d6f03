package score

import (
	"math"

	"github.com/cespare/xxhash/v2"
)

// What is believed before anything is seen, and how many observations it weighs.
const (
	unlearntPrior = 1e-4 // that any two records are the same
	trustM        = 10   // pairs that are the same
	trustU        = 4    // pairs that are not
	trustSame     = 2000 // pairs that could share a value
	ignorance     = 200  // values that could have been any
	maxRounds     = 50   // of expectation and maximization
)

// frequencies counts how common values are, each once for each customer: one who is there ten times does not make a
// name common.
func (t *trainer) frequencies() {
	for k := range t.fields {
		f := &t.fields[k]
		if f.values == nil {
			continue
		}
		if counts, total := t.holders(f); total > 1 {
			f.rarities(counts, float64(total))
		}
	}
}

// holders counts the customers that have a value, by its hash, and all of them.
func (t *trainer) holders(f *field) (counts map[uint64]int, total int) {
	type held struct {
		value   uint64
		cluster int32
	}
	counts = map[uint64]int{}
	seen := map[held]bool{}
	for i, facts := range t.facts {
		for _, v := range f.values(facts) {
			h := held{xxhash.Sum64String(v), t.cluster[i]}
			if !seen[h] {
				seen[h] = true
				counts[h.value]++
				total++
			}
		}
	}
	return counts, total
}

// rarities sets the chance that two customers share a value, and what each value's own frequency adds to that or takes
// away. The holder does not count, so that a value that nobody else was seen with is as rare as ignorance allows.
func (f *field) rarities(counts map[uint64]int, total float64) {
	same := 0.0
	for _, n := range counts {
		same += float64(n) * float64(n-1)
	}
	f.u[0] = (same + trustSame*f.comparison.u[0]) / (total*(total-1) + trustSame)
	bits := func(n int) float32 {
		frequency := (float64(n-1) + max(.5, ignorance*f.u[0])) / (total - 1 + ignorance)
		return float32(math.Round(100*math.Log2(f.u[0]/frequency)) / 100)
	}
	f.rare, f.rarity = bits(1), map[uint64]float32{}
	for h, n := range counts {
		if n >= fewestHolders {
			f.rarity[h] = bits(n)
		}
	}
}

// fewestHolders is how many customers must share a value for its hash to be kept: what only one or two have could be
// found out by trying.
const fewestHolders = 3

// learnU counts how pairs agree by chance, leaving out those of one customer. The exact level of a field with
// frequencies is known better from them.
func (t *trainer) learnU() {
	for k := range t.fields {
		f := &t.fields[k]
		if f.fixed {
			continue
		}
		source := &t.random
		if f.given != nil {
			source = t.within(k)
		}
		counts, total := make([]float64, len(f.u)), float64(trustU)
		for i := range source.pairs {
			s := &source.pairs[i]
			if l := source.row(i)[k]; l != unknown && t.cluster[s.a] != t.cluster[s.b] {
				counts[l]++
				total++
			}
		}
		exact := f.u[0]
		for l := range f.u {
			f.u[l] = (counts[l] + trustU*f.comparison.u[l]) / total
		}
		if f.rarity != nil {
			f.u[0] = exact
		}
		f.weigh()
	}
}

// maximize repeats expectation and maximization until the share of pairs that are the same stands still. All pairs of
// records count: those that share no block are taken to be different.
func (t *trainer) maximize() {
	t.rare()
	n := float64(len(t.facts))
	for range maxRounds {
		prior := (t.expect() + 1) / (n*(n-1)/2 + 1/unlearntPrior)
		change := math.Abs(math.Log(prior / t.prior))
		t.prior = prior
		t.learnM()
		if change < 1e-4 {
			return
		}
	}
}

// rare sets what the rarity of their shared values adds to each near pair.
func (t *trainer) rare() {
	for i := range t.near.pairs {
		s := &t.near.pairs[i]
		p := newPair(t.kind, t.facts[s.a], t.facts[s.b])
		s.rarity = 0
		for k, l := range t.near.row(i) {
			if l == 0 {
				s.rarity += t.fields[k].rareness(&p)
			}
		}
	}
}

// expect sets the probability of each near pair and returns their sum.
func (t *trainer) expect() float64 {
	m := t.model()
	total := 0.0
	for i := range t.near.pairs {
		s := &t.near.pairs[i]
		s.p = result(m.weigh(s.rarity, t.near.row(i))).Probability
		total += s.p
	}
	return total
}

// learnM counts how pairs agree as far as they are the same.
func (t *trainer) learnM() {
	counts := make([][]float64, len(t.fields))
	totals := make([]float64, len(t.fields))
	for k := range t.fields {
		counts[k] = make([]float64, len(t.fields[k].m))
	}
	for i := range t.near.pairs {
		p := t.near.pairs[i].p
		if p < 1e-6 {
			continue
		}
		for k, l := range t.near.row(i) {
			if l != unknown {
				counts[k][l] += p
				totals[k] += p
			}
		}
	}
	for k := range t.fields {
		f := &t.fields[k]
		if f.fixed {
			continue
		}
		for l := range f.m {
			f.m[l] = (counts[k][l] + trustM*f.comparison.m[l]) / (totals[k] + trustM)
		}
		f.weigh()
	}
}

// households looks whether different people live at one address in these records: pairs whose address is the same and
// whose own fields speak against each other. Where there are next to none, an address identifies, and what its fields
// add together is bounded only loosely.
func (t *trainer) households() {
	const near, few = 14.0, .08 // bits; a share
	together, apart := 0.0, 0.0
	for i := range t.near.pairs {
		var sums tally
		for k, l := range t.near.row(i) {
			if l != unknown {
				sums.add(t.fields[k].group, t.fields[k].weight[l])
			}
		}
		if sums.bits[home] < near {
			continue
		}
		together++
		if sums.bits[self] < 0 {
			apart++
		}
	}
	t.home = homeAlone
	if (apart+2)/(together+20) < few {
		t.home = homeMost
	}
}
