package score

import (
	"math"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// Model holds the parameters for one kind. It does not change and may be used by several goroutines.
type Model struct {
	version string
	kind    canonical.Kind
	trained Training
	prior   float64 // log2 of the odds that any two records are the same
	home    float64 // the most bits of a household when nothing of their own agrees
	fields  []field
	others  []string
}

// Training says what a model was learnt from.
type Training struct {
	At      time.Time `json:"at,omitzero"` // left out when nobody said
	Records int       `json:"records"`
	// Learnt is false for the built-in parameters: there were too few records to learn from.
	Learnt bool `json:"learnt"`
}

// field is a comparison with its parameters.
type field struct {
	comparison
	m, u   []float64 // share of each level among pairs that are the same, and that are not
	weight []float64 // log2(m/u)
	// rarity is, by hash of the value, the bits that agreeing in it is worth more or less than agreeing in any; rare stands
	// for all others. Both are nil and 0 where nothing is known.
	rarity map[uint64]float32
	rare   float32
}

func newField(c comparison) field {
	f := field{comparison: c, m: append([]float64(nil), c.m...), u: append([]float64(nil), c.u...), weight: make([]float64, len(c.m))}
	f.weigh()
	return f
}

// weigh computes the weights. A lesser agreement is never worth more than a better one.
func (f *field) weigh() {
	for l := range f.weight {
		f.weight[l] = math.Log2(f.m[l] / f.u[l])
		switch l {
		case 0:
		case 1:
			f.weight[l] = min(f.weight[l], f.weight[0]+max(0, float64(f.rare)))
		default:
			f.weight[l] = min(f.weight[l], f.weight[l-1])
		}
	}
}

// rareness returns the bits that the rarity of what the two share adds.
func (f *field) rareness(p *pair) float64 {
	if f.rarity == nil || f.shared == nil || p.turned {
		return 0
	}
	if bits, ok := f.rarity[xxhash.Sum64String(f.shared(p))]; ok {
		return float64(bits)
	}
	return float64(f.rare)
}

// Result is the judgement of one pair.
type Result struct {
	Probability float64 // that the two are the same, 0 to 1
	Weight      float64 // log2 of the odds
}

func result(weight float64) Result {
	return Result{Probability: 1 / (1 + math.Exp2(-weight)), Weight: weight}
}

// Step is one line of the waterfall that explains a Result.
type Step struct {
	Field  string  `json:"field"`
	Level  string  `json:"level,omitempty"` // how the two agree: "exact", "close", "differs", …
	Weight float64 `json:"weight"`
}

// Version names the parameters: two models with one version judge alike.
func (m *Model) Version() string { return m.version }

// Kind is what the model compares.
func (m *Model) Kind() canonical.Kind { return m.kind }

// Trained says what the model was learnt from.
func (m *Model) Trained() Training { return m.trained }

// Others names the further fields that the model compares; compare.Of wants them. Do not change it.
func (m *Model) Others() []string {
	if m == nil {
		return nil
	}
	return m.others
}

// Compare judges a pair. It is symmetric.
func (m *Model) Compare(a, b *compare.Facts) Result { return m.judge(a, b, nil) }

// Explain is Compare with its reasons: the prior first, then each field that was compared, then what was taken off
// because a household or an employer counted too much. The weights add up to the Result's.
func (m *Model) Explain(a, b *compare.Facts) (Result, []Step) {
	steps := []Step{{"prior", "", m.prior}}
	r := m.judge(a, b, func(s Step) { steps = append(steps, s) })
	return r, steps
}

func (m *Model) judge(a, b *compare.Facts, say func(Step)) Result {
	p := newPair(m.kind, a, b)
	var t tally
	for i := range m.fields {
		f := &m.fields[i]
		level := f.level(&p)
		if level == unknown {
			continue
		}
		bits := f.weight[level]
		if level == 0 {
			bits += f.rareness(&p)
		}
		t.add(f.group, bits)
		if say != nil {
			say(Step{strings.TrimSuffix(f.name, inside), f.levels[level], bits})
		}
	}
	bits, off := t.total(m.home)
	for g, x := range off {
		if x > 0 && say != nil {
			say(Step{groupNames[g], "counts only so much", -x})
		}
	}
	return result(m.prior + bits)
}

var groupNames = [groups]string{home: "one household", work: "one employer"}

// weigh adds up what is known of a pair already.
func (m *Model) weigh(rarity float64, levels []int8) float64 {
	var t tally
	t.add(self, rarity)
	for k, l := range levels {
		if l != unknown {
			t.add(m.fields[k].group, m.fields[k].weight[l])
		}
	}
	bits, _ := t.total(m.home)
	return m.prior + bits
}

// model returns the parameters as they are now; they go on changing.
func (t *trainer) model() *Model {
	return &Model{
		kind: t.kind, trained: Training{Records: len(t.facts), Learnt: t.learnt}, home: t.home,
		prior: math.Log2(t.prior / (1 - t.prior)), fields: t.fields,
	}
}
