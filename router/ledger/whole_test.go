package ledger_test

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
)

// checkWhole compares what Apply derived step by step with deriving everything from scratch: the clusters, and that
// counters agree with rows.
func checkWhole(t *rapid.T, w *world, m *memory) {
	var want, got []string
	members := ledger.Members(w.Ledger, m)
	for _, cluster := range identity.NewResolver(identity.Settings{}).Cluster(members, nil).Clusters {
		want = append(want, describe(members, cluster))
	}
	for _, refs := range ledger.Memberships(w.Ledger, m) {
		slices.Sort(refs)
		got = append(got, strings.Join(refs, " "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("clusters kept: %q, clusters from scratch: %q", got, want)
	}
	live := 0
	for _, k := range canonical.Kinds() {
		live += int(w.totals().Entities[k])
	}
	if n := len(w.entities()); n != live {
		t.Fatalf("counters say %d entities, there are %d", live, n)
	}
}

func describe(members []identity.Member, cluster []int) string {
	var refs []string
	for _, i := range cluster {
		refs = append(refs, members[i].Ref)
	}
	slices.Sort(refs)
	return strings.Join(refs, " ")
}

// registers describes the registers of every record without ids and marks.
func registers(w *world, m *memory) []string { return ledger.Registers(w.Ledger, m) }
