package work

import (
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/formula"
	"github.com/millrace/millrace/mapping/lifecycle"
)

// Close says what becomes of an item that is no longer wanted, because its entity is gone or a rule's `when` says no.
type Close string

// The ways to close an item.
const (
	CloseComplete Close = "complete" // the default
	CloseDelete   Close = "delete"
	CloseIgnore   Close = "ignore" // left as it is
)

// Rules are checked and compiled rules. They do not change and may be used by several goroutines.
type Rules struct {
	rules   []*rule
	plans   map[canonical.Kind]*plan
	version string
	life    *lifecycle.Settings
	days    days
	// categories are the team's own, and sorting is what they read, for State.
	categories []category
	sorting    map[canonical.Kind]*plan
}

// rule is one compiled rule; a nil formula is one that was not given.
type rule struct {
	name  string
	kind  canonical.Kind
	when  *formula.Formula
	parts map[string]*formula.Formula // by key: project, section, …
	field []fieldRule                 // ordered by name
	close Close
	first []string // names that `when` reads
	begin []string // names that `since` reads
	rest  []string // names that the others read
	// What `when`, `since` and the others read that is derived.
	firstOwn, beginOwn, restOwn own

	once     bool
	since    *formula.Formula // when what the item is made for happened
	after    time.Duration    // how long after that the item is made
	within   time.Duration    // how long after that it may be made, or is there at all when it is not made once
	template string           // the rule whose template the item is a task of, "" = of none
	digest   *formula.Formula // what is told of a day's interactions
}

// own says what is read of the rule's own entity that is not among its fields.
type own struct{ state, categories, won, contact, answer bool }

type fieldRule struct {
	name  string
	kind  connectors.FieldKind
	value *formula.Formula
}

// plan is what the rules of one kind read together.
type plan struct {
	rules   []*rule
	members map[string]*members // by name of the environment
	won     bool                // when the kind's own entity was won is read
	recent  bool                // interactions of the kind's own entity are read
	answer  time.Duration       // how far back unanswered e-mails are looked for
	// categories of the kind, when something reads them, and the names these read.
	categories    []*category
	categoryNames []string
}

// Version returns a hash of the effective rules; items have to be planned again when it changes.
func (r *Rules) Version() string { return r.version }

// Names returns the names of the rules in their order.
func (r *Rules) Names() []string {
	var names []string
	for _, one := range r.rules {
		if name := RuleOf(one.name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// RuleOf returns the name of the rule that an item of a key is of. The key of a template's task names the task after it:
// onboarding.kick-off/deal_….
func RuleOf(key string) string {
	name, _, _ := strings.Cut(key, "/")
	name, _, _ = strings.Cut(name, ".")
	return name
}

// Once reports whether the item of a key is made once and then left to people.
func (r *Rules) Once(key string) bool {
	name, _, _ := strings.Cut(key, "/")
	return slices.ContainsFunc(r.rules, func(one *rule) bool { return one.once && one.name == name })
}

// Closing returns what becomes of the item of a key that Items no longer returns. An item of a rule that is gone is
// completed.
func (r *Rules) Closing(key string) Close {
	name, _, _ := strings.Cut(key, "/")
	for _, one := range r.rules {
		if one.name == name {
			return one.close
		}
	}
	return CloseComplete
}

// Watches says whose items may change when an entity of a kind changes: what the rules read, not what they are found
// to show, so it never changes while the rules stay.
func (r *Rules) Watches(changed canonical.Kind) Reach {
	var reach Reach
	for _, kind := range canonical.Kinds() {
		p := r.plans[kind]
		if p == nil {
			continue
		}
		reach.Own = reach.Own || kind == changed
		p.watch(&reach, kind, changed)
	}
	reach.Referrers, reach.Referenced = slices.Compact(reach.Referrers), slices.Compact(reach.Referenced)
	slices.Sort(reach.Beyond)
	reach.Beyond = slices.Compact(reach.Beyond)
	return reach
}

// watch adds what the rules of one kind read of entities of the changed kind.
func (p *plan) watch(reach *Reach, kind, changed canonical.Kind) {
	if own := p.members[string(kind)]; own != nil && own.derived && slices.Contains(evidenceOf[kind], changed) {
		reach.Referenced = append(reach.Referenced, kind)
	}
	if p.recent {
		p.watchContacts(reach, kind, changed)
	}
	if p.won && changed == canonical.Pipeline { // which says what it means to be won
		reach.Referrers = append(reach.Referrers, kind)
	}
	for _, rel := range relations[kind] {
		m, reads := p.members[rel.name]
		if !reads {
			continue
		}
		if m.derived && rel.shape != stage && slices.Contains(evidenceOf[rel.kind], changed) {
			reach.Beyond = append(reach.Beyond, rel.kind)
		}
		switch {
		case rel.shape == accounts: // an owner's new address is shown with the next change of either
			if changed == canonical.Organization {
				reach.Referrers = append(reach.Referrers, kind)
			}
		case rel.shape == served:
			reach.serve(rel.kind, kind, changed)
		case rel.kind != changed:
		case rel.shape == reverse:
			reach.Referenced = append(reach.Referenced, kind)
		default:
			reach.Referrers = append(reach.Referrers, kind)
		}
	}
}

// serve adds how what a customer's records of one kind show is reached by entities of another: from the records through
// the customer, and from the customer, which may have become one with another.
func (reach *Reach) serve(shown, by, changed canonical.Kind) {
	for _, customer := range []canonical.Kind{canonical.Organization, canonical.Person} {
		switch changed {
		case shown:
			reach.Across = append(reach.Across, Way{customer, by})
		case customer:
			reach.Referrers = append(reach.Referrers, by)
		}
	}
}
