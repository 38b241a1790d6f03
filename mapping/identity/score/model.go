// Package score is the probabilistic scorer of Fellegi and Sunter: how likely two records are the same, from what they
// agree and disagree in, with parameters that are learnt from the records themselves and need no labels.
//
// It compares and learns; it finds no candidates and joins nothing (package mapping/identity does).
package score

import "github.com/millrace/millrace/mapping/identity/compare"

// Model holds the parameters for one kind. It does not change and may be used by several goroutines.
type Model struct{ version string }

// Result is the judgement of one pair.
type Result struct {
	Probability float64 // that the two are the same, 0 to 1
	Weight      float64 // log2 of the odds
}

// Step is one line of the waterfall that explains a Result.
type Step struct {
	Field  string  `json:"field"`
	Level  string  `json:"level"` // how the two agree: "exact", "close", "differ", …
	Weight float64 `json:"weight"`
}

// Version names the parameters: two models with one version judge alike.
func (m *Model) Version() string { return m.version }

// Compare judges a pair. It is symmetric.
func (m *Model) Compare(a, b *compare.Facts) Result { return Result{} }

// Explain is Compare with its reasons: the prior first, then each field that was compared.
func (m *Model) Explain(a, b *compare.Facts) (Result, []Step) { return m.Compare(a, b), nil }

// Blocks returns the terms under which candidates are looked for: two records that could be the same share at least
// one. Each begins with the name of its rule and a colon.
func (m *Model) Blocks(f *compare.Facts) []string { return nil }
