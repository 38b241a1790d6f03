package score

import (
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// The bounds of training.
const (
	maxRandom  = 1 << 19 // random pairs
	maxNear    = 1 << 20 // pairs that share a block
	maxBlock   = 50      // records that share a term; beyond it the term is passed over, as in the ledger
	maxSchemes = 16      // of identifiers
	maxOthers  = 64      // further attributes
	fewest     = 20      // records below which nothing can be learnt
	passes     = 3
)

// Train learns a model from records of one kind, which the caller has sorted by something that is theirs: the same
// records in the same order give the same model, whatever the machine. at is when, for the file. From fewer than 20
// records nothing can be learnt; the model then has the built-in parameters.
func Train(kind canonical.Kind, facts []*compare.Facts, at time.Time) *Model {
	t := newTrainer(kind, facts)
	if len(facts) >= fewest {
		t.learn()
	}
	m := t.model()
	m.trained.At = at
	m.seal()
	return m
}

// Default returns the model with the built-in parameters.
func Default(kind canonical.Kind) *Model { return Train(kind, nil, time.Time{}) }

// trainer holds the state of one training.
type trainer struct {
	kind   canonical.Kind
	facts  []*compare.Facts
	fields []field
	prior  float64 // probability that any two records are the same
	home   float64 // see Model

	random, near sampled
	inner        map[int]sampled // of the comparisons within something narrower, by their place
	cluster      []int32         // of each record, as the parameters so far have it
	learnt       bool
}

func newTrainer(kind canonical.Kind, facts []*compare.Facts) *trainer {
	t := &trainer{kind: kind, facts: facts, prior: unlearntPrior, home: homeAlone, inner: map[int]sampled{}}
	schemes, others := attributes(facts)
	for _, c := range comparisons(kind, schemes, others) {
		t.fields = append(t.fields, newField(c))
	}
	t.cluster = identical(facts)
	return t
}

// learn goes back and forth between the parameters and who is the same: frequencies and chance agreement are those of
// different customers, which are known better in each pass.
func (t *trainer) learn() {
	t.sampleRandom()
	for pass := range passes {
		t.frequencies()
		t.learnU()
		if pass == 0 {
			t.sampleNear()
		}
		t.maximize()
		t.households()
		t.divide()
	}
	t.learnt = true
}

// attributes lists the schemes of identifiers and the further attributes that occur, sorted.
func attributes(facts []*compare.Facts) (schemes, others []string) {
	seen := map[string]bool{}
	for _, f := range facts {
		for _, id := range f.IDs {
			if scheme, _, ok := strings.Cut(id, ":"); ok && !seen[id[:len(scheme)+1]] {
				seen[id[:len(scheme)+1]] = true
				schemes = append(schemes, scheme)
			}
		}
		for _, o := range f.Others {
			if !seen[o.Name] {
				seen[o.Name] = true
				others = append(others, o.Name)
			}
		}
	}
	slices.Sort(schemes)
	slices.Sort(others)
	return schemes[:min(len(schemes), maxSchemes)], others[:min(len(others), maxOthers)]
}

// identical gives records that say exactly the same the number of their first: a row that was exported twice is no
// second customer.
func identical(facts []*compare.Facts) []int32 {
	cluster := make([]int32, len(facts))
	first := map[string]int32{}
	for i, f := range facts {
		key := signature(f)
		at, ok := first[key]
		if !ok {
			at = int32(i)
			first[key] = at
		}
		cluster[i] = at
	}
	return cluster
}

func signature(f *compare.Facts) string {
	parts := []string{f.Given, f.Family, f.Born, f.Number, f.Road, f.Place, f.Locality, f.Region, f.Postcode, f.Country, f.Company, f.Organization}
	for _, list := range [...][]string{f.Name, f.Emails, f.Phones, f.IDs, f.Domains} {
		parts = append(parts, strings.Join(list, "\x01"))
	}
	for _, o := range f.Others {
		parts = append(parts, o.Name, o.Value)
	}
	return strings.Join(parts, "\x00")
}

// divide joins what is very likely the same.
func (t *trainer) divide() {
	parent := slices.Clone(t.cluster)
	root := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	t.expect()
	for i := range t.near.pairs {
		if s := &t.near.pairs[i]; s.p >= .9 {
			a, b := root(s.a), root(s.b)
			parent[max(a, b)] = min(a, b)
		}
	}
	for i := range parent {
		parent[i] = root(int32(i))
	}
	t.cluster = parent
}
