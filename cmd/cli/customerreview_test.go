package cli

import (
	"testing"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// TestPairsOfTheSameCustomersAreOneLine: whichever way round their records are, two customers are shown once.
func TestPairsOfTheSameCustomersAreOneLine(t *testing.T) {
	groups := customerPairs{}
	for i, c := range []struct {
		a, b  string
		known bool
	}{{"per_1", "per_2", false}, {"per_2", "per_1", true}, {"per_1", "per_3", false}, {"per_1", "per_2", true}} {
		r := ledger.ReviewItem{}
		r.EntityA, r.EntityB, r.Kind = c.a, c.b, canonical.Person
		if got := groups.known(r); got != c.known {
			t.Errorf("pair %d: known %v, want %v", i, got, c.known)
		}
	}
	if got := groups.left(); got != 2 {
		t.Errorf("%d pairs left out, want 2", got)
	}
}
