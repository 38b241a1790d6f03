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
	var list []string
	for _, f := range l.fields {
		named := slices.ContainsFunc(a.volatile, func(v string) bool { return strings.EqualFold(v, o.sobject+"."+f.name) })
		if named || f.calculated && a.maps(o, f.name) {
			list = append(list, f.name)
		}
	}
	return list
}

// maps reports whether the mapping reads a field of an object, or may: one that takes all that customers added names none.
func (a *account) maps(o object, name string) bool {
	if a.mapped == nil {
		return false
	}
	names := a.mapped(o.name)
	return names == nil || slices.ContainsFunc(names, func(pattern string) bool {
		before, after, star := strings.Cut(pattern, "*")
		return pattern == name || star && len(name) > len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
	})
}

// unread returns the names the mapping reads of an object that no row has: they do not exist in this organization, or
// are hidden from the user.
func (a *account) unread(o object, l *layout) []string {
	if a.mapped == nil {
		return nil
	}
	have := l.names()
	if o.person {
		have = append(have, "Account") // only organizations with person accounts have it
	}
	for _, c := range l.children(o) {
		have = append(have, c.relationship)
	}
	for _, c := range o.children {
		if c.instead != "" && l.lists[c.instead] != "" {
			have = append(have, c.usual) // nobody needs it
		}
	}
	return slices.DeleteFunc(slices.Clone(a.mapped(o.name)), func(name string) bool { return slices.Contains(have, name) || strings.Contains(name, "*") })
}
