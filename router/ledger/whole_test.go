package ledger_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/kv"
)

// checkWhole compares what was derived step by step with deriving everything from scratch: the clusters, what waits for
// a person, and that counters agree with rows.
func checkWhole(t failer, w *world, engine kv.Engine) {
	t.Helper()
	want := fromScratch(w, engine)
	var got []string
	for _, refs := range ledger.Memberships(w.Ledger, engine) {
		slices.Sort(refs)
		got = append(got, strings.Join(refs, " "))
	}
	slices.Sort(got)
	if !slices.Equal(got, want.clusters) {
		t.Fatalf("clusters kept: %q, clusters from scratch: %q", minus(got, want.clusters), minus(want.clusters, got))
	}
	rows := ledger.ReviewRows(w.Ledger, engine)
	slices.Sort(rows)
	if !slices.Equal(rows, want.reviews) {
		t.Fatalf("reviews kept and not wanted: %q, wanted and not kept: %q", minus(rows, want.reviews), minus(want.reviews, rows))
	}
	pairs := 0
	for _, r := range rows {
		if !strings.HasPrefix(r, "tangled ") {
			pairs++
		}
	}
	totals := w.totals()
	if int(totals.Reviews) != pairs/2 {
		t.Fatalf("counter says %d pairs wait, there are %d", totals.Reviews, pairs/2)
	}
	live := 0
	for _, k := range canonical.Kinds() {
		live += int(totals.Entities[k])
	}
	if n := len(w.entities()); n != live {
		t.Fatalf("counters say %d entities, there are %d", live, n)
	}
}

// failer is what a test and a property have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// whole is what follows from all records and decisions at once.
type whole struct{ clusters, reviews []string }

// scratch derives everything in the plainest way: every pair is compared.
type scratch struct {
	r         *identity.Resolver
	members   []identity.Member
	decisions []identity.Decision
	parent    []int
	tangled   []bool
	home      map[string]int // cluster of each record
}

func fromScratch(w *world, engine kv.Engine) whole {
	s := &scratch{r: w.resolver, members: ledger.Members(w.Ledger, engine), decisions: ledger.DecisionRows(w.Ledger, engine),
		home: map[string]int{}}
	s.usable()
	s.tie(w.tied)
	clustered := slices.Clone(s.members)
	for i := range clustered {
		if s.tangled[i] {
			clustered[i].Keys = slices.DeleteFunc(slices.Clone(clustered[i].Keys), func(k identity.Key) bool { return !k.Strong })
		}
	}
	out := s.r.Cluster(clustered, s.decisions)
	var found whole
	for n, cluster := range out.Clusters {
		for _, i := range cluster {
			s.home[clustered[i].Ref] = n
		}
		found.clusters = append(found.clusters, describe(clustered, cluster))
	}
	found.reviews = s.reviews(out.Review)
	slices.Sort(found.clusters)
	return found
}

// usable takes away the keys that too many hold.
func (s *scratch) usable() {
	held := map[identity.Key]int{}
	for _, m := range s.members {
		for _, k := range m.Keys {
			held[k]++
		}
	}
	for i := range s.members {
		s.members[i].Keys = slices.DeleteFunc(slices.Clone(s.members[i].Keys), func(k identity.Key) bool {
			return !k.Strong && held[k] > s.r.Most(k.Space)
		})
	}
}

// tie finds the tangles.
func (s *scratch) tie(most int) {
	s.parent, s.tangled = make([]int, len(s.members)), make([]bool, len(s.members))
	size := map[int]int{}
	for i := range s.parent {
		s.parent[i] = i
	}
	for i := range s.members {
		for j := range i {
			if s.edge(i, j) {
				s.parent[s.root(i)] = s.root(j)
			}
		}
	}
	for i := range s.members {
		size[s.root(i)]++
	}
	for i := range s.members {
		s.tangled[i] = size[s.root(i)] > most
	}
}

func (s *scratch) root(i int) int {
	for s.parent[i] != i {
		i = s.parent[i]
	}
	return i
}

// edge reports whether two records hang together, for whatever reason.
func (s *scratch) edge(i, j int) bool {
	a, b := &s.members[i], &s.members[j]
	for _, d := range s.decisions {
		if d.Same && (d.A == a.Ref && d.B == b.Ref || d.A == b.Ref && d.B == a.Ref) {
			return true
		}
	}
	strong, weak := meet(a.Keys, b.Keys)
	if strong || names(a, b) || names(b, a) {
		return true
	}
	return weak && a.Kind == b.Kind && s.r.Compare(a, b).Band >= identity.Auto
}

func meet(a, b []identity.Key) (strong, weak bool) {
	for _, k := range a {
		if slices.Contains(b, k) {
			strong, weak = strong || k.Strong, weak || !k.Strong
		}
	}
	return strong, weak
}

func names(a, b *identity.Member) bool { return slices.Contains(a.Keys, identity.RefKey(b.Ref)) }

// reviews lists what a person should look at, in both directions, and the tangled records.
func (s *scratch) reviews(refused []identity.Link) []string {
	rows := map[string]string{}
	add := func(i, j int, v identity.Verdict, why string) {
		a, b := &s.members[i], &s.members[j]
		if !a.Live || !b.Live || s.tangled[i] || s.tangled[j] || s.home[a.Ref] == s.home[b.Ref] || s.told(a.Ref, b.Ref) {
			return
		}
		rows[a.Ref+" "+b.Ref] = fmt.Sprintf("%s %.3f %s", v.Rule, v.Probability, why)
		rows[b.Ref+" "+a.Ref] = fmt.Sprintf("%s %.3f %s", v.Rule, v.Probability, why)
	}
	for i := range s.members {
		for j := range i {
			a, b := &s.members[i], &s.members[j]
			if _, weak := meet(a.Keys, b.Keys); !weak || a.Kind != b.Kind {
				continue
			}
			if v := s.r.Compare(a, b); v.Band == identity.Review {
				add(i, j, v, v.Veto)
			}
		}
	}
	for _, l := range refused {
		why := l.Refused
		if why == "" {
			why = l.Veto
		}
		add(l.A, l.B, l.Verdict, why)
	}
	var list []string
	for pair, row := range rows {
		list = append(list, pair+" "+row)
	}
	for i, m := range s.members {
		if s.tangled[i] && identity.Compares(m.Kind) {
			list = append(list, "tangled "+m.Ref)
		}
	}
	slices.Sort(list)
	return list
}

// told reports whether somebody said that the customers of two records are not the same.
func (s *scratch) told(a, b string) bool {
	x, y := s.home[a], s.home[b]
	for _, d := range s.decisions {
		p, ok := s.home[d.A]
		q, known := s.home[d.B]
		if !d.Same && ok && known && (p == x && q == y || p == y && q == x) {
			return true
		}
	}
	return false
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
func registers(w *world, engine kv.Engine) []string { return ledger.Registers(w.Ledger, engine) }
