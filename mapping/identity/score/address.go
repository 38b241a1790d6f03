package score

import "github.com/millrace/millrace/mapping/identity/compare"

// phoneField compares the numbers of people and organizations.
var phoneField = comparison{
	name: "phones", group: self, levels: []string{"exact", "same end", "one digit off", "differs"},
	m: []float64{.75, .05, .03, .17}, u: []float64{2e-4, 1e-5, 1e-4, .9997},
	level:  func(p *pair) int8 { return best(p.a.Phones, p.b.Phones, "", nearPhone) },
	shared: func(p *pair) string { return sharedWith(p.a.Phones, p.b.Phones, "") },
	values: func(f *compare.Facts) []string { return f.Phones },
}

// nearPhone takes two numbers with seven equal last digits for one that is written with and without its area or
// country.
func nearPhone(a, b string) int8 {
	switch {
	case a == b:
		return 0
	case len(a) >= 7 && len(b) >= 7 && len(a) != len(b) && a[len(a)-7:] == b[len(b)-7:]:
		return 1
	case compare.Distance(a, b, 1) == 1:
		return 2
	}
	return 3
}

// addressFields are the comparisons of addresses. What lies in the same narrower place lies in the same wider one, so the
// wider is a comparison of its own then, and worth what it tells beyond: nothing as a rule.
var addressFields = []comparison{
	{
		name: "address.street", levels: nameLevels, group: home, m: []float64{.75, .1, .03, .04, .08}, u: []float64{.002, .001, .002, .1, .895},
		level:  func(p *pair) int8 { return nearName(p.a.Road, p.b.Road) },
		shared: func(p *pair) string { return p.a.Road },
		values: func(f *compare.Facts) []string { return one(f.Road) },
	},
	{
		name: "address.number", levels: []string{"exact", "close", "differs"}, group: home, m: []float64{.82, .06, .12}, u: []float64{.015, .1, .885},
		level: func(p *pair) int8 {
			if p.a.Number == "" || p.b.Number == "" {
				return unknown
			}
			return int8(compare.Distance(p.a.Number, p.b.Number, 1))
		},
		shared: func(p *pair) string { return p.a.Number },
		values: func(f *compare.Facts) []string { return one(f.Number) },
	},
	{
		name: "address.place", levels: nameLevels, group: home, m: []float64{.7, .08, .04, .06, .12}, u: []float64{.005, .001, .003, .05, .941},
		level:  func(p *pair) int8 { return nearName(p.a.Place, p.b.Place) },
		shared: func(p *pair) string { return p.a.Place },
		values: func(f *compare.Facts) []string { return one(f.Place) },
	},
	{
		name: "address.postcode", levels: []string{"exact", "one character off", "two characters off", "differs"}, group: home,
		m: []float64{.83, .06, .02, .09}, u: []float64{.003, .02, .1, .877},
		level: func(p *pair) int8 {
			if p.a.Postcode == "" || p.b.Postcode == "" {
				return unknown
			}
			return int8(compare.Distance(p.a.Postcode, p.b.Postcode, 2))
		},
		shared: func(p *pair) string { return p.a.Postcode },
		values: func(f *compare.Facts) []string { return one(f.Postcode) },
	},
	wider("address.locality", false, samePostcode, func(f *compare.Facts) string { return f.Locality }),
	wider("address.locality", true, samePostcode, func(f *compare.Facts) string { return f.Locality }),
	wider("address.region", false, sameTown, func(f *compare.Facts) string { return f.Region }),
	wider("address.region", true, sameTown, func(f *compare.Facts) string { return f.Region }),
	wider("address.country", false, sameRegion, func(f *compare.Facts) string { return f.Country }),
	wider("address.country", true, sameRegion, func(f *compare.Facts) string { return f.Country }),
}

// inside ends the name of a comparison that is made only when the narrower place is the same.
const inside = " within one"

// wider compares a place for pairs that share the narrower one (within), or for those that do not.
func wider(name string, within bool, narrower func(p *pair) bool, value func(f *compare.Facts) string) comparison {
	c := comparison{name: name, levels: []string{"exact", "close", "alike", "differs"}, group: home}
	c.m, c.u = []float64{.8, .06, .04, .1}, []float64{.05, .01, .05, .89}
	if within {
		c.name += inside
		c.given = places
		c.m, c.u = []float64{.95, .03, .01, .01}, []float64{.9, .02, .02, .06}
	} else {
		c.shared = func(p *pair) string { return value(p.a) }
		c.values = func(f *compare.Facts) []string { return one(value(f)) }
	}
	c.level = func(p *pair) int8 {
		a, b := value(p.a), value(p.b)
		if a == "" || b == "" || narrower(p) != within {
			return unknown
		}
		if a == b {
			return 0
		}
		switch likeness := compare.JaroWinkler(a, b); {
		case likeness >= .9:
			return 1
		case likeness >= .75:
			return 2
		}
		return 3
	}
	return c
}

func places(f *compare.Facts) []string { return one(f.Postcode) }

func samePostcode(p *pair) bool { return p.a.Postcode != "" && p.a.Postcode == p.b.Postcode }

func sameTown(p *pair) bool {
	return samePostcode(p) || p.a.Locality != "" && p.a.Locality == p.b.Locality
}

func sameRegion(p *pair) bool { return sameTown(p) || p.a.Region != "" && p.a.Region == p.b.Region }
