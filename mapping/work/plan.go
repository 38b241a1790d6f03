package work

import (
	"cmp"
	"maps"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/formula"
)

// formulas lists all expressions of a rule but `when` and `since`.
func (r *rule) formulas() []*formula.Formula {
	var list []*formula.Formula
	for key, f := range r.parts {
		if key != "when" && key != "since" && f != nil {
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
	if r.when != nil {
		r.first = addNames(nil, r.kind, r.when)
		r.firstOwn.add(r.kind, r.when)
	}
	if r.since != nil {
		r.begin = addNames(nil, r.kind, r.since)
		r.beginOwn.add(r.kind, r.since)
	}
	for _, f := range r.formulas() {
		r.rest = addNames(r.rest, r.kind, f)
		r.restOwn.add(r.kind, f)
	}
	slices.Sort(r.rest)
}

// addNames adds the names of the environment that an expression reads.
func addNames(list []string, kind canonical.Kind, f *formula.Formula) []string {
	env := environment(kind, true)
	for _, name := range f.Names() {
		if _, known := env[name]; known && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// add notes what an expression reads of the rule's own entity that is derived.
func (o *own) add(kind canonical.Kind, f *formula.Formula) {
	for _, path := range f.Paths() {
		if path[0] != string(kind) {
			continue
		}
		o.won = o.won || kind == canonical.Deal && (len(path) == 1 || path[1] == wonAt)
		if !hasState(kind) {
			continue
		}
		o.contact = o.contact || len(path) == 1 || path[1] == lastContact
		o.answer = o.answer || kind == canonical.Person && (len(path) == 1 || path[1] == unanswered)
		if !derives(path[1:]) {
			continue
		}
		o.state = o.state || len(path) == 1 || path[1] != categoriesName
		o.categories = o.categories || len(path) == 1 || path[1] == categoriesName
	}
}

// with returns what is read by either of two.
func (o own) with(p own) own {
	return own{o.state || p.state, o.categories || p.categories, o.won || p.won, o.contact || p.contact, o.answer || p.answer}
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
		all := one.firstOwn.with(one.beginOwn).with(one.restOwn)
		p.won = p.won || all.won
		p.recent = p.recent || all.contact || all.answer || one.digest != nil
		if all.answer {
			p.answer = max(p.answer, cmp.Or(one.within, answerWithin))
		}
		known := slices.Concat(one.first, one.begin, one.rest)
		for _, f := range append(one.formulas(), one.when, one.since) {
			if f != nil {
				note(read[one.kind], f, known)
			}
		}
		if all.categories {
			r.sort(p, read[one.kind], one.kind)
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

// sort adds what the categories of a kind read to its plan, once.
func (r *Rules) sort(p *plan, read map[string]map[string]bool, kind canonical.Kind) {
	if p.categories != nil {
		return
	}
	for i := range r.categories {
		if c := &r.categories[i]; c.kind == kind {
			p.categories = append(p.categories, c)
			p.categoryNames = addNames(p.categoryNames, kind, c.when)
			note(read, c.when, p.categoryNames)
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
			continue
		case !seen:
			members = map[string]bool{}
			read[path[0]] = members
		case members == nil:
			continue
		}
		members[path[1]] = true
		if derives(path[1:]) {
			members[derived] = true
		}
	}
}
