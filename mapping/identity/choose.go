package identity

import (
	"bytes"
	"cmp"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// narrow keeps the best claims, rule after rule. It works in place; the order of what it keeps is that of claims.
func (m *merger) narrow(p *plan, claims []Claim, list []Rule) []Claim {
	for _, r := range list {
		if len(claims) < 2 {
			break
		}
		claims = m.keep(r, p, claims)
	}
	return claims
}

// keep leaves the claims that are best under one rule.
func (m *merger) keep(r Rule, p *plan, claims []Claim) []Claim {
	better := m.order(r, p, claims)
	if better == nil || len(claims) < 2 {
		return claims
	}
	best := 0
	for i := range claims {
		if better(&claims[i], &claims[best]) > 0 {
			best = i
		}
	}
	top := claims[best]
	kept := claims[:0]
	for _, c := range claims {
		if better(&c, &top) == 0 {
			kept = append(kept, c)
		} else {
			m.loseOne(c, r)
		}
	}
	return kept
}

// order returns how claims compare under a rule, greater being better; nil when the rule has nothing to say of them.
func (m *merger) order(r Rule, p *plan, claims []Claim) func(a, b *Claim) int {
	switch r {
	case OwnerSource:
		return by(func(c *Claim) int { return weigh(m.s.among(p.owner, m.sources[c.Source].Ref), false) })
	case LastUpdated:
		return func(a, b *Claim) int { return a.Asserted.Compare(b.Asserted) }
	case SourceSequence:
		return by(func(c *Claim) int { return -m.s.rank(p, m.sources[c.Source].Ref) })
	case MostFrequent:
		all := slices.Clone(claims) // keep works in place
		return by(func(c *Claim) int { return count(all, c.Value) })
	case MostComplete:
		return by(func(c *Claim) int { return m.completeness(p, c) })
	case Longest:
		return by(func(c *Claim) int { return length(c.Value) })
	case Verified:
		return by(func(c *Claim) int { return weigh(bytes.Contains(c.Value, []byte(`"verified":true`)), false) })
	case MostRestrictive:
		return by(func(c *Claim) int { return m.restriction(p, c) })
	case Max:
		return m.magnitude(p, claims)
	case Min:
		if up := m.magnitude(p, claims); up != nil {
			return func(a, b *Claim) int { return up(b, a) }
		}
	case SmallestRef:
		return func(a, b *Claim) int { return strings.Compare(m.sources[b.Source].Ref, m.sources[a.Source].Ref) }
	}
	return nil
}

// by compares claims by a number.
func by(number func(*Claim) int) func(a, b *Claim) int {
	return func(a, b *Claim) int { return cmp.Compare(number(a), number(b)) }
}

func count(claims []Claim, value []byte) int {
	n := 0
	for i := range claims {
		if bytes.Equal(claims[i].Value, value) {
			n++
		}
	}
	return n
}

// completeness is the number of parts of a group, of elements of a list, or else of all that the record says.
func (m *merger) completeness(p *plan, c *Claim) int {
	if g := m.groups[p.group]; g != nil {
		return g.parts[c.Source]
	}
	if parsed := gjson.ParseBytes(c.Value); parsed.IsArray() {
		return int(parsed.Get("#").Int())
	}
	n := 0
	for _, f := range m.sources[c.Source].Profile.Fields {
		if !canonical.IsNull(f.Value) {
			n++
		}
	}
	return n
}

// restriction ranks a claim of consent; what goes with a status is ranked by that status.
func (m *merger) restriction(p *plan, c *Claim) int {
	if p.group == consentGroup {
		return canonical.Restriction(content(m.sources[c.Source].Profile.Get("status")))
	}
	return canonical.Restriction(content(c.Value))
}

// content is the text of a JSON string, or the literal of anything else.
func content(value []byte) string {
	if len(value) > 1 && value[0] == '"' {
		return gjson.ParseBytes(value).String()
	}
	return string(value)
}

func length(value []byte) int { return utf8.RuneCountInString(content(value)) }

// magnitude compares numbers, amounts of one currency, times, dates, and steps of the ladder; nil when the claims cannot
// be compared.
func (m *merger) magnitude(p *plan, claims []Claim) func(a, b *Claim) int {
	switch p.def.Type {
	case canonical.Integer, canonical.Decimal:
		return func(a, b *Claim) int { return numberOf(content(a.Value)).Cmp(numberOf(content(b.Value))) }
	case canonical.Money:
		currency := gjson.GetBytes(claims[0].Value, "currency").Str
		for i := range claims {
			if gjson.GetBytes(claims[i].Value, "currency").Str != currency {
				return nil
			}
		}
		return func(a, b *Claim) int {
			return numberOf(gjson.GetBytes(a.Value, "amount").Str).Cmp(numberOf(gjson.GetBytes(b.Value, "amount").Str))
		}
	case canonical.Time, canonical.Date, canonical.Bool: // normal forms that sort
		return func(a, b *Claim) int { return bytes.Compare(a.Value, b.Value) } // "true" is greater than "false"
	case canonical.Enum, canonical.Text:
		return by(func(c *Claim) int { return m.s.step(m.sources[c.Source].Ref, content(c.Value)) })
	}
	return nil
}

// step is the rank of a lifecycle stage; one that is not known is below all others.
func (s *Survivorship) step(ref, stage string) int {
	if s.context.Step != nil {
		if rank, ok := s.context.Step(ref, stage); ok {
			return rank
		}
		return -1
	}
	if rank, ok := builtinLadder[stage]; ok {
		return rank
	}
	return -1
}

func numberOf(text string) *big.Rat {
	if r, ok := new(big.Rat).SetString(text); ok {
		return r
	}
	return new(big.Rat)
}
