package identity

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
)

// Merge returns the golden record of one cluster of records of a kind. Its content depends on the set of sources
// only, not on their order. Per field, among live records that claim something:
//
//   - a record that says "empty" silences older records of the same object and connection, nobody else;
//   - lists are united, ordered by verified, primary, number of sources, recency (references only by recency);
//   - an address, and a deal's or ticket's place in its pipeline, are taken whole from the newest record that has
//     one; a name from the record that has most parts of it, then the newest;
//   - everything else comes from the newest Version, then from the smallest ref.
//
// With one live record the result is its profile, not a copy.
func Merge(kind canonical.Kind, sources []Source) Golden {
	g := Golden{Kind: kind, Sources: sources, sole: -1}
	for i := range sources {
		if sources[i].Live {
			g.live++
			g.sole = i
		}
	}
	if g.live == 0 {
		return g
	}
	if g.live == 1 {
		g.Fields = sources[g.sole].Profile.Fields
		return g
	}
	m := merger{kind: kind, sources: sources, winners: map[string]int{}}
	m.rank()
	names := m.names()
	g.Fields = make([]canonical.Field, 0, len(names))
	g.origins = make([]Origin, 0, len(names))
	for _, name := range names {
		if value, origin := m.field(name); value != nil {
			g.Fields = append(g.Fields, canonical.Field{Name: name, Value: value})
			g.origins = append(g.origins, origin)
		}
	}
	return g
}

type merger struct {
	kind    canonical.Kind
	sources []Source
	ranked  []int          // live sources, newest first, smallest ref first
	winners map[string]int // of groups: the source it is taken from, -1 = none
}

func (m *merger) rank() {
	for i := range m.sources {
		if m.sources[i].Live {
			m.ranked = append(m.ranked, i)
		}
	}
	slices.SortFunc(m.ranked, func(a, b int) int {
		x, y := &m.sources[a], &m.sources[b]
		return cmp.Or(y.Version.Compare(x.Version), strings.Compare(x.Ref, y.Ref))
	})
}

func (m *merger) names() []string {
	var names []string
	for _, i := range m.ranked {
		for _, f := range m.sources[i].Profile.Fields {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// claims returns the values that count for a field, newest first.
func (m *merger) claims(name string) []Claim {
	var claims []Claim
	var silenced []string
	for _, i := range m.ranked {
		value := m.sources[i].Profile.Get(name)
		if value == nil {
			continue
		}
		object := objectOf(m.sources[i].Ref)
		if slices.Contains(silenced, object) {
			continue
		}
		if canonical.IsNull(value) {
			silenced = append(silenced, object)
			continue
		}
		claims = append(claims, Claim{Source: i, Value: value})
	}
	return claims
}

func (m *merger) field(name string) ([]byte, Origin) {
	claims := m.claims(name)
	if len(claims) == 0 {
		return nil, Origin{}
	}
	if group, rule := groupOf(name); group != "" {
		return m.whole(name, group, rule, claims)
	}
	if len(claims) == 1 {
		return claims[0].Value, Origin{Source: claims[0].Source, Rule: Only}
	}
	if def, err := canonical.Lookup(m.kind, name); err == nil {
		if value := unite(def.Type, claims); value != nil {
			return value, Origin{Source: claims[0].Source, Rule: United}
		}
	}
	return claims[0].Value, Origin{Source: claims[0].Source, Rule: Latest, Lost: lost(claims, claims[0])}
}

// whole takes the field from the source that the whole group is taken from.
func (m *merger) whole(name, group string, rule Rule, claims []Claim) ([]byte, Origin) {
	winner := m.winner(group, rule)
	for _, c := range claims {
		if c.Source == winner {
			if len(claims) == 1 {
				rule = Only
			}
			return c.Value, Origin{Source: winner, Rule: rule, Lost: lost(claims, c)}
		}
	}
	return nil, Origin{}
}

func (m *merger) winner(group string, rule Rule) int {
	if winner, ok := m.winners[group]; ok {
		return winner
	}
	parts := map[int]int{}
	for _, name := range m.names() {
		if g, _ := groupOf(name); g == group {
			for _, c := range m.claims(name) {
				parts[c.Source]++
			}
		}
	}
	winner := -1
	for _, i := range m.ranked {
		if parts[i] > 0 && (winner < 0 || rule == Complete && parts[i] > parts[winner]) {
			winner = i
		}
	}
	m.winners[group] = winner
	return winner
}

// groupOf returns the group of fields that belong together, "" for a field that stands alone.
func groupOf(name string) (string, Rule) {
	switch {
	case strings.HasPrefix(name, "address."):
		return "address", Whole
	case strings.HasPrefix(name, "name."):
		return "name", Complete
	case name == "pipeline", name == "stage", name == "status", name == "probability":
		return "stage", Whole
	}
	return "", 0
}

// lost lists the claims that differ from the surviving one, newest first, each value once.
func lost(claims []Claim, winner Claim) []Claim {
	var list []Claim
	for _, c := range claims {
		known := bytes.Equal(c.Value, winner.Value) || slices.ContainsFunc(list, func(o Claim) bool { return bytes.Equal(o.Value, c.Value) })
		if !known && len(list) < MaxLost {
			list = append(list, c)
		}
	}
	return list
}
