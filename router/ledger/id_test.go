package ledger

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
)

// A ledger that was lost and is read again has the same ids, so that targets' items are found again.
func TestLatentIDsAreThoseOfTheReference(t *testing.T) {
	key := func(ref string) recKey {
		k, err := keyOfText(ref)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	if got, want := entityID("deal", latentOf(key("hs/deals/101"))), "deal_"; got[:5] != want {
		t.Errorf("got %s, want the kind's prefix", got)
	}
	for _, pair := range [][2]string{{"hs/deals/101", "hs/deals/102"}, {"hs/deals/101", "hs/tickets/101"}, {"hs/deals/101", "h2/deals/101"},
		{"hs/deals/7", "hs/deals/07"}, {"hs/deals/abc", "hs/deals/abd"}} {
		a, b := latentOf(key(pair[0])), latentOf(key(pair[1]))
		if a == b {
			t.Errorf("%s and %s have one id", pair[0], pair[1])
		}
		if again := latentOf(key(pair[0])); again != a {
			t.Errorf("%s has two ids", pair[0])
		}
	}
}

func TestNumericRecordsHaveAscendingIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64Range(0, 1<<62).Draw(t, "a"), rapid.Uint64Range(0, 1<<62).Draw(t, "b")
		id := func(n uint64) string {
			k, err := keyOf(connectors.Ref{Connection: "hs", Object: "deals", ID: fmt.Sprint(n)})
			if err != nil {
				t.Fatal(err)
			}
			l := latentOf(k)
			return string(l[:])
		}
		if (a < b) != (id(a) < id(b)) {
			t.Fatalf("%d and %d are in another order than their ids", a, b)
		}
	})
}
