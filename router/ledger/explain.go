package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Explanation says why the records of an entity are one customer, and why others are not part of it.
type Explanation struct {
	Entity  string      `json:"entity"`
	Members []MemberWhy `json:"members"`
	// Joined is the evidence that holds the records together; Review what waits for a person or was refused, with
	// records of other entities among them. Each has at most MostPairs; More counts the others.
	Joined    []PairWhy  `json:"joined"`
	Review    []PairWhy  `json:"review"`
	More      int        `json:"more,omitempty"`
	Decisions []Decision `json:"decisions"`
	// Tangled says that more than MostTied records hang together here, so that no evidence joins any of them.
	Tangled bool `json:"tangled,omitempty"`
}

// MemberWhy is one record of an entity.
type MemberWhy struct {
	Ref     string             `json:"ref"`
	Live    bool               `json:"live"`
	Latent  string             `json:"latent"`  // the id the entity would have if the record stood alone
	Ignored []identity.Ignored `json:"ignored"` // its values that identify nobody, and why
}

// PairWhy is what two records say about each other.
type PairWhy struct {
	A       string `json:"a"`
	B       string `json:"b"`
	EntityA string `json:"entity_a"`
	EntityB string `json:"entity_b"`
	identity.Verdict
	Refused string `json:"refused,omitempty"` // why it did not join them
}

// MostPairs bounds the pairs of an Explanation.
const MostPairs = 500

// Explain clusters the component of an entity again and says what held it together and what kept others apart. The
// entity may be a former one. ErrNotFound says that there is none.
func (s *Snap) Explain(id string) (Explanation, error) {
	current, err := s.Current(id)
	if err != nil {
		return Explanation{}, err
	}
	n, err := readEntity(s.r, s.l, current)
	if err != nil {
		return Explanation{}, err
	}
	if current == "" || n == nil {
		return Explanation{}, fmt.Errorf("entity %s: %w", id, ErrNotFound)
	}
	x := &explainer{s: s, id: current, members: n.members, out: Explanation{Entity: current, Members: []MemberWhy{},
		Joined: []PairWhy{}, Review: []PairWhy{}, Decisions: []Decision{}}}
	x.w = newWalk(newRowScene(s.l.begin(readOnly{s.r})), s.l.resolver, s.l.tied, nil, nil)
	if err := x.w.from(n.members, x.component); err != nil {
		return Explanation{}, err
	}
	for _, key := range n.members {
		if err := x.member(key); err != nil {
			return Explanation{}, err
		}
	}
	decisions, err := s.Decisions(current)
	x.out.Decisions = append(x.out.Decisions, decisions...)
	return x.out, err
}

// readOnly lets what reads in a transaction read a snapshot.
type readOnly struct{ kv.Reader }

var errReadOnly = errors.New("a snapshot cannot be written to")

func (readOnly) Put(kv.Bucket, []byte, []byte) error { return errReadOnly }
func (readOnly) Delete(kv.Bucket, []byte) error      { return errReadOnly }

type explainer struct {
	s       *Snap
	w       *walk
	id      string
	members []recKey
	out     Explanation
}

// component explains the part of a component that concerns the entity.
func (x *explainer) component(p *component) error {
	if !slices.ContainsFunc(p.list, x.own) {
		return nil
	}
	x.out.Tangled = x.out.Tangled || p.tangled
	members, err := x.w.membersOf(p)
	if err != nil {
		return err
	}
	o, err := clusterOf(x.w, members)
	if err != nil {
		return err
	}
	if err := x.links(&x.out.Joined, members, o.Joined); err != nil {
		return err
	}
	if err := x.links(&x.out.Review, members, o.Review); err != nil {
		return err
	}
	if p.tangled {
		return x.tangle()
	}
	for i := range p.review {
		r := &p.review[i]
		if x.w.found[r.b] == p {
			continue
		}
		why, err := x.refusal(r)
		if err != nil {
			return err
		}
		if err := x.pair(&x.out.Review, r.a, r.b, r.Verdict, why); err != nil {
			return err
		}
	}
	return nil
}

// refusal says why a pair is not joined, when there is a reason beside its being uncertain.
func (x *explainer) refusal(r *pairVerdict) (string, error) {
	decisions, err := x.w.scene.decisions(r.a)
	if err != nil {
		return "", err
	}
	for _, d := range decisions {
		if !d.Same && d.other(r.a.String()) == r.b.String() {
			return identity.KeptApart, nil
		}
	}
	return r.Veto, nil
}

func (x *explainer) own(key recKey) bool {
	_, found := slices.BinarySearch(x.members, key)
	return found
}

func (x *explainer) links(list *[]PairWhy, members []identity.Member, links []identity.Link) error {
	for _, l := range links {
		if err := x.pair(list, keyOfMember(&members[l.A]), keyOfMember(&members[l.B]), l.Verdict, l.Refused); err != nil {
			return err
		}
	}
	return nil
}

// tangle shows what would join the entity's records with others if there were not so many.
func (x *explainer) tangle() error {
	for _, key := range x.members {
		n, err := x.w.at(key)
		if err != nil {
			return err
		}
		err = x.w.weigh(n, func(o *node, v identity.Verdict) error {
			if v.Band < identity.Auto || x.own(o.key) {
				return nil
			}
			return x.pair(&x.out.Review, key, o.key, v, fmt.Sprintf("more than %d records hang together here", x.w.most))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pair adds a pair when one of its records is of the entity.
func (x *explainer) pair(list *[]PairWhy, a, b recKey, v identity.Verdict, refused string) error {
	if !x.own(a) && !x.own(b) {
		return nil
	}
	if len(*list) == MostPairs {
		x.out.More++
		return nil
	}
	if a.String() > b.String() {
		a, b = b, a
	}
	x1, err := x.w.at(a)
	if err != nil {
		return err
	}
	x2, err := x.w.at(b)
	if err != nil {
		return err
	}
	p := PairWhy{A: a.String(), B: b.String(), EntityA: entityID(x1.kind, x1.entity), EntityB: entityID(x2.kind, x2.entity),
		Verdict: v, Refused: refused}
	if p.Evidence, err = x.evidence(x1, x2); err != nil {
		return err
	}
	*list = append(*list, p)
	return nil
}

// evidence returns everything that the two say about each other.
func (x *explainer) evidence(a, b *node) ([]identity.Evidence, error) {
	m, err := x.w.member(a)
	if err != nil {
		return nil, err
	}
	o, err := x.w.member(b)
	if err != nil {
		return nil, err
	}
	return x.w.resolver.Explain(&m, &o).Evidence, nil
}

// member adds a record with its values that identify nobody.
func (x *explainer) member(key recKey) error {
	m, err := x.s.meta(key)
	if err != nil {
		return err
	}
	why := MemberWhy{Ref: key.String(), Live: m.live(), Latent: entityID(m.kind, m.id), Ignored: []identity.Ignored{}}
	n, err := x.w.at(key)
	if err != nil {
		return err
	}
	if n.kind != "" {
		p, err := x.w.scene.profile(n)
		if err != nil {
			return err
		}
		_, ignored := x.w.resolver.Examine(p, why.Ref)
		why.Ignored = append(why.Ignored, ignored...)
		crowded, err := x.crowded(n, p)
		if err != nil {
			return err
		}
		why.Ignored = append(why.Ignored, crowded...)
	}
	x.out.Members = append(x.out.Members, why)
	return nil
}

// mostCounted bounds how many holders of a key are counted.
const mostCounted = 100_000

// crowded lists the keys of a record that too many records hold, and must-links to what is not known.
func (x *explainer) crowded(n *node, p *canonical.Profile) ([]identity.Ignored, error) {
	usable, err := x.w.usableOf(n)
	if err != nil {
		return nil, err
	}
	var list []identity.Ignored
	for _, k := range n.keys {
		switch {
		case k.Strong:
			unknown, err := x.unknown(&k)
			if err != nil {
				return nil, err
			}
			list = append(list, unknown...)
		case k.Space != identity.BlockSpace && !slices.Contains(usable, k):
			held := len(x.w.scene.holders(term(&k), mostCounted))
			list = append(list, identity.Ignored{Field: fieldOf(k.Space), Value: valueOf(&k, p),
				Reason: fmt.Sprintf("held by %d records, more than %d", held, x.w.resolver.Most(k.Space))})
		}
	}
	return list, nil
}

// unknown tells of a must-link that names a record which is not here.
func (x *explainer) unknown(k *identity.Key) ([]identity.Ignored, error) {
	key, err := keyOfText(k.Value)
	if k.Space != identity.RefSpace || err != nil {
		return nil, nil
	}
	n, err := x.w.at(key)
	if err != nil || n != nil {
		return nil, err
	}
	return []identity.Ignored{{Field: "same", Value: k.Value, Reason: "no such record is known yet"}}, nil
}

// fieldOf returns the field that keys of a space are made of.
func fieldOf(space string) string {
	switch space {
	case identity.EmailSpace, identity.MailboxSpace:
		return "emails"
	case identity.PhoneSpace:
		return "phones"
	case identity.DomainSpace:
		return "domains"
	case identity.IDSpace:
		return "identifiers"
	}
	return space
}

// valueOf returns what people know a key's value as: a name and what narrows it down are kept as a hash.
func valueOf(k *identity.Key, p *canonical.Profile) string {
	if k.Space != identity.NameSpace {
		return k.Value
	}
	what := map[byte]string{'b': "birthday", 's': "street", 'e': "employer", 'p': "postal code", 'l': "city", 't': "phone number"}
	name := cmp.Or(textOf(p, "name.full"), textOf(p, "name.given")+" "+textOf(p, "name.family"))
	if p.Kind == canonical.Organization {
		name = textOf(p, "name")
	}
	if k.Value == "" {
		return name
	}
	return name + " and " + cmp.Or(what[k.Value[0]], "more")
}

// textOf returns a text that a profile claims, "" for none.
func textOf(p *canonical.Profile, name string) string {
	return gjson.ParseBytes(p.Get(name)).Str
}
