package identity

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/millrace/millrace/mapping/canonical"
)

// group is fields that belong together: they are taken whole from one source.
type group struct {
	order []Claim // the sources that say something of it, best first; Value is all they say of it
	parts map[int]int
	fate  trace
}

// whole takes the field from the source that its group is taken from.
func (m *merger) whole(p *plan, claims []Claim) []byte {
	g := m.group(p)
	for n, chosen := range g.order {
		i := slices.IndexFunc(claims, func(c Claim) bool { return c.Source == chosen.Source })
		if i < 0 || n > 0 && !m.fills(p, g, chosen.Source) {
			continue
		}
		if m.trace != nil {
			m.tell(g, claims, claims[i], n)
		}
		return claims[i].Value
	}
	if m.trace != nil {
		m.tell(g, claims, Claim{Source: -1}, 0)
	}
	return nil
}

// tell explains why the others' claims were not taken.
func (m *merger) tell(g *group, claims []Claim, winner Claim, n int) {
	for _, c := range claims {
		if c.Source == winner.Source {
			continue
		}
		to := SmallestRef
		for _, l := range g.fate.lost {
			if l.claim.Source == c.Source {
				to = l.to
			}
		}
		m.loseOne(c, to)
	}
	switch {
	case winner.Source < 0:
		m.trace.empty = true
	case n > 0:
		m.trace.won(winner, Filled)
	default:
		m.trace.won(winner, 0)
	}
}

// group orders the sources that say something of a field's group.
func (m *merger) group(p *plan) *group {
	if g := m.groups[p.group]; g != nil {
		return g
	}
	g := &group{parts: map[int]int{}}
	left := m.sayings(p, g)
	quiet := merger{kind: m.kind, sources: m.sources, s: m.s, groups: map[string]*group{p.group: g}}
	if m.trace != nil {
		quiet.trace = &g.fate
	}
	if m.trace == nil && sameValue(left) {
		g.order, left = left, nil
	}
	for len(left) > 0 {
		c := quiet.first(p, slices.Clone(left))
		quiet.trace = nil // the fate of the others is decided
		g.order = append(g.order, c)
		left = slices.DeleteFunc(left, func(o Claim) bool { return o.Source == c.Source })
	}
	if m.groups == nil {
		m.groups = map[string]*group{}
	}
	m.groups[p.group] = g
	return g
}

// sayings returns all that each source says of a group, newest first, and counts the parts. What people say of a field
// counts for that field alone.
func (m *merger) sayings(p *plan, g *group) []Claim {
	all := make([]Claim, len(m.sources))
	quiet := merger{kind: m.kind, sources: m.sources, s: m.s, ranked: m.ranked}
	for _, name := range m.names() {
		q := m.s.plan(m.kind, name)
		if q.group != p.group {
			continue
		}
		claims, manual := quiet.gather(quiet.claims[:0], q)
		quiet.claims = claims
		if manual {
			continue
		}
		for _, c := range claims {
			g.parts[c.Source]++
			all[c.Source].add(name, c)
		}
	}
	var list []Claim
	for _, i := range m.ranked {
		if all[i].Value != nil {
			list = append(list, all[i])
		}
	}
	return list
}

// add makes a claim of a group say one field more.
func (c *Claim) add(name string, more Claim) {
	c.Source = more.Source
	c.Value = append(append(append(append(c.Value, name...), 0), more.Value...), 0)
	if more.Asserted.After(c.Asserted) {
		c.Asserted = more.Asserted
	}
}

// first chooses one source of a group.
func (m *merger) first(p *plan, claims []Claim) Claim {
	if len(p.owner) > 0 {
		claims = m.keep(OwnerSource, p, claims)
	}
	return m.one(p, claims, p.rules)
}

// fillable are the parts of a name that may come from another source than the rest.
var fillable = []string{"name.family", "name.given", "name.middle", "name.nick", "name.prefix", "name.suffix"}

// fills reports whether a source may give a part of the name that the chosen one does not know: only when it is plainly
// the same name in the same script. Parts of two people's names never make a third one's.
func (m *merger) fills(p *plan, g *group, source int) bool {
	if p.group != nameGroup || !slices.Contains(fillable, p.name) {
		return false
	}
	chosen, other := m.sources[g.order[0].Source].Profile, m.sources[source].Profile
	shared := 0
	for _, name := range fillable[:2] {
		a, b := chosen.Get(name), other.Get(name)
		if known(a) && known(b) {
			if !alike(content(a), content(b)) {
				return false
			}
			shared++
		}
	}
	if shared > 0 {
		return true
	}
	if known(chosen.Get("name.full")) || known(other.Get("name.full")) {
		return false
	}
	for _, name := range fillable[:2] {
		if a := chosen.Get(name); known(a) && scriptOf(content(a)) != scriptOf(content(other.Get(p.name))) {
			return false
		}
	}
	return true
}

func known(value []byte) bool { return value != nil && !canonical.IsNull(value) }

// alike reports whether two names are one but for marks, case and a letter in four.
func alike(a, b string) bool {
	x, y := folded(a), folded(b)
	return scriptOf(a) == scriptOf(b) && distance(x, y) <= (max(len(x), len(y))+3)/4-weigh(false, len(x) < 3)
}

func folded(s string) []rune {
	var out []rune
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		if unicode.IsLetter(r) {
			out = append(out, r)
		}
	}
	return out[:min(len(out), 64)]
}

// distance is that of Levenshtein.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		last := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := last
			if x != y {
				cost = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// scripts are those that most names are written in; all others count as one.
var scripts = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Hebrew, unicode.Devanagari,
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Bengali, unicode.Tamil, unicode.Armenian, unicode.Georgian}

// scriptOf returns a number for the script of the first letter.
func scriptOf(s string) int {
	for _, r := range s {
		if !unicode.IsLetter(r) {
			continue
		}
		for n, table := range scripts {
			if unicode.Is(table, r) {
				return n
			}
		}
		break
	}
	return -1
}

// sameValue reports whether all claims say the same.
func sameValue(claims []Claim) bool {
	for i := range claims {
		if !bytes.Equal(claims[i].Value, claims[0].Value) {
			return false
		}
	}
	return true
}
