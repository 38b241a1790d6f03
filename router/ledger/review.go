package ledger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger/kv"
)

// ReviewItem is a pair of records that a person should look at: evidence that they are one customer, which is not
// enough to join them or which something speaks against.
type ReviewItem struct {
	A           string         `json:"a"` // record, A < B
	B           string         `json:"b"`
	EntityA     string         `json:"entity_a"`
	EntityB     string         `json:"entity_b"`
	Kind        canonical.Kind `json:"kind"`
	Rule        string         `json:"rule"`
	Probability float64        `json:"probability"`
	Refused     string         `json:"refused,omitempty"` // what speaks against it
	Since       time.Time      `json:"since"`             // when it was first found; our clock
}

// reviewRow is the stored part of a ReviewItem: what does not follow from the records' own rows.
type reviewRow struct {
	Rule        string    `json:"r"`
	Probability float64   `json:"p"`
	Refused     string    `json:"n,omitempty"`
	Since       time.Time `json:"t"`
}

func (r *reviewRow) same(o *reviewRow) bool {
	return r.Rule == o.Rule && r.Probability == o.Probability && r.Refused == o.Refused
}

func decodeReview(name string, row []byte) (*reviewRow, error) {
	var r reviewRow
	if err := json.Unmarshal(row, &r); err != nil {
		return nil, damaged(bReview, name, err)
	}
	return &r, nil
}

// reviewing brings the review rows of components up to date.
type reviewing struct {
	c     *change
	scene *rowScene
	found map[recKey]*component
	want  map[recKey]map[recKey]*reviewRow // of records of the components, both directions
}

// review writes what a person should look at around the given components: the pairs of their records that are neither
// joined nor decided about. The rows are a function of what the ledger holds, so they do not depend on the order of
// arrival (invariant 2), except for the time they were first found.
func (c *change) review(scene *rowScene, w *walk, found []*component, refused []pairVerdict) error {
	v := &reviewing{c: c, scene: scene, found: w.found, want: map[recKey]map[recKey]*reviewRow{}}
	for _, p := range found {
		if err := v.wish(p.review); err != nil {
			return err
		}
	}
	if err := v.wish(refused); err != nil {
		return err
	}
	for _, p := range found {
		for _, key := range p.list {
			if err := v.settle(key, p.tangled); err != nil {
				return err
			}
		}
	}
	return nil
}

// wish notes the pairs that end in different entities and that nobody has decided about.
func (v *reviewing) wish(pairs []pairVerdict) error {
	for i := range pairs {
		p := &pairs[i]
		if v.tangled(p.a) || v.tangled(p.b) { // there is no end of such pairs, and one of them says nothing
			continue
		}
		open, err := v.undecided(p.a, p.b)
		if err != nil {
			return err
		}
		if !open {
			continue
		}
		row := &reviewRow{Rule: p.Rule, Probability: p.Probability, Refused: cmp.Or(p.refused, p.Veto), Since: v.c.now}
		v.put(p.a, p.b, row)
		v.put(p.b, p.a, row)
	}
	return nil
}

func (v *reviewing) tangled(key recKey) bool {
	if p := v.found[key]; p != nil {
		return p.tangled
	}
	return v.scene.tangled(key)
}

func (v *reviewing) put(a, b recKey, row *reviewRow) {
	if v.want[a] == nil {
		v.want[a] = map[recKey]*reviewRow{}
	}
	v.want[a][b] = row
}

// undecided reports whether two records belong to different entities and nobody said that those are two.
func (v *reviewing) undecided(a, b recKey) (bool, error) {
	x, err := v.c.meta(a)
	if err != nil {
		return false, err
	}
	y, err := v.c.meta(b)
	if err != nil {
		return false, err
	}
	if x.meta == nil || y.meta == nil || x.entity == y.entity || x.entity.isZero() || y.entity.isZero() {
		return false, nil
	}
	if !v.scene.decided {
		return true, nil
	}
	members, err := v.scene.members(x.kind, x.entity)
	if err != nil {
		return false, err
	}
	for _, key := range members {
		list, err := v.scene.decisions(key)
		if err != nil {
			return false, err
		}
		for i := range list {
			other, err := keyOfText(list[i].other(key.String()))
			if err != nil || list[i].Same {
				continue
			}
			slot, err := v.c.meta(other)
			if err != nil {
				return false, err
			}
			if slot.meta != nil && slot.kind == y.kind && slot.entity == y.entity {
				return false, nil
			}
		}
	}
	return true, nil
}

// settle makes the stored rows of one record those that are wanted.
func (v *reviewing) settle(key recKey, tangled bool) error {
	slot, err := v.c.meta(key)
	if err != nil {
		return err
	}
	want := v.want[key]
	tangled = tangled && slot.member() && identity.Compares(slot.kind)
	if v.scene.reviewing && slot.was.known {
		if err := v.tidy(key, want, tangled); err != nil {
			return err
		}
	}
	if tangled && !(v.scene.reviewing && v.scene.tangled(key)) {
		if err := v.c.tx.Put(bReview, v.c.l.under(string(key)), []byte("{}")); err != nil {
			return err
		}
	}
	for _, other := range slices.SortedFunc(maps.Keys(want), compareKeys) {
		if err := v.write(key, other, want[other]); err != nil {
			return err
		}
	}
	return v.c.tx.Err()
}

// tidy removes the rows of a record that are not wanted any more, and takes over the age of those that are.
func (v *reviewing) tidy(key recKey, want map[recKey]*reviewRow, tangled bool) error {
	prefix := v.c.l.under(string(key))
	var gone []recKey
	for at, row := range v.c.tx.Scan(bReview, prefix, nil) {
		other := recKey(at[len(prefix):])
		if other == "" {
			if !tangled {
				gone = append(gone, "")
			}
			continue
		}
		old, err := decodeReview(key.String(), row)
		if err != nil {
			return err
		}
		w := want[other]
		if w == nil {
			gone = append(gone, other)
			continue
		}
		w.Since = old.Since
		if w.same(old) {
			delete(want, other)
		}
	}
	for _, other := range gone {
		if err := v.remove(key, other); err != nil {
			return err
		}
	}
	return nil
}

func (v *reviewing) remove(key, other recKey) error {
	if other == "" {
		return v.c.tx.Delete(bReview, v.c.l.under(string(key)))
	}
	return v.c.unreview(key, other)
}

// unreview takes the rows of a pair away, in both directions.
func (c *change) unreview(a, b recKey) error {
	if c.tx.Get(bReview, c.l.at(string(a), string(b))) == nil {
		return c.tx.Err()
	}
	c.add(countReviews, -1)
	if err := c.tx.Delete(bReview, c.l.at(string(a), string(b))); err != nil {
		return err
	}
	return c.tx.Delete(bReview, c.l.at(string(b), string(a)))
}

func (v *reviewing) write(a, b recKey, r *reviewRow) error {
	row, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode review of %s and %s: %w", a, b, err)
	}
	there := v.c.l.at(string(a), string(b))
	old := v.c.tx.Get(bReview, there)
	if bytes.Equal(old, row) {
		return nil // written from the other side
	}
	if old == nil {
		v.c.add(countReviews, 1)
	}
	if err := v.c.tx.Put(bReview, there, row); err != nil {
		return err
	}
	return v.c.tx.Put(bReview, v.c.l.at(string(b), string(a)), row)
}

// Reviews lists up to limit pairs that wait for a person, those of the record after the given place ("" = from the
// first), and where to go on; next is "" at the end.
func (l *Ledger) Reviews(ctx context.Context, after string, limit int) (list []ReviewItem, next string, err error) {
	err = l.view(ctx, "read reviews", func(r kv.Reader) error {
		s := &Snap{l: l, r: r}
		var from []byte
		if after != "" {
			from = append(l.at(after), 0)
		}
		list, next, err = s.reviews([]byte(l.ws), from, limit)
		return err
	})
	return list, next, err
}

// reviews lists pairs under a prefix. next is the key of the last one, without the workspace.
func (s *Snap) reviews(prefix, from []byte, limit int) (list []ReviewItem, next string, err error) {
	for at, row := range s.r.Scan(bReview, prefix, from) {
		name := string(at[len(s.l.ws):])
		a, b, ok := cutPair(name)
		if !ok || len(prefix) == len(s.l.ws) && a.String() > b.String() {
			continue
		}
		if len(list) == limit {
			return list, next, nil
		}
		item, err := s.reviewItem(a, b, row)
		if err != nil {
			return nil, "", err
		}
		list, next = append(list, item), name
	}
	return list, "", s.r.Err()
}

// cutPair divides the key of a pair of records; false for the mark of a tangle.
func cutPair(name string) (a, b recKey, ok bool) {
	at := -1
	for range 3 {
		i := strings.IndexByte(name[at+1:], 0)
		if i < 0 {
			return "", "", false
		}
		at += 1 + i
	}
	return recKey(name[:at]), recKey(name[at+1:]), at+1 < len(name)
}

func (s *Snap) reviewItem(a, b recKey, row []byte) (ReviewItem, error) {
	if a.String() > b.String() {
		a, b = b, a
	}
	r, err := decodeReview(a.String(), row)
	if err != nil {
		return ReviewItem{}, err
	}
	x, err := s.meta(a)
	if err != nil {
		return ReviewItem{}, err
	}
	y, err := s.meta(b)
	if err != nil {
		return ReviewItem{}, err
	}
	return ReviewItem{A: a.String(), B: b.String(), EntityA: entityID(x.kind, x.entity), EntityB: entityID(y.kind, y.entity),
		Kind: x.kind, Rule: r.Rule, Probability: r.Probability, Refused: r.Refused, Since: r.Since}, nil
}

// mostReviews bounds how many pairs are read for one entity.
const mostReviews = 1000

// Reviews lists the pairs that wait for a person and one of whose records belongs to the entity.
func (s *Snap) Reviews(id string) ([]ReviewItem, error) {
	n, err := readEntity(s.r, s.l, id)
	if err != nil || n == nil {
		return nil, err
	}
	var list []ReviewItem
	for _, key := range n.members {
		more, _, err := s.reviews(s.l.under(string(key)), nil, mostReviews)
		if err != nil {
			return nil, err
		}
		if list = append(list, more...); len(list) >= mostReviews {
			break
		}
	}
	return list, nil
}
