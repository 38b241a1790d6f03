package ledger

import (
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

// rowScene is the scene of a running transaction. Records that are only looked at do not enter the transaction's own
// rows, which are sorted and written in the end.
type rowScene struct {
	c         *change
	decided   bool // whether anything was decided at all
	reviewing bool // whether the bucket of reviews holds anything
}

func newRowScene(c *change) *rowScene {
	return &rowScene{c: c, decided: anything(c.tx, bDecide, []byte(c.l.ws)), reviewing: anything(c.tx, bReview, []byte(c.l.ws))}
}

// anything reports whether a bucket holds a row under a prefix.
func anything(r kv.Reader, bucket kv.Bucket, prefix []byte) bool {
	for range r.Scan(bucket, prefix, nil) {
		return true
	}
	return false
}

func (s *rowScene) node(key recKey) (*node, error) {
	m, b, err := s.rows(key)
	if err != nil || m == nil {
		return nil, err
	}
	return &node{key: key, kind: m.kind, live: m.live(), into: m.into, id: m.id, entity: m.entity, keys: effective(m, b)}, nil
}

// rows returns the rows of a record as they are in this transaction.
func (s *rowScene) rows(key recKey) (m *meta, b *body, err error) {
	if slot, ok := s.c.metas[key]; ok {
		m = slot.meta
	} else if m, err = readMeta(s.c.tx, s.c.l, key); err != nil {
		return nil, nil, err
	}
	if m == nil || m.content.isZero() {
		return m, nil, nil
	}
	if slot, ok := s.c.bodies[key]; ok {
		return m, slot.now, nil
	}
	b, err = readBody(s.c.tx, s.c.l, key)
	return m, b, err
}

func (s *rowScene) profile(n *node) (*canonical.Profile, error) {
	_, b, err := s.rows(n.key)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, damaged(bBody, n.key.String(), errMissing)
	}
	p, err := b.decodeProfile(n.key)
	return &p, err
}

func (s *rowScene) holders(term string, most int) []recKey {
	return holdersOf(s.c.tx, s.c.l, term, most)
}

func holdersOf(r kv.Reader, l *Ledger, term string, most int) []recKey {
	var list []recKey
	for key := range below(r, bKey, l.under(term)) {
		list = append(list, key)
		if most > 0 && len(list) >= most {
			break
		}
	}
	return list
}

func (s *rowScene) members(kind canonical.Kind, id latent) ([]recKey, error) {
	if kind == "" || id.isZero() {
		return nil, nil
	}
	slot, err := s.c.entity(entityID(kind, id))
	if err != nil || slot.now == nil {
		return nil, err
	}
	return slot.now.members, nil
}

func (s *rowScene) decisions(key recKey) ([]Decision, error) {
	if !s.decided {
		return nil, nil
	}
	return readDecisions(s.c.tx, s.c.l, key)
}

func (s *rowScene) tangled(key recKey) bool {
	return s.reviewing && s.c.tx.Get(bReview, s.c.l.under(string(key))) != nil
}

func (s *rowScene) err() error { return s.c.tx.Err() }
