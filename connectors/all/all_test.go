package all_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
)

// TestList: every name is there once, in order, and found.
func TestList(t *testing.T) {
	sorted := slices.IsSortedFunc(all.List, func(a, b connectors.Connector) int { return strings.Compare(a.Spec.Name, b.Spec.Name) })
	if !sorted || len(all.List) == 0 {
		t.Error("the list is empty or not in the order of the names")
	}
	for _, c := range all.List {
		if got, ok := all.Find(c.Spec.Name); !ok || got.Spec.Name != c.Spec.Name {
			t.Errorf("find %s: got %q, %v", c.Spec.Name, got.Spec.Name, ok)
		}
	}
	if _, ok := all.Find("no-such-vendor"); ok {
		t.Error("found a connector that does not exist")
	}
}
