package work

import (
	"maps"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
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
	read := map[canonical.Kind]map[string]map[string]bool{} // kind → name → members; nil members = all
	for _, one := range r.rules {
		p := r.plans[one.kind]
		if p == nil {
			p = &plan{members: map[string]*members{}}
			r.plans[one.kind], read[one.kind] = p, map[string]map[string]bool{}
		}
		p.rules = append(p.rules, one)
		known := append(slices.Clone(one.first), one.rest...)
		for _, f := range append(one.formulas(), one.when) {
			if f != nil {
				note(read[one.kind], f, known)
			}
		}
	}
	for kind, names := range read {
		share(names, "contacts", "person")
		share(names, "pipeline", "stage")
		for name, wanted := range names {
			r.plans[kind].members[name] = membersOf(kindOf(kind, name), wanted)
		}
	}
}

// share prepares an entity once when it is read under two names: the first contact is the person, and the stage is
// one of the pipeline's.
func share(names map[string]map[string]bool, whole, part string) {
	all, readsWhole := names[whole]
	more, readsPart := names[part]
	if !readsWhole || !readsPart || all == nil {
		return
	}
	if part == "stage" {
		more = map[string]bool{"stages": true}
	}
	if more == nil {
		names[whole] = nil
		return
	}
	maps.Copy(all, more)
}

// kindOf returns the kind of the entities that a name stands for.
func kindOf(k canonical.Kind, name string) canonical.Kind {
	for _, rel := range relations[k] {
		if rel.name == name {
			return rel.kind
		}
	}
	return k
}

// note adds the members that an expression reads. A name that is used as a whole is wanted with all members.
func note(read map[string]map[string]bool, f *formula.Formula, known []string) {
	for _, path := range f.Paths() {
		if !slices.Contains(known, path[0]) {
			continue
		}
		members, seen := read[path[0]]
		switch {
		case len(path) == 1:
			read[path[0]] = nil
		case !seen:
			read[path[0]] = map[string]bool{path[1]: true}
		case members != nil:
			members[path[1]] = true
		}
	}
}
