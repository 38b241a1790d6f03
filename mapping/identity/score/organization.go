package score

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/identity/compare"
)

// organizationFields are the comparisons of organizations besides addresses.
var organizationFields = []comparison{
	{
		name: "name", group: self, levels: []string{"exact", "close", "part", "similar", "alike", "differs"},
		m: []float64{.6, .12, .08, .08, .06, .06}, u: []float64{.001, .0005, .002, .005, .05, .9415},
		level:  func(p *pair) int8 { return nearTitle(p.a.Name, p.b.Name) },
		shared: func(p *pair) string { return strings.Join(p.a.Name, " ") },
		values: func(f *compare.Facts) []string { return one(strings.Join(f.Name, " ")) },
	},
	{
		name: "domains", group: self, levels: []string{"exact", "differs"}, m: []float64{.8, .2}, u: []float64{5e-4, .9995},
		level: func(p *pair) int8 {
			return best(p.a.Domains, p.b.Domains, "", same)
		},
		shared: func(p *pair) string { return sharedWith(p.a.Domains, p.b.Domains, "") },
		values: func(f *compare.Facts) []string { return f.Domains },
	},
	{
		name: "emails", group: self, levels: []string{"exact", "differs"}, m: []float64{.6, .4}, u: []float64{3e-4, .9997},
		level:  func(p *pair) int8 { return best(p.a.Emails, p.b.Emails, "", same) },
		shared: func(p *pair) string { return sharedWith(p.a.Emails, p.b.Emails, "") },
		values: func(f *compare.Facts) []string { return f.Emails },
	},
	phoneField,
}

// nearTitle compares the names of two organizations by their words.
func nearTitle(a, b []string) int8 {
	if len(a) == 0 || len(b) == 0 {
		return unknown
	}
	if slices.Equal(a, b) {
		return 0
	}
	x, y := strings.Join(a, ""), strings.Join(b, "")
	share := compare.Jaccard(a, b)
	switch likeness := compare.JaroWinkler(x, y); {
	case x == y, share == 1:
		return 0
	case share >= .75, likeness >= .95:
		return 1
	case partOf(a, b), partOf(b, a):
		return 2
	case share >= .5, likeness >= .9:
		return 3
	case share >= .25, likeness >= .8:
		return 4
	}
	return 5
}

// partOf reports whether all words of one name, two at least, are in the other.
func partOf(a, b []string) bool {
	return len(a) > 1 && !slices.ContainsFunc(a, func(t string) bool { return !slices.Contains(b, t) })
}
