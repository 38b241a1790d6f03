package ledger

import (
	"maps"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// resolve derives everything that follows from the touched records: index rows, who is the same, entities, what a
// person should look at, the log of changes and the dirty marks. It returns the entities that are now dirty. Only the
// components around touched records are looked at, and each is clustered anew from all its evidence, so the result is
// what clustering everything would give.
func (c *change) resolve() ([]string, error) {
	if len(c.touched) == 0 && len(c.past) == 0 && len(c.spoken) == 0 {
		return nil, nil
	}
	moved, err := c.index()
	if err != nil {
		return nil, err
	}
	scene := newRowScene(c)
	w := newWalk(scene, c.l.resolver, c.l.tied, c.before, moved)
	var found []*component
	err = w.from(slices.Sorted(maps.Keys(c.touched)), func(p *component) error {
		found = append(found, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	e := &effects{c: c, changed: map[string]bool{}, around: map[recKey]canonical.Kind{}, dirty: map[string]bool{}}
	g := &regrouping{c: c, w: w, e: e, former: map[string]bool{}, current: map[string]bool{}}
	if err := g.run(found); err != nil {
		return nil, err
	}
	if err := c.reconsent(g); err != nil {
		return nil, err
	}
	if err := c.review(scene, w, found, g.refused); err != nil {
		return nil, err
	}
	if err := c.logChanges(g); err != nil {
		return nil, err
	}
	if err := c.recalled(e); err != nil {
		return nil, err
	}
	e.retrailed()
	return e.mark()
}

// before returns what a touched record said before this transaction, nil for one that is not touched.
func (c *change) before(key recKey) *was {
	m := c.touched[key]
	if m == nil {
		return nil
	}
	return &was{kind: m.kind, keys: effective(m, c.bodies[key].was)}
}

// regrouping divides components into entities and stores what changed.
type regrouping struct {
	c               *change
	w               *walk
	e               *effects
	former, current map[string]bool // entities that the records belonged to, and belong to
	refused         []pairVerdict
}

func (g *regrouping) run(found []*component) error {
	for _, p := range found {
		if err := g.c.formerEntities(p.list, g.former, g.e); err != nil {
			return err
		}
	}
	for _, p := range found {
		if err := g.regroup(p); err != nil {
			return err
		}
	}
	return g.c.retire(g.former, g.current, g.e)
}

// regroup clusters one component.
func (g *regrouping) regroup(p *component) error {
	members, err := g.w.membersOf(p)
	if err != nil || len(members) == 0 {
		return err
	}
	out, err := clusterOf(g.w, members)
	if err != nil {
		return err
	}
	g.note(members, out.Review)
	for _, cluster := range out.Clusters {
		if err := g.settle(members, cluster); err != nil {
			return err
		}
	}
	return nil
}

// settle makes one cluster an entity, which has the latent id of its oldest record.
func (g *regrouping) settle(members []identity.Member, cluster []int) error {
	oldest, err := g.c.meta(keyOfMember(&members[cluster[0]]))
	if err != nil {
		return err
	}
	keys := make([]recKey, len(cluster))
	for i, n := range cluster {
		keys[i] = keyOfMember(&members[n])
		slot, err := g.c.meta(keys[i])
		if err != nil {
			return err
		}
		if slot.entity != oldest.id {
			slot.entity, slot.dirty = oldest.id, true
		}
	}
	slices.Sort(keys)
	name := entityID(oldest.kind, oldest.id)
	g.current[name] = true
	return g.c.putEntity(name, oldest.kind, keys, g.e)
}

// note keeps the pairs that clustering leaves to a person.
func (g *regrouping) note(members []identity.Member, links []identity.Link) {
	for _, l := range links {
		if members[l.A].Live && members[l.B].Live {
			g.refused = append(g.refused, pairVerdict{keyOfMember(&members[l.A]), keyOfMember(&members[l.B]), l.Verdict, l.Refused})
		}
	}
}

// clusterOf divides members, with the decisions about them.
func clusterOf(w *walk, members []identity.Member) (identity.Outcome, error) {
	switch len(members) {
	case 0:
		return identity.Outcome{}, nil
	case 1:
		return identity.Outcome{Clusters: [][]int{{0}}}, nil
	}
	var decisions []identity.Decision
	for i := range members {
		list, err := w.scene.decisions(keyOfMember(&members[i]))
		if err != nil {
			return identity.Outcome{}, err
		}
		for _, d := range list {
			if d.A == members[i].Ref {
				decisions = append(decisions, identity.Decision{A: d.A, B: d.B, Same: d.Same})
			}
		}
	}
	return w.resolver.Cluster(members, decisions), nil
}

// keyOfMember turns a member's reference back into its key; both were made from each other.
func keyOfMember(m *identity.Member) recKey {
	key, _ := keyOfText(m.Ref)
	return key
}

// formerEntities adds the entities that records belonged to, by name. A record that is no member any more leaves its
// entity here.
func (c *change) formerEntities(list []recKey, former map[string]bool, e *effects) error {
	for _, key := range list {
		slot, err := c.meta(key)
		if err != nil {
			return err
		}
		kind := slot.kind
		if was := c.touched[key]; was != nil {
			kind = was.kind
		}
		if kind != "" && !slot.entity.isZero() {
			former[entityID(kind, slot.entity)] = true
		}
		if !slot.member() {
			e.around[key] = kind
			if !slot.entity.isZero() {
				slot.entity, slot.dirty = latent{}, true
			}
		}
	}
	return nil
}

// membersOf returns a component as package identity wants it. In a tangle only must-links count.
func (w *walk) membersOf(p *component) ([]identity.Member, error) {
	var members []identity.Member
	var ids []latent
	for _, key := range p.list {
		n, err := w.at(key)
		if err != nil {
			return nil, err
		}
		if n.kind == "" {
			continue
		}
		m, err := w.memberOf(n, p)
		if err != nil {
			return nil, err
		}
		members, ids = append(members, m), append(ids, n.id)
	}
	setAges(members, ids)
	return members, nil
}

// memberOf returns a record of a component as package identity wants it.
func (w *walk) memberOf(n *node, p *component) (identity.Member, error) {
	if p.members == 1 { // nothing to compare it with
		return identity.Member{Ref: n.key.String(), Kind: n.kind, Live: n.live}, nil
	}
	m, err := w.member(n)
	if p.tangled {
		m.Keys = strongOf(m.Keys)
	}
	return m, err
}

func strongOf(keys []identity.Key) []identity.Key {
	var list []identity.Key
	for _, k := range keys {
		if k.Strong {
			list = append(list, k)
		}
	}
	return list
}

// setAges numbers members by their latent ids, which is their order of age.
func setAges(members []identity.Member, ids []latent) {
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return compareIDs(ids[a], ids[b]) })
	for age, i := range order {
		members[i].First = uint64(age) + 1
	}
}
