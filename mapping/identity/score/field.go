package score

import (
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// comparison is one field that two records are compared in. Its levels go from the best agreement to "differs".
type comparison struct {
	name   string
	levels []string
	// level returns how the two agree, or unknown.
	level func(p *pair) int8
	// shared returns the value that both have at level 0, and values all values of a record: how common a value is
	// corrects what its agreement is worth. Both are nil for a field that has too few values for that to matter.
	shared func(p *pair) string
	values func(f *compare.Facts) []string
	// group names the fields that often agree together without the two being the same, as the address of a household.
	group group
	// given returns the values of which two records share one when the comparison is made only within something narrower;
	// nil for a comparison of any two.
	given func(f *compare.Facts) []string
	fixed bool // not learnt
	other bool // a further attribute
	// m is the built-in share of each level among pairs that are the same, u among pairs that are not.
	m, u []float64
}

// unknown is the level when one of the two does not say: no evidence.
const unknown int8 = -1

// group says whom a field is about.
type group uint8

const (
	family group = iota // shared with relatives, as homes are
	self                // the person's or the organization's own
	home                // shared by a household, a building
	work                // shared by colleagues
	groups
)

// pair is two records being compared. turned says that the given name of one is the family name of the other.
type pair struct {
	a, b   *compare.Facts
	turned bool
}

// comparisons returns the fields of a kind, with one for each scheme of identifiers and each further attribute.
func comparisons(kind canonical.Kind, schemes, others []string) []comparison {
	list := organizationFields
	if kind == canonical.Person {
		list = personFields
	}
	list = append(list[:len(list):len(list)], addressFields...)
	for _, s := range schemes {
		list = append(list, identifierField(s))
	}
	for _, name := range others {
		list = append(list, otherField(name))
	}
	return list
}

const identifierPrefix = "identifiers."

// identifierField compares the identifiers of one scheme: the best agreement of any two.
func identifierField(scheme string) comparison {
	prefix := scheme + ":"
	of := func(f *compare.Facts) []string {
		var list []string
		for _, id := range f.IDs {
			if strings.HasPrefix(id, prefix) {
				list = append(list, id)
			}
		}
		return list
	}
	return comparison{
		name: identifierPrefix + scheme, group: self, levels: []string{"exact", "one character off", "two characters off", "differs"},
		level:  func(p *pair) int8 { return best(p.a.IDs, p.b.IDs, prefix, nearID) },
		shared: func(p *pair) string { return sharedWith(p.a.IDs, p.b.IDs, prefix) }, values: of,
		m: []float64{.9, .05, .02, .03}, u: []float64{1e-5, 1e-4, 1e-3, .9989},
	}
}

func nearID(a, b string) int8 { return int8(compare.Distance(a, b, 2)) }

// otherField compares a field that has no meaning here as a text.
func otherField(name string) comparison {
	return comparison{
		name: name, group: self, other: true, levels: []string{"exact", "one character off", "close", "alike", "differs"},
		level:  func(p *pair) int8 { return nearText(p.a.Other(name), p.b.Other(name)) },
		shared: func(p *pair) string { return p.a.Other(name) },
		values: func(f *compare.Facts) []string { return one(f.Other(name)) },
		m:      []float64{.8, .05, .03, .02, .1}, u: []float64{.01, .001, .002, .02, .967},
	}
}

// nearText compares two texts of an unknown nature: a code as well as a name.
func nearText(a, b string) int8 {
	switch {
	case a == "" || b == "":
		return unknown
	case a == b:
		return 0
	case len(a) > 3 && len(b) > 3 && compare.Distance(a, b, 1) == 1:
		return 1
	}
	switch likeness := compare.JaroWinkler(a, b); {
	case likeness >= .9:
		return 2
	case likeness >= .75:
		return 3
	}
	return 4
}

// best returns the lowest level of any element of one list with any of the other; unknown when one has none. Only
// elements with the prefix count.
func best(a, b []string, prefix string, level func(a, b string) int8) int8 {
	found := unknown
	for _, x := range a {
		if !strings.HasPrefix(x, prefix) {
			continue
		}
		for _, y := range b {
			if !strings.HasPrefix(y, prefix) {
				continue
			}
			if l := level(x, y); found == unknown || l < found {
				found = l
			}
		}
	}
	return found
}

// sharedWith returns the smallest element with the prefix that both lists have.
func sharedWith(a, b []string, prefix string) string {
	least := ""
	for _, x := range a {
		if !strings.HasPrefix(x, prefix) || least != "" && x >= least {
			continue
		}
		for _, y := range b {
			if x == y {
				least = x
			}
		}
	}
	return least
}

func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// newPair finds out whether the names of two people are exchanged. The one that is smaller by its names comes first
// then, so that a pair is judged alike in both orders.
func newPair(kind canonical.Kind, a, b *compare.Facts) pair {
	if kind != canonical.Person || !turned(a, b) {
		return pair{a: a, b: b}
	}
	if a.Given > b.Given || a.Given == b.Given && a.Family > b.Family {
		a, b = b, a
	}
	return pair{a: a, b: b, turned: true}
}
