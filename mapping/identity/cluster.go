package identity

import (
	"cmp"
	"maps"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
)

// Cluster divides members into customers. members must be closed: with a record, all that a must-link, a decision or a
// verdict of Auto leads to. The first of each cluster is its oldest (smallest First), whose latent id is the entity's;
// clusters are ordered by their oldest. The outcome depends on the set of members and decisions only, not on their order.
//
// Decisions of people come first, then must-links, which join records of one kind whatever speaks against it but a
// decision, then pairs of live records whose verdict is Auto, the likeliest first. Such a pair joins two clusters unless
// a record of one and a record of the other cannot be the same (Verdict.Veto), too many pairs between them contradict
// it (Bands.Guard), the cluster would exceed MaxCluster, or a domain is all that joins two records of one object of one
// connection: a vendor that keeps two companies under one domain does so on purpose. A record that is not live stays
// with a live one that it would have been joined to, so that a customer keeps its id when one source deletes it, but
// never joins two.
func (r *Resolver) Cluster(members []Member, decisions []Decision) Outcome {
	if len(members) == 1 {
		return Outcome{Clusters: [][]int{{0}}}
	}
	c := &clustering{forest: newForest(heard(members)), r: r, verdicts: map[[2]int]Verdict{}}
	c.decide(decisions)
	c.index()
	c.mustLinks()
	c.likeness()
	c.keepDead()
	return c.outcome()
}

// heard returns the members as clustering hears them: what people say goes with the record that it names, but joins
// nobody and keeps nobody alive; there are decisions for that.
func heard(members []Member) []Member {
	byHand := func(m Member) bool { return m.Live && isManual(m.Ref) }
	if !slices.ContainsFunc(members, byHand) {
		return members
	}
	members = slices.Clone(members)
	for i := range members {
		members[i].Live = members[i].Live && !byHand(members[i])
	}
	return members
}

type clustering struct {
	*forest
	r        *Resolver
	holders  map[Key][]int // positions that hold a key, ascending, each once
	apart    [][2]int      // pairs that a person said are not the same
	verdicts map[[2]int]Verdict
	links    []Link // by position until outcome
}

// decide applies what people said.
func (c *clustering) decide(decisions []Decision) {
	for _, d := range decisions {
		a, ok := c.position(d.A)
		b, known := c.position(d.B)
		if !ok || !known || a == b || c.at(a).Kind != c.at(b).Kind {
			continue
		}
		if !d.Same {
			c.apart = append(c.apart, [2]int{min(a, b), max(a, b)})
		}
	}
	same := slices.Clone(decisions)
	slices.SortFunc(same, func(x, y Decision) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	for _, d := range same {
		a, ok := c.position(d.A)
		b, known := c.position(d.B)
		if d.Same && ok && known && a != b && c.at(a).Kind == c.at(b).Kind {
			c.join(a, b, Verdict{Band: Must, Rule: RuleDecision, Probability: 1})
		}
	}
}

// parted reports whether a person keeps the clusters of two positions apart.
func (c *clustering) parted(a, b int) bool {
	a, b = c.root(a), c.root(b)
	for _, p := range c.apart {
		x, y := c.root(p[0]), c.root(p[1])
		if x == a && y == b || x == b && y == a {
			return true
		}
	}
	return false
}

// separated reports whether a person said of exactly these two that they are not the same.
func (c *clustering) separated(pair [2]int) bool { return slices.Contains(c.apart, pair) }

// join unites two positions for a reason that only a decision outweighs.
func (c *clustering) join(a, b int, v Verdict) {
	link := Link{A: min(a, b), B: max(a, b), Verdict: v}
	if !c.together(a, b) && c.parted(a, b) {
		link.Refused = KeptApart
	} else {
		c.union(a, b)
	}
	c.links = append(c.links, link)
}

// index finds the holders of each key, and takes the keys that too many hold away from all of them: what is not
// evidence must not count as shared by two that meet under another key.
func (c *clustering) index() {
	c.holders = map[Key][]int{}
	for i := range c.order {
		for _, k := range c.at(i).Keys {
			if list := c.holders[k]; len(list) == 0 || list[len(list)-1] != i {
				c.holders[k] = append(list, i)
			}
		}
	}
	crowded := func(k Key) bool { return !k.Strong && len(c.holders[k]) > c.r.Most(k.Space) }
	copied := false
	for i := range c.members {
		if !slices.ContainsFunc(c.members[i].Keys, crowded) {
			continue
		}
		if !copied {
			c.members, copied = slices.Clone(c.members), true
		}
		c.members[i].Keys = slices.DeleteFunc(slices.Clone(c.members[i].Keys), crowded)
	}
	maps.DeleteFunc(c.holders, func(k Key, _ []int) bool { return crowded(k) })
}

// mustLinks joins what the sources themselves say is one thing. When people keep some apart, the order of the joins
// decides, so it is that of the keys.
func (c *clustering) mustLinks() {
	var keys []Key
	for k := range c.holders {
		if k.Strong {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(x, y Key) int { return cmp.Or(cmp.Compare(x.Space, y.Space), cmp.Compare(x.Value, y.Value)) })
	for _, k := range keys {
		list := c.holders[k]
		if named, ok := c.position(k.Value); ok && k.Space == RefSpace {
			list = append([]int{named}, list...)
		}
		first := map[canonical.Kind]int{}
		for _, i := range list {
			kind := c.at(i).Kind
			if j, ok := first[kind]; !ok {
				first[kind] = i
			} else if i != j {
				c.join(j, i, Verdict{Band: Must, Rule: RuleVendor, Probability: 1})
			}
		}
	}
}

// likeness joins pairs of live records whose verdict is Auto, and notes those for review.
func (c *clustering) likeness() {
	var auto []Link
	for pair, v := range c.pairs() {
		link := Link{A: pair[0], B: pair[1], Verdict: v}
		if v.Band == Auto {
			auto = append(auto, link)
		} else if v.Band == Review {
			link.Refused = v.Veto
			c.links = append(c.links, link)
		}
	}
	slices.SortFunc(auto, func(x, y Link) int {
		return cmp.Or(cmp.Compare(y.Probability, x.Probability), cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
	})
	for _, link := range auto {
		if !c.together(link.A, link.B) {
			if link.Refused = c.refuse(link.A, link.B, link.Rule); link.Refused == "" {
				c.union(link.A, link.B)
			}
		}
		c.links = append(c.links, link)
	}
}

// pairs judges every pair of live records of one kind that share a key which is no must-link.
func (c *clustering) pairs() map[[2]int]Verdict {
	list := map[[2]int]Verdict{}
	for k, holders := range c.holders {
		if k.Strong {
			continue
		}
		for n, a := range holders {
			c.judge(list, a, holders[n+1:])
		}
	}
	return list
}

// judge adds the pairs of one record with others, unless they are in the list.
func (c *clustering) judge(list map[[2]int]Verdict, a int, others []int) {
	for _, b := range others {
		if _, done := list[[2]int{a, b}]; !done && c.at(a).Live && c.at(b).Live && c.at(a).Kind == c.at(b).Kind {
			list[[2]int{a, b}] = c.verdict(a, b)
		}
	}
}

// verdict is Compare of two positions, each pair once.
func (c *clustering) verdict(a, b int) Verdict {
	pair := [2]int{min(a, b), max(a, b)}
	v, known := c.verdicts[pair]
	if !known {
		v = c.r.Compare(c.at(a), c.at(b))
		c.verdicts[pair] = v
	}
	return v
}

// keepDead leaves each record that is not live with the live record of smallest ref that it would be joined to.
func (c *clustering) keepDead() {
	for i := range c.order {
		m := c.at(i)
		if m.Live || slices.ContainsFunc(c.within[c.root(i)], func(j int) bool { return c.at(j).Live }) {
			continue
		}
		if home, v := c.home(i, m); home >= 0 {
			c.union(home, i)
			c.links = append(c.links, Link{A: min(home, i), B: max(home, i), Verdict: v})
		}
	}
}

// home returns the live record of smallest ref that m would be joined to, -1 when there is none.
func (c *clustering) home(i int, m *Member) (int, Verdict) {
	var near []int
	for _, k := range m.Keys {
		if !k.Strong {
			near = append(near, c.holders[k]...)
		}
	}
	slices.Sort(near)
	for _, j := range slices.Compact(near) {
		if o := c.at(j); !o.Live || o.Kind != m.Kind || c.parted(i, j) {
			continue
		}
		if v := c.verdict(i, j); v.Band >= Auto {
			return j, v
		}
	}
	return -1, Verdict{}
}

// outcome turns positions into the caller's indices.
func (c *clustering) outcome() Outcome {
	o := Outcome{Clusters: c.clusters()}
	slices.SortFunc(c.links, func(x, y Link) int {
		return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B), cmp.Compare(y.Band, x.Band), cmp.Compare(x.Rule, y.Rule))
	})
	c.links = slices.CompactFunc(c.links, func(x, y Link) bool { return x.A == y.A && x.B == y.B && x.Rule == y.Rule })
	for _, link := range c.links {
		pair := [2]int{link.A, link.B}
		together, live := c.together(link.A, link.B), c.at(link.A).Live && c.at(link.B).Live
		link.A, link.B = c.order[link.A], c.order[link.B]
		switch {
		case together && link.Band >= Auto:
			link.Refused = "" // something else joined them
			o.Joined = append(o.Joined, link)
		case !together && live:
			if link.Refused == "" && c.separated(pair) {
				link.Refused = KeptApart
			}
			o.Review = append(o.Review, link)
		}
	}
	return o
}
