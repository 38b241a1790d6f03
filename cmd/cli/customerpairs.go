package cli

import (
	"crypto/sha256"
	"encoding/base32"

	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
)

// pairReport is what two records say about each other.
type pairReport struct {
	Code        string              `json:"code"`
	A           string              `json:"a"`
	B           string              `json:"b"`
	CustomerA   string              `json:"customer_a,omitempty"`
	CustomerB   string              `json:"customer_b,omitempty"`
	Band        string              `json:"band,omitempty"`
	Rule        string              `json:"rule"`
	Probability float64             `json:"probability"`
	Veto        string              `json:"veto,omitempty"`
	Refused     string              `json:"refused,omitempty"`
	Evidence    []identity.Evidence `json:"evidence,omitempty"`
}

// pairsOf reports pairs with their evidence.
func pairsOf(list []ledger.PairWhy) []pairReport {
	pairs := make([]pairReport, 0, len(list))
	for _, p := range list {
		pairs = append(pairs, pairReport{Code: pairCode(p.A, p.B), A: p.A, B: p.B, CustomerA: p.EntityA, CustomerB: p.EntityB, Band: p.Band.String(),
			Rule: p.Rule, Probability: p.Probability, Veto: p.Veto, Refused: p.Refused, Evidence: p.Evidence})
	}
	return pairs
}

// waitingPairs reports pairs that wait for a person.
func waitingPairs(list []ledger.ReviewItem) []pairReport {
	pairs := make([]pairReport, 0, len(list))
	for _, r := range list {
		pairs = append(pairs, pairReport{Code: pairCode(r.A, r.B), A: r.A, B: r.B, CustomerA: r.EntityA, CustomerB: r.EntityB,
			Band: identity.Review.String(), Rule: r.Rule, Probability: r.Probability, Refused: r.Refused})
	}
	return pairs
}

var codeLetters = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// pairCode names a pair of records in eight characters, the same ones always and everywhere.
func pairCode(a, b string) string {
	sum := sha256.Sum256([]byte(min(a, b) + "\x00" + max(a, b)))
	return codeLetters.EncodeToString(sum[:5])
}
