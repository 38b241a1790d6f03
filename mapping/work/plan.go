package work

import (
	"slices"

	"github.com/millrace/millrace/mapping/internal/formula"
)

// formulas lists all expressions of a rule but `when`.
func (r *rule) formulas() []*formula.Formula {
	var list []*formula.Formula
	for key, f := range r.parts {
		if key != "when" && f != nil {
			list = append(list, f)
		}
	}
	for _, f := range r.field {
		if f.value != nil {
			list = append(list, f.value)
		}
	}
	return list
}

// reads notes which names of the environment the rule reads: those of `when` are loaded first, the others only when
// it says yes.
func (r *rule) reads() {
	env := environment(r.kind)
	add := func(list []string, f *formula.Formula) []string {
		for _, name := range f.Names() {
			if _, known := env[name]; known && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
		return list
	}
	if r.when != nil {
		r.first = add(nil, r.when)
	}
	for _, f := range r.formulas() {
		r.rest = add(r.rest, f)
	}
	slices.Sort(r.rest)
}

// plan joins what the rules of each kind read, so that an entity is prepared once for all of them and only as far as
// it is read.
func (r *Rules) plan() {
	for _, one := range r.rules {
		p := r.plans[one.kind]
		if p == nil {
			p = &plan{members: map[string]wanted{}}
			r.plans[one.kind] = p
		}
		p.rules = append(p.rules, one)
		for _, f := range append(one.formulas(), one.when) {
			if f != nil {
				p.note(f, environmentNames(one))
			}
		}
	}
}

func environmentNames(r *rule) []string { return append(slices.Clone(r.first), r.rest...) }

// note adds the members that an expression reads. A name that is used as a whole, or a list, whose elements' members
// are not followed, is wanted with all members.
func (p *plan) note(f *formula.Formula, known []string) {
	for _, path := range f.Paths() {
		if !slices.Contains(known, path[0]) {
			continue
		}
		members, seen := p.members[path[0]]
		switch {
		case len(path) == 1:
			p.members[path[0]] = nil
		case !seen:
			p.members[path[0]] = wanted{path[1]: true}
		case members != nil:
			members[path[1]] = true
		}
	}
}
