package identity

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
)

// Merge returns the golden record of one cluster of records of a kind. Its content depends on the set of sources and on
// s only, not on their order; nil means the built-in rules. What a person said (ManualConnection) comes first. Among
// the other live records that claim something:
//
//   - a record that says "empty" silences older records of the same object and connection, nobody else;
//   - then the rules of the field decide, see Survivorship.
//
// When no record but manual ones is live, the customer is gone, whatever people said of it. With one live record the
// result is its profile, not a copy.
func Merge(kind canonical.Kind, sources []Source, s *Survivorship) Golden {
	s = s.orBuiltin()
	g := Golden{Kind: kind, Sources: sources, sole: -1, by: s}
	manual, kept := 0, false
	for i := range sources {
		kept = kept || sources[i].Consents != nil
		switch {
		case !sources[i].Live:
		case isManual(sources[i].Ref):
			manual++
		default:
			g.live++
			g.sole = i
		}
	}
	if g.live == 0 {
		g.sole = -1
		return g
	}
	if g.live == 1 && manual == 0 && !kept && !s.restricted[kind] && settled(sources[g.sole].Profile) {
		g.Fields = sources[g.sole].Profile.Fields
		return g
	}
	g.sole = -1
	m := newMerger(&g)
	names := m.names()
	g.Fields = make([]canonical.Field, 0, len(names))
	for _, name := range names {
		if value := m.field(name); !canonical.IsNull(value) && value != nil {
			g.Fields = append(g.Fields, canonical.Field{Name: name, Value: value})
		}
	}
	return g
}

// merger decides about the fields of one golden record, one after the other.
type merger struct {
	kind    canonical.Kind
	sources []Source
	s       *Survivorship
	ranked  []int    // live sources, newest first, smallest ref first
	all     []string // what any source claims, ascending; see names
	groups  map[string]*group
	claims  []Claim // of the field being decided; used again for the next
	trace   *trace  // what happened to them; nil when nobody asks
}

func newMerger(g *Golden) *merger {
	m := &merger{kind: g.Kind, sources: g.Sources, s: g.by.orBuiltin(), ranked: make([]int, 0, len(g.Sources))}
	for i := range m.sources {
		if m.sources[i].Live {
			m.ranked = append(m.ranked, i)
		}
	}
	slices.SortFunc(m.ranked, func(a, b int) int {
		x, y := &m.sources[a], &m.sources[b]
		return cmp.Or(y.Version.Compare(x.Version), strings.Compare(x.Ref, y.Ref))
	})
	return m
}

// names lists what any source claims, ascending.
func (m *merger) names() []string {
	if m.all != nil {
		return m.all
	}
	n := 0
	for _, i := range m.ranked {
		n += len(m.sources[i].Profile.Fields)
	}
	names := make([]string, 0, n)
	for _, i := range m.ranked {
		for f := range m.sources[i].Profile.Fields {
			names = append(names, m.sources[i].Profile.Fields[f].Name)
		}
	}
	if m.kept() {
		names = append(names, consentsField)
	}
	slices.Sort(names)
	m.all = slices.Compact(names)
	return m.all
}

// gather appends what counts for a field to list, newest first: of people if they said anything, else of all sources
// that are heard. manual says which.
func (m *merger) gather(list []Claim, p *plan) (_ []Claim, manual bool) {
	from := len(list)
	silent := silence{}
	for _, i := range m.ranked {
		value := m.sources[i].Profile.Get(p.name)
		if value == nil {
			continue
		}
		c := Claim{Source: i, Value: value, Asserted: m.asserted(i, p.name)}
		hand := isManual(m.sources[i].Ref)
		switch {
		case hand && !p.restrictive():
			if !manual {
				m.lose(list[from:], Manual)
				list, manual = list[:from], true
			}
			list = append(list, c)
		case manual:
			m.loseOne(c, Manual)
		case p.only != nil && !hand && !m.s.among(p.only, m.sources[i].Ref):
			m.loseOne(c, NotHeard)
		case !p.restrictive() && silent.covers(objectOf(m.sources[i].Ref)):
			m.loseOne(c, Emptied)
		case canonical.IsNull(value) && !p.blank:
			silent.add(objectOf(m.sources[i].Ref))
		default:
			list = append(list, c)
		}
	}
	if p.name == consentsField {
		list = m.keptClaims(list)
	}
	return list, manual
}

// asserted is when a source said what it says of a field: the time of the field when the source tells it, else the
// vendor's stamp of the record.
func (m *merger) asserted(source int, field string) time.Time {
	if s := &m.sources[source]; len(s.Profile.Times) > 0 {
		if at := s.Profile.AssertedAt(field); !at.IsZero() {
			return at
		}
	}
	return m.sources[source].Version
}

// silence is the objects whose older records do not count for a field any more.
type silence struct{ objects []string }

func (s *silence) covers(object string) bool { return slices.Contains(s.objects, object) }
func (s *silence) add(object string)         { s.objects = append(s.objects, object) }

// field returns what a field survives with, nil when nothing does.
func (m *merger) field(name string) []byte {
	p := m.s.plan(m.kind, name)
	claims, manual := m.gather(m.claims[:0], p)
	m.claims = claims
	switch {
	case len(claims) == 0:
		return nil
	case manual:
		return m.conclude(p, claims, []Rule{LastUpdated}, Manual)
	case p.group != "":
		return m.whole(p, claims)
	case p.def.Type == canonical.Permissions:
		return m.permissions(claims)
	case m.trace == nil && sameValue(claims):
		return claims[0].Value
	}
	if len(p.owner) > 0 {
		claims = m.keep(OwnerSource, p, claims)
	}
	if at := slices.Index(p.rules, Union); at >= 0 && isUnited(p.def.Type) {
		return m.union(p, m.narrow(p, claims, p.rules[:at]))
	}
	return m.conclude(p, claims, p.rules, 0)
}

// conclude chooses one claim. By, when not 0, is what is told to have decided.
func (m *merger) conclude(p *plan, claims []Claim, list []Rule, by Rule) []byte {
	c := m.one(p, claims, list)
	if m.trace != nil {
		m.trace.won(c, by)
	}
	return c.Value
}

// one chooses one of several claims.
func (m *merger) one(p *plan, claims []Claim, list []Rule) Claim {
	return m.keep(SmallestRef, p, m.narrow(p, claims, list))[0]
}

// union unites the claims that are left.
func (m *merger) union(p *plan, claims []Claim) []byte {
	value := claims[0].Value
	if !slices.ContainsFunc(claims[1:], func(c Claim) bool { return !bytes.Equal(c.Value, value) }) {
		if m.trace != nil {
			m.trace.united(p, value, claims)
		}
		return value
	}
	united := unite(p.def.Type, claims)
	if m.trace != nil {
		m.trace.united(p, united, claims)
	}
	return united
}

// lose notes what claims were lost to, when somebody wants to know.
func (m *merger) lose(claims []Claim, to Rule) {
	for _, c := range claims {
		m.loseOne(c, to)
	}
}

func (m *merger) loseOne(c Claim, to Rule) {
	if m.trace != nil && !canonical.IsNull(c.Value) {
		m.trace.lost = append(m.trace.lost, loss{c, to})
	}
}
