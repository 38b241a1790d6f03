package identity

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

var plain = NewResolver(Settings{})

func cluster(members []Member) [][]int { return plain.Cluster(members, nil).Clusters }

func member(ref string, first uint64, live bool, keys ...Key) Member {
	return Member{Ref: ref, Kind: canonical.Person, First: first, Live: live, Keys: keys, Facts: &compare.Facts{Kind: canonical.Person}}
}

func email(s string) Key  { return Key{Space: EmailSpace, Value: s} }
func domain(s string) Key { return Key{Space: DomainSpace, Value: s} }

func company(ref string, first uint64, keys ...Key) Member {
	m := member(ref, first, true, keys...)
	m.Kind, m.Facts = canonical.Organization, &compare.Facts{Kind: canonical.Organization}
	return m
}

func refs(members []Member, clusters [][]int) [][]string {
	var list [][]string
	for _, c := range clusters {
		var names []string
		for _, i := range c {
			names = append(names, members[i].Ref)
		}
		list = append(list, names)
	}
	return list
}

func TestCluster(t *testing.T) {
	var crowd []Member
	var alone [][]string
	for i := range Limit + 1 {
		ref := fmt.Sprintf("c%02d/contacts/1", i)
		crowd = append(crowd, member(ref, uint64(i), true, email("all@x.example")))
		alone = append(alone, []string{ref})
	}
	org := member("hs/companies/1", 9, true, RefKey("hs/contacts/1"))
	org.Kind, org.Facts = canonical.Organization, &compare.Facts{Kind: canonical.Organization}
	for _, c := range []struct {
		name string
		in   []Member
		want [][]string
	}{
		{"one", []Member{member("a/c/1", 1, true)}, [][]string{{"a/c/1"}}},
		{"e-mail of two vendors", []Member{member("zd/users/1", 1, true, email("a")), member("hs/contacts/1", 2, true, email("a"))}, [][]string{{"zd/users/1", "hs/contacts/1"}}},
		{"a person twice in one CRM is one person", []Member{member("sf/Contact/1", 1, true, email("a")), member("sf/Contact/2", 2, true, email("a")), member("zd/users/1", 3, true, email("a"))},
			[][]string{{"sf/Contact/1", "sf/Contact/2", "zd/users/1"}}},
		{"two live companies of one domain stay apart", []Member{company("sf/Account/1", 1, domain("a")), company("sf/Account/2", 2, domain("a")), company("zd/organizations/1", 3, domain("a"))},
			[][]string{{"sf/Account/1", "zd/organizations/1"}, {"sf/Account/2"}}},
		{"unless the vendor says so", []Member{company("sf/Account/1", 1, domain("a")), company("sf/Account/2", 2, RefKey("sf/Account/1"))}, [][]string{{"sf/Account/1", "sf/Account/2"}}},
		{"two that name the same unknown third", []Member{member("a/c/1", 1, true, RefKey("z/c/9")), member("b/c/2", 2, true, RefKey("z/c/9"))}, [][]string{{"a/c/1", "b/c/2"}}},
		{"a dead record keeps with its customer", []Member{member("sf/Contact/1", 1, false, email("a")), member("hs/contacts/1", 2, true, email("a"))}, [][]string{{"sf/Contact/1", "hs/contacts/1"}}},
		{"a dead record joins nobody", []Member{member("sf/Contact/1", 1, false, email("a"), email("b")), member("hs/contacts/1", 2, true, email("a")), member("zd/users/1", 3, true, email("b"))},
			[][]string{{"sf/Contact/1", "hs/contacts/1"}, {"zd/users/1"}}},
		{"a crowded key says nothing", crowd, alone},
		{"kinds stay apart", []Member{member("hs/contacts/1", 1, true), org}, [][]string{{"hs/contacts/1"}, {"hs/companies/1"}}},
	} {
		if got := refs(c.in, cluster(c.in)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: clusters %v; want %v", c.name, got, c.want)
		}
	}
}

func drawMembers(t *rapid.T) []Member {
	n := rapid.IntRange(1, 14).Draw(t, "n")
	members := make([]Member, n)
	for i := range members {
		object := rapid.SampledFrom([]string{"hs/contacts", "sf/Contact", "sf/Lead", "zd/users"}).Draw(t, "object")
		m := Member{Ref: fmt.Sprintf("%s/%d", object, i), Kind: rapid.SampledFrom([]canonical.Kind{canonical.Person, canonical.Organization}).Draw(t, "kind"),
			First: uint64(i), Live: rapid.IntRange(0, 3).Draw(t, "dead") > 0}
		m.Facts = &compare.Facts{Kind: m.Kind}
		for range rapid.IntRange(0, 3).Draw(t, "keys") {
			if rapid.IntRange(0, 4).Draw(t, "strong") == 0 {
				m.Keys = append(m.Keys, RefKey(fmt.Sprintf("%s/%d", rapid.SampledFrom([]string{"hs/contacts", "sf/Contact"}).Draw(t, "to"), rapid.IntRange(0, n).Draw(t, "id"))))
			} else if value := rapid.StringMatching(`[a-e]`).Draw(t, "value"); m.Kind == canonical.Organization {
				m.Keys = append(m.Keys, domain(value))
			} else {
				m.Keys = append(m.Keys, email(value))
			}
		}
		members[i] = m
	}
	return members
}

// Order of arrival decides nothing, and live records of two kinds, or companies of one object without a must-link,
// never meet.
func TestClusterProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := drawMembers(t)
		want := refs(members, cluster(members))
		shuffled := rapid.Permutation(members).Draw(t, "order")
		if got := refs(shuffled, cluster(shuffled)); !reflect.DeepEqual(got, want) {
			t.Fatalf("clusters in another order = %v; want %v", got, want)
		}
		total := 0
		for _, c := range cluster(members) {
			total += len(c)
			seen := map[string]bool{}
			strong := slices.ContainsFunc(c, func(i int) bool { // also a younger record's word
				return slices.ContainsFunc(members[i].Keys, func(k Key) bool { return k.Strong })
			})
			for n, i := range c {
				m := members[i]
				if m.Kind != members[c[0]].Kind {
					t.Fatalf("cluster %v has two kinds", c)
				}
				if n > 0 && members[c[n-1]].First > m.First {
					t.Fatalf("cluster %v is not ordered by age", c)
				}
				if o := objectOf(m.Ref); m.Live && m.Kind == canonical.Organization && !strong && seen[o] {
					t.Fatalf("cluster %v has two live records of %s without a must-link", c, o)
				} else if m.Live {
					seen[o] = true
				}
			}
		}
		if total != len(members) {
			t.Fatalf("%d of %d members are in clusters", total, len(members))
		}
	})
}

func drawDecisions(t *rapid.T, members []Member) []Decision {
	var list []Decision
	for range rapid.IntRange(0, 4).Draw(t, "decisions") {
		a := rapid.SampledFrom(members).Draw(t, "a").Ref
		b := rapid.SampledFrom(members).Draw(t, "b").Ref
		if a != b {
			list = append(list, Decision{A: min(a, b), B: max(a, b), Same: rapid.Bool().Draw(t, "same")})
		}
	}
	slices.SortFunc(list, func(x, y Decision) int { return strings.Compare(x.A+" "+x.B, y.A+" "+y.B) })
	return slices.CompactFunc(list, func(x, y Decision) bool { return x.A == y.A && x.B == y.B })
}

// Clusters, evidence and what is left for review are functions of the set of members and decisions. Whom a person keeps
// apart is never in one cluster, and what is said to be refused is not.
func TestOutcomeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := drawMembers(t)
		decisions := drawDecisions(t, members)
		want := told(members, plain.Cluster(members, decisions))
		shuffled := rapid.Permutation(members).Draw(t, "order")
		o := plain.Cluster(shuffled, rapid.Permutation(decisions).Draw(t, "decisions"))
		if got := told(shuffled, o); got != want {
			t.Fatalf("in another order:\n%s\nwant\n%s", got, want)
		}
		at := map[string]int{}
		for n, c := range o.Clusters {
			for _, i := range c {
				at[shuffled[i].Ref] = n
			}
		}
		for _, d := range decisions {
			if !d.Same && at[d.A] == at[d.B] {
				t.Fatalf("%s and %s are one customer although a person keeps them apart", d.A, d.B)
			}
		}
		for _, l := range o.Review {
			if at[shuffled[l.A].Ref] == at[shuffled[l.B].Ref] {
				t.Fatalf("%s and %s are for review although they are one customer", shuffled[l.A].Ref, shuffled[l.B].Ref)
			}
		}
	})
}

// A component says the same alone as among others: that is what lets the ledger look only at the one that changed.
func TestComponentsAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := drawMembers(t)
		decisions := drawDecisions(t, members)
		whole := map[string]string{}
		for _, c := range plain.Cluster(members, decisions).Clusters {
			for _, i := range c {
				whole[members[i].Ref] = members[c[0]].Ref
			}
		}
		for _, component := range components(members, decisions) {
			for _, c := range plain.Cluster(component, decisions).Clusters {
				for _, i := range c {
					if ref := component[i].Ref; whole[ref] != component[c[0]].Ref {
						t.Fatalf("%s belongs to %s in its component, to %s among all", ref, component[c[0]].Ref, whole[ref])
					}
				}
			}
		}
	})
}

// components closes over must-links, decisions that two are the same, and verdicts that join.
func components(members []Member, decisions []Decision) [][]Member {
	f := newForest(members)
	for i := range members {
		for j := range members {
			a, b := *f.at(i), *f.at(j)
			if a.Kind == b.Kind && plain.Compare(&a, &b).Band >= Auto {
				f.union(i, j)
			}
			for _, k := range a.Keys {
				if k.Strong && (holds(&b, k) || k.Value == b.Ref) {
					f.union(i, j)
				}
			}
		}
	}
	for _, d := range decisions {
		a, _ := f.position(d.A)
		b, _ := f.position(d.B)
		if d.Same {
			f.union(a, b)
		}
	}
	var list [][]Member
	for _, c := range f.clusters() {
		var part []Member
		for _, i := range c {
			part = append(part, members[i])
		}
		list = append(list, part)
	}
	return list
}

func told(members []Member, o Outcome) string {
	lines := []string{fmt.Sprint(refs(members, o.Clusters))}
	for _, list := range [][]Link{o.Joined, o.Review} {
		for _, l := range list {
			a, b := members[l.A].Ref, members[l.B].Ref
			lines = append(lines, fmt.Sprint(min(a, b), " ", max(a, b), " ", l.Verdict, " ", l.Refused))
		}
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n")
}
