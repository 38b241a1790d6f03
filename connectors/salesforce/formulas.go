package salesforce

import (
	"slices"
	"strings"
)

// Formulas and roll-ups are computed when they are read. When what they are computed from changes, the row's stamp stays,
// and no poll sees it (heroku roadmap #319). Some standard fields behave so without describe saying it
// (estuary/connectors PR 3414); the setting `volatile` names those.

// unstamped returns the fields the mapping reads of an object that change without a stamp.
func (a *account) unstamped(o object, l *layout) []string {
	mapped := a.mapped(o.name)
	var list []string
	for _, f := range l.fields {
		named := slices.ContainsFunc(a.volatile, func(v string) bool { return strings.EqualFold(v, o.sobject+"."+f.name) })
		if named || f.calculated && slices.Contains(mapped, f.name) {
			list = append(list, f.name)
		}
	}
	return list
}

// unread returns the names the mapping reads of an object that no row has: they do not exist in this organization, or
// are hidden from the user.
func (a *account) unread(o object, l *layout) []string {
	have := l.names()
	parent, _, _ := strings.Cut(l.parent, ".")
	have = append(have, parent)
	for _, c := range l.children(o) {
		have = append(have, c.relationship)
	}
	return slices.DeleteFunc(slices.Clone(a.mapped(o.name)), func(name string) bool { return slices.Contains(have, name) })
}
