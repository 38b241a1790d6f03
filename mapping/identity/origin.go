package identity

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// MaxLost is the most losing claims told for a field.
const MaxLost = 5

// Origin says where a field's value comes from.
type Origin struct {
	Source   int       // index in Sources; for united lists, that of the first element; -1 when nothing survived
	Rule     Rule      // what decided
	Asserted time.Time // when the source said so, by the vendor's clock
	Lost     []Claim   // other sources' different values, newest first, at most MaxLost
	Elements [][]int   // of united lists: the sources of each element, newest first
}

// Claim is what one source said.
type Claim struct {
	Source   int
	Value    json.RawMessage
	Asserted time.Time
	LostTo   Rule // why it does not count; 0 for the surviving one
}

// trace is what happened to the claims of a field.
type trace struct {
	winner   Claim
	rule     Rule
	empty    bool // nothing survived
	lost     []loss
	elements [][]int
}

type loss struct {
	claim Claim
	to    Rule
}

func (t *trace) won(c Claim, by Rule) { t.winner, t.rule = c, by }

func (t *trace) united(p *plan, value []byte, claims []Claim) {
	t.winner, t.rule = claims[0], Union
	if len(claims) == 1 {
		t.rule = 0
	} else if sameValue(claims) {
		t.rule = Agreed
	}
	parsed := gjson.ParseBytes(value)
	if !parsed.IsArray() {
		return
	}
	held := make([]map[string]bool, len(claims))
	for i, c := range claims {
		held[i] = map[string]bool{}
		gjson.ParseBytes(c.Value).ForEach(func(_, e gjson.Result) bool {
			held[i][keyOf(p.def.Type, []byte(e.Raw))] = true
			return true
		})
	}
	parsed.ForEach(func(_, e gjson.Result) bool {
		var list []int
		key := keyOf(p.def.Type, []byte(e.Raw))
		for i, c := range claims {
			if held[i][key] {
				list = append(list, c.Source)
			}
		}
		t.elements = append(t.elements, list)
		return true
	})
	if len(t.elements) > 0 && len(t.elements[0]) > 0 {
		t.winner.Source = t.elements[0][0]
	}
}

// decided is the rule that made the surviving claim survive: the last one that something different was lost to.
func (t *trace) decided() Rule {
	if t.rule != 0 {
		return t.rule
	}
	rule, agreed := Only, false
	for _, l := range t.lost {
		switch {
		case bytes.Equal(l.claim.Value, t.winner.Value):
			agreed = true
		case l.to == NotHeard:
			rule = OwnerSource
		case l.to != Emptied:
			rule = l.to
		}
	}
	if rule == Only && agreed {
		return Agreed
	}
	return rule
}

// Origin returns where field i of Fields comes from.
func (g *Golden) Origin(i int) Origin { return g.origin(g.Fields[i].Name) }

func (g *Golden) origin(name string) Origin {
	if g.sole >= 0 {
		m := merger{sources: g.Sources}
		return Origin{Source: g.sole, Rule: Only, Asserted: m.asserted(g.sole, name)}
	}
	m := newMerger(g)
	m.trace = &trace{}
	value := m.field(name)
	t := m.trace
	o := Origin{Source: -1, Rule: t.decided(), Elements: t.elements}
	if value != nil {
		o.Source, o.Asserted = t.winner.Source, t.winner.Asserted
	}
	slices.SortStableFunc(t.lost, func(a, b loss) int {
		return cmp.Or(b.claim.Asserted.Compare(a.claim.Asserted), strings.Compare(g.Sources[a.claim.Source].Ref, g.Sources[b.claim.Source].Ref))
	})
	for _, l := range t.lost {
		same := func(c Claim) bool { return bytes.Equal(c.Value, l.claim.Value) }
		if len(o.Lost) < MaxLost && !slices.ContainsFunc(o.Lost, same) && (value == nil || !bytes.Equal(value, l.claim.Value)) {
			l.claim.LostTo = l.to
			o.Lost = append(o.Lost, l.claim)
		}
	}
	return o
}

// Why explains one field, for people and for machines. It holds customers' values: never log it.
type Why struct {
	Field    string          `json:"field"`
	Value    json.RawMessage `json:"value"`            // null when there is none
	Source   string          `json:"source,omitempty"` // connection/object/id
	Asserted time.Time       `json:"asserted_at,omitzero"`
	Rule     string          `json:"rule,omitempty"` // last_updated, union …
	Reason   string          `json:"reason"`         // the rule in words
	Elements []WhyElement    `json:"elements,omitempty"`
	Lost     []WhyClaim      `json:"lost,omitempty"`
}

// WhyElement is one element of a united list and who has it.
type WhyElement struct {
	Value   json.RawMessage `json:"value"`
	Sources []string        `json:"sources"`
	// Once are those of Sources that said so once: an opt-out is kept.
	Once []string `json:"once,omitempty"`
}

// WhyClaim is a claim that did not survive.
type WhyClaim struct {
	Source   string          `json:"source"`
	Asserted time.Time       `json:"asserted_at,omitzero"`
	Value    json.RawMessage `json:"value"`
	Rule     string          `json:"rule"`   // what it lost to
	Reason   string          `json:"reason"` // in words
}

// Why explains where the value of a field comes from, and what was passed over. For a field that nobody claims it says so.
func (g *Golden) Why(name string) Why {
	w := Why{Field: name, Value: json.RawMessage("null"), Reason: "no source says anything"}
	if g.Deleted() {
		return w
	}
	value := g.Get(name)
	o := g.origin(name)
	for _, c := range o.Lost {
		w.Lost = append(w.Lost, WhyClaim{g.Sources[c.Source].Ref, c.Asserted, c.Value, c.LostTo.String(), c.LostTo.Words()})
	}
	if o.Source < 0 || g.sole >= 0 && g.Sources[g.sole].Profile.Get(name) == nil {
		if len(w.Lost) > 0 {
			w.Reason = "nothing that sources say counts"
		}
		return w
	}
	w.Source, w.Asserted, w.Rule, w.Reason = g.Sources[o.Source].Ref, o.Asserted, o.Rule.String(), o.Rule.Words()
	if value == nil {
		if o.Rule == Only {
			w.Reason = "the source says that it is empty"
		}
		return w
	}
	w.Value = value
	if len(o.Elements) > 0 {
		gjson.ParseBytes(value).ForEach(func(_, e gjson.Result) bool {
			element := WhyElement{Value: json.RawMessage(e.Raw)}
			for _, i := range o.Elements[len(w.Elements)] {
				element.Sources = append(element.Sources, g.Sources[i].Ref)
				if g.Sources[i].Once {
					element.Once = append(element.Once, g.Sources[i].Ref)
				}
			}
			w.Elements = append(w.Elements, element)
			return true
		})
	}
	return w
}

// Claimed lists the fields that any live record says something of, ascending, also those that nothing survives of.
func (g *Golden) Claimed() []string {
	if g.Deleted() {
		return nil
	}
	m := newMerger(g)
	return slices.DeleteFunc(m.names(), func(name string) bool {
		return !(name == consentsField && m.kept()) && !slices.ContainsFunc(g.Sources, func(s Source) bool {
			v := s.Profile.Get(name)
			return s.Live && v != nil && !canonical.IsNull(v)
		})
	})
}
