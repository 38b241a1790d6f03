package ledger

import (
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// node is what finding a customer's records wants to know of one record.
type node struct {
	key    recKey
	kind   canonical.Kind // "" of what is no member of anything
	live   bool
	into   recKey
	id     latent
	entity latent         // as stored
	keys   []identity.Key // all of them, usable or not
	facts  *compare.Facts // nil until wanted, and of kinds that are not compared
	usable []identity.Key // nil until asked for
}

// scene is where nodes come from: the rows of a transaction, or a snapshot seen with another resolver.
type scene interface {
	// node returns a record, nil when it is not known.
	node(key recKey) (*node, error)
	// profile returns what the record of a node says.
	profile(n *node) (*canonical.Profile, error)
	// holders lists the records that hold a term, ascending; when most is above 0, it may stop after so many.
	holders(term string, most int) []recKey
	// members lists the records of a stored entity, nil when there is none.
	members(kind canonical.Kind, id latent) ([]recKey, error)
	// decisions lists what people decided about a record.
	decisions(key recKey) ([]Decision, error)
	// tangled reports whether the record was found to be part of a tangle; see walk.
	tangled(key recKey) bool
	err() error
}

// mostNodes bounds the nodes that are remembered in one transaction; they are read again when they are wanted again.
const mostNodes = 20_000

// at returns a record, nil when it is not known.
func (w *walk) at(key recKey) (*node, error) {
	if n, ok := w.nodes[key]; ok {
		return n, nil
	}
	n, err := w.scene.node(key)
	if err != nil {
		return nil, err
	}
	if len(w.nodes) >= mostNodes {
		clear(w.nodes)
	}
	w.nodes[key] = n
	return n, nil
}

// factsOf fills in the facts of a node.
func (w *walk) factsOf(n *node) error {
	if n.facts != nil || !identity.Compares(n.kind) {
		return nil
	}
	p, err := w.scene.profile(n)
	if err != nil {
		return err
	}
	n.facts = w.resolver.FactsOf(p)
	return nil
}

// usableOf returns a record's extended keys without the weak ones that too many records hold.
func (w *walk) usableOf(n *node) ([]identity.Key, error) {
	if n.usable != nil {
		return n.usable, nil
	}
	keep := make([]identity.Key, 0, len(n.keys))
	for i := range n.keys {
		k := &n.keys[i]
		if k.Strong || len(w.lookUp(term(k), w.resolver.Most(k.Space))) <= w.resolver.Most(k.Space) {
			keep = append(keep, *k)
		}
	}
	keep, err := w.extended(keep)
	if err != nil {
		return nil, err
	}
	n.usable = keep
	return keep, w.scene.err()
}

// extended adds the must-links that those of a list lead to by way of records that are no members of anything.
func (w *walk) extended(keys []identity.Key) ([]identity.Key, error) {
	for i := 0; i < len(keys); i++ {
		more, err := w.beyond(&keys[i])
		if err != nil {
			return nil, err
		}
		for _, k := range more {
			if !slices.Contains(keys, k) {
				keys = append(slices.Clip(keys), k)
			}
		}
	}
	return keys, nil
}

// beyond returns the must-links of a record that a must-link names and that is no member of anything: a record whose
// content was never read, but that the vendor merged into another.
func (w *walk) beyond(k *identity.Key) ([]identity.Key, error) {
	if !k.Strong || k.Space != identity.RefSpace {
		return nil, nil
	}
	key, err := keyOfText(k.Value)
	if err != nil {
		return nil, nil // a source may name what cannot be a record
	}
	n, err := w.at(key)
	if err != nil || n == nil || n.kind != "" {
		return nil, err
	}
	return n.keys, nil
}

// member returns a node as package identity wants it.
func (w *walk) member(n *node) (identity.Member, error) {
	keys, err := w.usableOf(n)
	if err != nil {
		return identity.Member{}, err
	}
	if err := w.factsOf(n); err != nil {
		return identity.Member{}, err
	}
	return identity.Member{Ref: n.key.String(), Kind: n.kind, Live: n.live, Keys: keys, Facts: n.facts}, nil
}
