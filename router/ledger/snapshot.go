package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Snap reads entities and links as they are at one moment. It implements work.Graph. It is valid only inside of the
// function it was given to, on that function's goroutine; what it returns may be kept.
type Snap struct {
	l    *Ledger
	r    kv.Reader
	ents map[string]*work.Entity // read already; nil = gone
	now  time.Time
	near near
	some map[string]bool // counters that are above 0
}

var _ work.Graph = (*Snap)(nil)

// Snapshot calls fn once. Never call a vendor inside of it.
func (l *Ledger) Snapshot(ctx context.Context, fn func(*Snap) error) error {
	return l.view(ctx, "read entities", func(r kv.Reader) error {
		return fn(&Snap{l: l, r: r, ents: map[string]*work.Entity{}, now: plain(l.now())})
	})
}

// Subject returns the entity that a dirty mark or a link names, nil when it is gone or was merged into another: then
// what targets show under this id is to be closed. Unlike Entity it follows no alias.
func (s *Snap) Subject(id string) (*work.Entity, error) {
	if e, ok := s.ents[id]; ok {
		return e, nil
	}
	kind, _, err := parseEntityID(id)
	if err != nil {
		return nil, err
	}
	n, err := readEntity(s.r, s.l, id)
	if err != nil {
		return nil, err
	}
	if !n.alive() {
		s.ents[id] = nil
		return nil, nil
	}
	e := &work.Entity{ID: id, Kind: kind}
	if e.Golden, err = s.reading().golden(kind, n.members); err != nil {
		return nil, err
	}
	e.Refs = e.Golden.Refs()
	s.ents[id] = e
	return e, nil
}

// Entity returns an entity by its id or a former one, nil when there is none or all its records are deleted.
func (s *Snap) Entity(id string) (*work.Entity, error) {
	current, err := s.Current(id)
	if err != nil || current == "" {
		return nil, err
	}
	return s.Subject(current)
}

// Current returns the id that an id leads to now: itself, the entity it was merged into, or "" for none.
func (s *Snap) Current(id string) (string, error) {
	if _, _, err := parseEntityID(id); err != nil {
		return "", err
	}
	if s.r.Get(bEnt, s.l.at(id)) != nil {
		return id, nil
	}
	row := s.r.Get(bAlias, s.l.at(id))
	if row == nil {
		return "", s.r.Err()
	}
	return s.owner(recKey(row))
}

// owner returns the id of the entity that a record belongs to, following vendor merges, "" for none.
func (s *Snap) owner(key recKey) (string, error) {
	for range maxHops {
		m, err := readMeta(s.r, s.l, key)
		if err != nil || m == nil {
			return "", err
		}
		if !m.entity.isZero() {
			return entityID(m.kind, m.entity), nil
		}
		if m.into == "" {
			return "", nil
		}
		key = m.into
	}
	return "", nil
}

// Resolve returns the entity of a source record (connection/object/id), nil when the record is not known, is kept out
// or its entity is gone.
func (s *Snap) Resolve(ref string) (*work.Entity, error) {
	key, err := keyOfText(ref)
	if err != nil {
		return nil, err
	}
	id, err := s.owner(key)
	if err != nil || id == "" {
		return nil, err
	}
	return s.Subject(id)
}

// Links returns what is known of the objects that show an entity's items, ordered by key, intents in doubt included.
func (s *Snap) Links(target, entity string) ([]Link, error) {
	return readLinks(s.r, s.l, target, entity)
}

// Mark returns the entity's dirty mark for a target, nil when the target is up to date.
func (s *Snap) Mark(target, entity string) (*Dirty, error) {
	row := s.r.Get(bDirty, s.l.at(target, entity))
	if row == nil {
		return nil, s.r.Err()
	}
	m, err := decodeDirty(entity, row)
	return &m, err
}

// Source is one record behind an entity, for `customer show` and `customer why`.
type Source struct {
	Ref     connectors.Ref
	Version time.Time // of the content
	Seen    time.Time
	Deleted connectors.Deletion
	Latent  string // its own latent id, which the entity would have if it stood alone
	Dead    bool   // a newer version is a dead letter
}

// Sources returns the records of an entity, live or not, ascending by reference.
func (s *Snap) Sources(id string) ([]Source, error) {
	n, err := readEntity(s.r, s.l, id)
	if err != nil || n == nil {
		return nil, err
	}
	list := make([]Source, 0, len(n.members))
	for _, key := range n.members {
		m, err := s.meta(key)
		if err != nil {
			return nil, err
		}
		src := Source{Version: m.content.version, Seen: m.state.seen, Deleted: connectors.Deletion{Kind: m.deleted},
			Latent: entityID(m.kind, m.id), Dead: m.dead}
		if src.Ref, err = key.ref(); err != nil {
			return nil, err
		}
		if m.into != "" {
			if src.Deleted.Into, err = m.into.ref(); err != nil {
				return nil, err
			}
		}
		list = append(list, src)
	}
	return list, nil
}

// Raw returns the vendor's JSON of a record, ErrNotFound when its content is not known.
func (s *Snap) Raw(ref connectors.Ref) ([]byte, error) {
	key, err := keyOf(ref)
	if err != nil {
		return nil, err
	}
	b, err := readBody(s.r, s.l, key)
	if err != nil {
		return nil, err
	}
	if b == nil || len(b.packed) == 0 {
		return nil, ErrNotFound
	}
	return b.raw(key)
}

func (s *Snap) meta(key recKey) (*meta, error) {
	m, err := readMeta(s.r, s.l, key)
	if err == nil && m == nil {
		err = damaged(bMeta, key.String(), errMissing)
	}
	return m, err
}

func (s *Snap) body(key recKey) (*body, error) {
	b, err := readBody(s.r, s.l, key)
	if err == nil && b == nil {
		err = damaged(bBody, key.String(), errMissing)
	}
	return b, err
}

// Entities returns up to limit ids of live entities of a kind after the given one ("" = from the first), ascending,
// and where to go on; next is "" at the end. For plan, verify and reports.
func (s *Snap) Entities(kind canonical.Kind, afterID string, limit int) (ids []string, next string, err error) {
	prefix := []byte(s.l.ws + kind.Prefix())
	from := prefix
	if afterID != "" {
		from = after(s.l.at(afterID))
	}
	for key, row := range s.r.Scan(bEnt, prefix, from) {
		id := string(key[len(s.l.ws):])
		if len(ids) == limit {
			return ids, ids[limit-1], nil
		}
		n, err := decodeEntity(id, row)
		if err != nil {
			return nil, "", err
		}
		if n.alive() {
			ids = append(ids, id)
		}
	}
	return ids, "", s.r.Err()
}

func sortedKeys(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for k := range set {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
