package work

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/expr-lang/expr/types"

	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/formula"
	"github.com/millrace/millrace/mapping/internal/tree"
	"github.com/millrace/millrace/mapping/lifecycle"
)

// categoriesName is the member of a rule's own person or organization that lists its categories.
const categoriesName = "categories"

// maxCategories bounds the categories of all kinds together.
const maxCategories = 50

// category is one team-defined category: a name and who belongs to it.
type category struct {
	name string
	kind canonical.Kind
	when *formula.Formula
}

// LoadWith is Load with a file of the team's own decisions about the lifecycle and its categories; see lifecycle.Load.
// notes are sentences about what was guessed.
func LoadWith(life mapping.File, files ...mapping.File) (r *Rules, notes []string, err error) {
	settings, notes, err := lifecycle.Load(life.Name, life.Data)
	if err != nil {
		return nil, nil, err
	}
	categories, err := loadCategories(life)
	if err != nil {
		return nil, nil, fmt.Errorf("load categories: %w", err)
	}
	r, err = load(settings, categories, files)
	return r, notes, err
}

func loadCategories(file mapping.File) ([]category, error) {
	n, err := tree.Parse(file.Name, file.Data)
	if err != nil || n.Kind != tree.Map {
		return nil, err
	}
	l := loader{}
	list := n.Get(lifecycle.Categories)
	if list == nil || !list.IsList(&l.report, lifecycle.Categories) {
		return nil, l.report.Err()
	}
	var all []category
	for _, item := range list.Items {
		if c, ok := l.category(item); ok {
			if slices.ContainsFunc(all, func(o category) bool { return o.kind == c.kind && o.name == c.name }) {
				l.report.Addf(item.Pos, "the category %s of %s is here twice", c.name, c.kind)
			}
			all = append(all, c)
		}
	}
	if len(all) > maxCategories {
		l.report.Addf(list.Pos, "there are more than %d categories", maxCategories)
	}
	return all, l.report.Err()
}

func (l *loader) category(n *tree.Node) (c category, ok bool) {
	if !n.IsMap(&l.report, "a category") {
		return c, false
	}
	n.Only(&l.report, "a category", "name", "for", "when")
	name, kind, when := n.Get("name"), n.Get("for"), n.Get("when")
	if name == nil || kind == nil || when == nil {
		l.report.Addf(n.Pos, "a category needs {name: vip, for: organization, when: …}")
		return c, false
	}
	if name.Kind != tree.Scalar || !ruleName.MatchString(name.Text) {
		l.report.Addf(name.Pos, "a category's name has lower-case letters, digits and hyphens, at most 40")
		return c, false
	}
	if !l.report.Known(kind.Pos, "something that has categories", kind.Text, []string{string(canonical.Organization), string(canonical.Person)}) {
		return c, false
	}
	c = category{name: name.Text, kind: canonical.Kind(kind.Text)}
	c.when = l.formulaIn(environment(c.kind, false), "when of the category "+c.name, when, formula.Bool)
	return c, c.when != nil
}

// sortingPlans prepares what the categories of each kind read, for State.
func (r *Rules) sortingPlans() {
	r.sorting = map[canonical.Kind]*plan{}
	for _, kind := range []canonical.Kind{canonical.Person, canonical.Organization} {
		p := &plan{members: map[string]*members{}}
		read := map[string]map[string]bool{}
		for i := range r.categories {
			if c := &r.categories[i]; c.kind == kind {
				p.categories = append(p.categories, c)
				p.categoryNames = addNames(p.categoryNames, kind, c.when)
				note(read, c.when, slices.Collect(maps.Keys(environment(kind, false))))
			}
		}
		for name, wanted := range read {
			p.members[name] = membersOf(kindOf(kind, name), wanted)
		}
		r.sorting[kind] = p
	}
}

// categories returns the names of the categories that the scene's entity is in.
func (s *scene) categories() ([]string, error) {
	list := []string{}
	if len(s.plan.categories) == 0 {
		return list, nil
	}
	if err := s.load(s.plan.categoryNames); err != nil {
		return nil, err
	}
	if m := s.plan.members[string(s.entity.Kind)]; m != nil && m.derived {
		if err := s.deriveOwn(); err != nil {
			return nil, err
		}
	}
	for _, c := range s.plan.categories {
		yes, err := s.run("category "+c.name, c.when)
		if err != nil {
			return nil, err
		}
		if yes == true {
			list = append(list, c.name)
		}
	}
	return list, nil
}

// versionOf hashes what decides about states beside the rules.
func versionOf(rules string, life *lifecycle.Settings) string {
	if life.Version() == "" {
		return rules
	}
	sum := sha256.Sum256([]byte(rules + " " + life.Version()))
	return hex.EncodeToString(sum[:])[:16]
}

// listOfTexts is the type of categories.
var listOfTexts = types.Array(types.String)
