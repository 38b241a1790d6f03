package score

import (
	"strings"

	"github.com/millrace/millrace/mapping/identity/compare"
)

var (
	nameLevels = []string{"exact", "close", "similar", "alike", "differs"}
	nameM      = []float64{.85, .05, .02, .03, .05}
	nameU      = []float64{.005, .003, .003, .05, .939}
)

// personFields are the comparisons of people besides addresses.
var personFields = []comparison{
	{
		name: "name.given", group: self, levels: nameLevels, m: nameM, u: nameU,
		level: func(p *pair) int8 {
			if p.turned {
				return nearName(p.a.Given, p.b.Family)
			}
			return nearName(p.a.Given, p.b.Given)
		},
		shared: func(p *pair) string { return p.a.Given },
		values: func(f *compare.Facts) []string { return one(f.Given) },
	},
	{
		name: "name.family", levels: nameLevels, m: nameM, u: nameU,
		level: func(p *pair) int8 {
			if p.turned {
				return nearName(p.a.Family, p.b.Given)
			}
			return nearName(p.a.Family, p.b.Family)
		},
		shared: func(p *pair) string { return p.a.Family },
		values: func(f *compare.Facts) []string { return one(f.Family) },
	},
	{
		name: "name order", fixed: true, levels: []string{"kept", "exchanged"}, m: []float64{.5, .05}, u: []float64{.5, .5},
		level: func(p *pair) int8 {
			switch {
			case p.turned:
				return 1
			case p.a.Given == "" || p.a.Family == "" || p.b.Given == "" || p.b.Family == "":
				return unknown
			}
			return 0
		},
	},
	{
		name: "birthday", group: self, levels: []string{"exact", "one character off", "one part off", "near", "differs"},
		m: []float64{.88, .05, .02, .01, .04}, u: []float64{5e-5, 1e-3, 5e-3, 3e-2, .964},
		level:  func(p *pair) int8 { return nearDate(p.a.Born, p.b.Born) },
		shared: func(p *pair) string { return p.a.Born },
		values: func(f *compare.Facts) []string { return one(f.Born) },
	},
	emailField(false),
	emailField(true),
	phoneField,
	{
		name: "company", levels: []string{"exact", "close", "differs"}, group: work,
		m: []float64{.75, .1, .15}, u: []float64{.002, .002, .996},
		level:  func(p *pair) int8 { return nearWord(p.a.Company, p.b.Company) },
		shared: func(p *pair) string { return p.a.Company },
		values: func(f *compare.Facts) []string { return one(f.Company) },
	},
	{
		name: "organization", levels: []string{"exact", "differs"}, group: work, m: []float64{.9, .1}, u: []float64{.002, .998},
		level:  func(p *pair) int8 { return same(p.a.Organization, p.b.Organization) },
		shared: func(p *pair) string { return p.a.Organization },
		values: func(f *compare.Facts) []string { return one(f.Organization) },
	},
}

// turned reports whether the names of two people fit clearly better with given and family name exchanged in one.
func turned(a, b *compare.Facts) bool {
	if a.Given == b.Given && a.Given != "" || a.Family == b.Family && a.Family != "" {
		return false
	}
	crossed, known := fit(a.Given, b.Family)
	crossed2, known2 := fit(a.Family, b.Given)
	if !known && !known2 || crossed < 0 || crossed2 < 0 {
		return false
	}
	straight, _ := fit(a.Given, b.Given)
	straight2, _ := fit(a.Family, b.Family)
	return crossed+crossed2 > max(straight, 0)+max(straight2, 0)
}

// fit returns 1 for two names that are close, 0 when one is not known, -1 when they differ.
func fit(a, b string) (n int, known bool) {
	switch {
	case a == "" || b == "":
		return 0, false
	case a == b || a[0] == b[0] && compare.JaroWinkler(a, b) >= .88:
		return 1, true
	}
	return -1, true
}

func nearName(a, b string) int8 {
	switch {
	case a == "" || b == "":
		return unknown
	case a == b:
		return 0
	case len(a) == 1 && b[0] == a[0], len(b) == 1 && a[0] == b[0]:
		return 2 // an initial
	}
	switch likeness := compare.JaroWinkler(a, b); {
	case likeness >= .92:
		return 1
	case likeness >= .88:
		return 2
	case likeness >= .70:
		return 3
	}
	return 4
}

// nearDate compares two dates as people get them wrong: a character, one of day, month and year, day and month
// exchanged; or a date within a year or ten years and some days off.
func nearDate(a, b string) int8 {
	if a == "" || b == "" {
		return unknown
	}
	if a == b {
		return 0
	}
	distance := compare.Distance(a, b, 2)
	equal := 0
	for _, part := range [...][2]int{{0, 4}, {4, 6}, {6, 8}} {
		if a[part[0]:part[1]] == b[part[0]:part[1]] {
			equal++
		}
	}
	switch {
	case distance == 1:
		return 1
	case equal == 2, a[:4] == b[:4] && a[4:6] == b[6:] && a[6:] == b[4:6], distance == 2 && equal == 1:
		return 2
	case nearDays(a, b):
		return 3
	}
	return 4
}

func nearDays(a, b string) bool {
	x, y := days(a), days(b)
	off := x - y
	if off < 0 {
		off = -off
	}
	const year, some = 365, 40
	return off <= year+some || off >= 10*year-some && off <= 10*year+3+some
}

// days counts the days of a date yyyymmdd since some day, closely enough.
func days(s string) int {
	n := func(s string) int {
		v := 0
		for i := range len(s) {
			v = v*10 + int(s[i]-'0')
		}
		return v
	}
	return n(s[:4])*365 + n(s[:4])/4 + n(s[4:6])*30 + n(s[4:6])/2 + n(s[6:])
}

// emailField compares addresses. They are made of names as a rule, so those of people who share a name are alike anyway
// and are a comparison of their own.
func emailField(within bool) comparison {
	c := comparison{
		name: "emails", group: self, levels: []string{"exact", "close", "same mailbox name", "similar", "differs"},
		m: []float64{.8, .04, .05, .03, .08}, u: []float64{5e-5, 1e-5, 2e-4, 2e-3, .9977},
		shared: func(p *pair) string { return sharedWith(p.a.Emails, p.b.Emails, "") },
		values: func(f *compare.Facts) []string { return f.Emails },
	}
	if within {
		c.name += inside
		c.u = []float64{1e-4, 1e-4, 5e-3, .1, .8948}
		c.given = func(f *compare.Facts) []string { return append(one(f.Given), one(f.Family)...) }
	}
	c.level = func(p *pair) int8 {
		if namesake(p) != within {
			return unknown
		}
		return best(p.a.Emails, p.b.Emails, "", nearEmail)
	}
	return c
}

// namesake reports whether two people share a name.
func namesake(p *pair) bool {
	a, b := p.a, p.b
	return a.Given != "" && (a.Given == b.Given || a.Given == b.Family) || a.Family != "" && (a.Family == b.Family || a.Family == b.Given)
}

func nearEmail(a, b string) int8 {
	if a == b {
		return 0
	}
	if compare.Distance(a, b, 2) <= 2 {
		return 1
	}
	localA, _, _ := strings.Cut(a, "@")
	localB, _, _ := strings.Cut(b, "@")
	switch {
	case localA == localB:
		return 2
	case compare.JaroWinkler(localA, localB) >= .88:
		return 3
	}
	return 4
}

func same(a, b string) int8 {
	switch {
	case a == "" || b == "":
		return unknown
	case a == b:
		return 0
	}
	return 1
}

// nearWord has two degrees of agreement.
func nearWord(a, b string) int8 {
	switch {
	case a == "" || b == "":
		return unknown
	case a == b:
		return 0
	case compare.JaroWinkler(a, b) >= .92:
		return 1
	}
	return 2
}
