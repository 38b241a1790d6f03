package identity

import "fmt"

// Band is what is done about a pair of records.
type Band uint8

// The bands of evidence.
const (
	Ignore Band = iota // say nothing
	Review             // a person should look
	Auto               // join
	Must               // join, whatever speaks against it but a decision
)

var bandNames = [...]string{"ignore", "review", "join", "must"}

// String returns the band in a word.
func (b Band) String() string {
	if int(b) < len(bandNames) {
		return bandNames[b]
	}
	return fmt.Sprintf("band %d", uint8(b))
}

// MarshalText implements encoding.TextMarshaler.
func (b Band) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// Verdict is what two records of one kind say about each other.
type Verdict struct {
	Band        Band    `json:"band"`
	Rule        string  `json:"rule,omitempty"`        // what decided: "e-mail address", "scorer", "its source says so" …
	Probability float64 `json:"probability,omitempty"` // that they are the same, 0 to 1
	// Veto is why they cannot be the same unless a source or a person says so; "" = nothing. What would join is then for
	// review.
	Veto string `json:"veto,omitempty"`
	// Evidence explains the verdict; only Explain fills it in.
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Evidence is one reason of a verdict. Value is a value that both share, for people who may see customers, never for
// logs.
type Evidence struct {
	Rule   string  `json:"rule"`
	Value  string  `json:"value,omitempty"`
	Weight float64 `json:"weight,omitempty"` // log2 of how much likelier it makes that they are the same
}

// RuleScore names the probabilistic scorer, RuleVendor a must-link, RuleDecision a person's word.
const (
	RuleScore    = "scorer"
	RuleVendor   = "its source says so"
	RuleDecision = "a person decided"
)

// Compare judges two records of one kind that is compared. Only keys that both have count as shared, so the caller
// leaves out those that too many records hold. Decisions and must-links are Cluster's business. It is symmetric.
func (r *Resolver) Compare(a, b *Member) Verdict { return r.compare(a, b, nil) }

// Explain is Compare with all evidence: every rule that holds, and the scorer's weights.
func (r *Resolver) Explain(a, b *Member) Verdict {
	evidence := []Evidence{}
	v := r.compare(a, b, &evidence)
	v.Evidence = evidence
	return v
}

func (r *Resolver) compare(a, b *Member, tell *[]Evidence) Verdict {
	var v Verdict
	if a.Facts == nil || b.Facts == nil || a.Kind != b.Kind {
		return v
	}
	bands := r.bands(a.Kind)
	r.byRules(&v, a, b, bands, tell)
	r.byScore(&v, a, b, bands, tell)
	if v.Band == Ignore {
		return v
	}
	if v.Veto = r.veto(a, b); v.Veto != "" && v.Band > Review {
		v.Band = Review
	}
	return v
}

// byRules takes the first rule that holds; they are ordered by what they prove.
func (r *Resolver) byRules(v *Verdict, a, b *Member, bands Bands, tell *[]Evidence) {
	for i := range rulesOf(a.Kind) {
		rule := &rulesOf(a.Kind)[i]
		value := rule.holds(r, a, b)
		if value == "" {
			continue
		}
		if tell != nil {
			*tell = append(*tell, Evidence{Rule: rule.name, Value: value})
		}
		if v.Rule == "" {
			v.Rule, v.Probability, v.Band = rule.name, rule.probability, Review
			if rule.strong || bands.Medium {
				v.Band = Auto
			}
		}
		if tell == nil {
			return
		}
	}
}

// byScore lets the scorer speak, where there is one: it can find what no rule finds, and when it thinks that the two
// are more likely strangers, what a rule would join is left to a person.
func (r *Resolver) byScore(v *Verdict, a, b *Member, bands Bands, tell *[]Evidence) {
	m := r.settings.Models[a.Kind]
	if m == nil {
		return
	}
	result := m.Compare(a.Facts, b.Facts)
	if tell != nil {
		_, steps := m.Explain(a.Facts, b.Facts)
		for _, s := range steps {
			*tell = append(*tell, Evidence{Rule: s.Field, Value: s.Level, Weight: s.Weight})
		}
	}
	p := result.Probability
	switch {
	case v.Band == Auto && p < bands.Review:
		v.Band = Review
	case p >= bands.Auto:
		v.Band = Auto
	case p >= bands.Review && v.Band == Ignore:
		v.Band = Review
	default:
		return
	}
	if p > v.Probability {
		v.Rule, v.Probability = RuleScore, p
	}
}
