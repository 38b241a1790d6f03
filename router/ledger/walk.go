package ledger

import (
	"errors"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

var errMissing = errors.New("row is missing")

// MostTied is the most records that weak evidence may tie together, directly or through others. More are a tangle: in
// one of those nothing is joined but what a source or a person says, because neither is so much evidence about one
// customer credible nor could every change of one record afford to look at all of it.
const MostTied = 1000

// walk finds the records that have to be clustered together after a transaction changed some: their component, whose
// edges are must-links, decisions that two are the same, and verdicts of identity.Auto.
//
// Edges are not stored. The components that a lost edge leaves behind are found by the stored membership instead: an
// edge that joined two records left them in one entity, and one that was refused had no part in either entity.
//
// Of a tangle only a part is read: all records that were not known to be tangled before, so that each is freed of what
// joined it. Those that were known to be stay as they are.
type walk struct {
	scene    scene
	resolver *identity.Resolver
	most     int // MostTied
	touched  func(recKey) *was
	moved    map[string]int      // change of a term's number of holders in this transaction
	lists    map[string][]recKey // holders of terms looked up already
	nodes    map[recKey]*node
	found    map[recKey]*component
	seeds    []recKey        // to begin components at
	open     map[recKey]bool // records that are expanded even when they are known to be tangled
}

// was is what a touched record said before the transaction.
type was struct {
	kind canonical.Kind
	keys []identity.Key
}

// component is a set of records that are clustered together.
type component struct {
	list    []recKey // what is no member of anything is among them
	members int
	tangled bool // too many hang together, and list may hold a part of them
	review  []pairVerdict
}

// pairVerdict is a pair of records that a person should look at; b need not be of the component.
type pairVerdict struct {
	a, b recKey
	identity.Verdict
	refused string // why what would join did not
}

// newWalk returns a walk of which touched says what records said before a transaction; nil for a snapshot.
func newWalk(s scene, r *identity.Resolver, most int, touched func(recKey) *was, moved map[string]int) *walk {
	if touched == nil {
		touched = func(recKey) *was { return nil }
	}
	return &walk{scene: s, resolver: r, most: most, touched: touched, moved: moved, lists: map[string][]recKey{},
		nodes: map[recKey]*node{}, found: map[recKey]*component{}, open: map[recKey]bool{}}
}

// from calls fn for every component that the records, or what they lead to, are part of.
func (w *walk) from(keys []recKey, fn func(*component) error) error {
	w.seeds = append(w.seeds, keys...)
	for i := 0; i < len(w.seeds); i++ {
		if w.found[w.seeds[i]] != nil {
			continue
		}
		p, err := w.component(w.seeds[i])
		if err != nil {
			return err
		}
		if len(p.list) == 0 {
			continue
		}
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

// component returns the component of one record.
func (w *walk) component(start recKey) (*component, error) {
	p := &component{}
	if err := w.enter(p, start); err != nil {
		return nil, err
	}
	for i := 0; i < len(p.list); i++ {
		if err := w.expand(p, p.list[i]); err != nil {
			return nil, err
		}
	}
	slices.Sort(p.list)
	return p, nil
}

// enter adds a record to a component, unless it is of one already.
func (w *walk) enter(p *component, key recKey) error {
	if of := w.found[key]; of != nil {
		p.tangled = p.tangled || of.tangled // of which only a part was read
		return nil
	}
	n, err := w.at(key)
	if err != nil || n == nil {
		return err
	}
	if n.kind == "" && n.into == "" && w.touched(key) == nil {
		return nil
	}
	w.found[key] = p
	p.list = append(p.list, key)
	if n.kind != "" {
		p.members++
	}
	p.tangled = p.tangled || p.members > w.most
	return nil
}

// expand enters the neighbours of one record.
func (w *walk) expand(p *component, key recKey) error {
	n, err := w.at(key)
	if err != nil {
		return err
	}
	if err := w.before(n); err != nil {
		return err
	}
	if err := w.mustLinks(p, n); err != nil {
		return err
	}
	if err := w.decided(p, n); err != nil {
		return err
	}
	if !identity.Compares(n.kind) || p.tangled && !w.open[key] && w.touched(key) == nil && w.scene.tangled(key) {
		return nil
	}
	return w.evidence(p, n)
}

// mustLinks enters what a record's strong keys lead to, and who names it.
func (w *walk) mustLinks(p *component, n *node) error {
	self := identity.RefKey(n.key.String())
	list := w.lookUp(term(&self), 0)
	for i := range n.keys {
		if n.keys[i].Strong {
			list = append(list[:len(list):len(list)], w.strong(&n.keys[i])...)
		}
	}
	for _, key := range list {
		if err := w.enter(p, key); err != nil {
			return err
		}
	}
	return w.scene.err()
}

// decided enters the records that people said are the same as one.
func (w *walk) decided(p *component, n *node) error {
	if n.kind == "" {
		return nil
	}
	decisions, err := w.scene.decisions(n.key)
	if err != nil {
		return err
	}
	for _, d := range decisions {
		other, err := keyOfText(d.other(n.key.String()))
		if err != nil || !d.Same {
			continue
		}
		o, err := w.at(other)
		if err != nil {
			return err
		}
		if o == nil || o.kind == "" { // forgotten since, and no member of anything
			continue
		}
		if err := w.enter(p, other); err != nil {
			return err
		}
	}
	return nil
}

// strong lists the holders of a strong key and the record it names.
func (w *walk) strong(k *identity.Key) []recKey {
	list := w.lookUp(term(k), 0)
	if k.Space != identity.RefSpace {
		return list
	}
	if named, err := keyOfText(k.Value); err == nil {
		list = append(list[:len(list):len(list)], named)
	}
	return list
}

// evidence enters the records that a record is joined with by what both say, and notes those that a person should
// look at.
func (w *walk) evidence(p *component, n *node) error {
	return w.weigh(n, func(o *node, v identity.Verdict) error {
		switch {
		case v.Band >= identity.Auto:
			return w.enter(p, o.key)
		case v.Band == identity.Review && n.live && o.live:
			p.review = append(p.review, pairVerdict{a: n.key, b: o.key, Verdict: v})
		}
		return nil
	})
}

// weigh compares a record with every other of its kind that shares a usable key with it.
func (w *walk) weigh(n *node, fn func(*node, identity.Verdict) error) error {
	candidates, err := w.candidates(n)
	if err != nil || len(candidates) == 0 {
		return err
	}
	self, err := w.member(n)
	if err != nil {
		return err
	}
	for _, key := range candidates {
		o, err := w.at(key)
		if err != nil {
			return err
		}
		if o == nil || o.kind != n.kind {
			continue
		}
		other, err := w.candidate(o)
		if err != nil {
			return err
		}
		if err := fn(o, w.resolver.Compare(&self, &other)); err != nil {
			return err
		}
	}
	return nil
}

// candidates lists the other holders of a record's usable weak keys, ascending, each once.
func (w *walk) candidates(n *node) ([]recKey, error) {
	keys, err := w.usableOf(n)
	if err != nil {
		return nil, err
	}
	var list []recKey
	for i := range keys {
		k := &keys[i]
		if k.Strong {
			continue
		}
		for _, key := range w.lookUp(term(k), w.resolver.Most(k.Space)) {
			if key != n.key {
				list = append(list, key)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list), w.scene.err()
}

// candidate is member without asking how many records hold each of its keys: only what both have counts, and the
// other's are known to be usable.
func (w *walk) candidate(n *node) (identity.Member, error) {
	if n.usable != nil {
		return w.member(n)
	}
	if err := w.factsOf(n); err != nil {
		return identity.Member{}, err
	}
	keys, err := w.extended(n.keys)
	return identity.Member{Ref: n.key.String(), Kind: n.kind, Live: n.live, Keys: keys, Facts: n.facts}, err
}

// before makes seeds of what may have hung together with a record before the transaction: the rest of its entity, what
// its former must-links lead to, and everybody who holds a term that has become usable, or has ceased to be.
func (w *walk) before(n *node) error {
	t := w.touched(n.key)
	kind := n.kind
	if t != nil {
		kind = t.kind
	}
	rest, err := w.scene.members(kind, n.entity)
	if err != nil {
		return err
	}
	w.seeds = append(w.seeds, rest...)
	if t == nil {
		return nil
	}
	w.turned(n.keys)
	w.turned(t.keys)
	freed := w.scene.tangled(n.key)
	for i := range t.keys {
		k := &t.keys[i]
		if k.Strong {
			w.seeds = append(w.seeds, w.strong(k)...)
		} else if freed {
			w.seeds = append(w.seeds, w.lookUp(term(k), w.resolver.Most(k.Space))...)
		}
	}
	return w.scene.err()
}

// turned makes seeds of all holders of the terms whose number of holders has come to the limit or left it.
func (w *walk) turned(keys []identity.Key) {
	for i := range keys {
		k := &keys[i]
		t := term(k)
		if k.Strong || w.moved[t] == 0 {
			continue
		}
		most := w.resolver.Most(k.Space)
		list := w.lookUp(t, most)
		if now, then := len(list) <= most, len(list)-w.moved[t] <= most; now == then {
			continue
		}
		for _, key := range list {
			w.open[key] = true
		}
		w.seeds = append(w.seeds, list...)
	}
}

// lookUp returns the holders of a term. Of a weak one (most above 0) with very many only so many are read that it is
// certain to have been over the limit before this transaction and to be so after it.
func (w *walk) lookUp(t string, most int) []recKey {
	if list, ok := w.lists[t]; ok {
		return list
	}
	if most > 0 {
		most += 1 + max(w.moved[t], 0)
	}
	list := w.scene.holders(t, most)
	w.lists[t] = list
	return list
}
