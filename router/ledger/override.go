package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
)

// Override sets fields of an entity by hand; a manual value wins over what every source says until it is removed. The
// value null removes it, "" says that the field is empty. by and why are kept with it. It returns the entities that are
// now dirty. ErrNotFound says that there is no such entity, or that it is gone. A value that the field cannot have is an
// error that names the field, and nothing is stored then.
//
// A manual value belongs to the record that gave the entity its id: when the entity is merged it goes along, and when it
// is split again it stays with that record. What is said of a person's consents is about its addresses as well: see
// consent.go. Only of them may a value allow less than it says, as long as a live record says so.
func (l *Ledger) Override(ctx context.Context, id string, fields map[string]json.RawMessage, by, why string) (changed []string, err error) {
	err = l.update(ctx, "set fields of "+id, func(c *change) error {
		changed, err = c.override(id, fields, by, why)
		return err
	})
	return changed, err
}

func (c *change) override(id string, fields map[string]json.RawMessage, by, why string) ([]string, error) {
	kind, latent, members, err := c.subject(id)
	if err != nil {
		return nil, err
	}
	own, named := recKey(""), recKey("")
	for _, key := range members {
		m, err := c.metaOf(key)
		if err != nil {
			return nil, err
		}
		if m.id == latent {
			named = key
		}
	}
	if own, err = keyOf(connectors.Ref{Connection: canonical.Hub, Object: string(kind), ID: crockford.EncodeToString(latent[:])}); err != nil {
		return nil, err
	}
	keys := []recKey{own}
	for _, key := range members {
		if ref, err := key.ref(); err == nil && ref.Connection == identity.ManualConnection && key != own {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		if err := c.edit(key, kind, named, fields, by, why, key == own); err != nil {
			return nil, err
		}
		value, said := fields["consents"]
		if kind != canonical.Person || !said || key != own && !canonical.IsNull(value) {
			continue
		}
		if err := c.decideConsents(key, members, value, c.now.Truncate(time.Millisecond)); err != nil {
			return nil, err
		}
	}
	return c.resolve()
}

// subject returns the living entity that an id, perhaps a former one, leads to.
func (c *change) subject(id string) (kind canonical.Kind, own latent, members []recKey, err error) {
	s := &Snap{l: c.l, r: c.tx, ents: map[string]*work.Entity{}}
	name, err := s.Current(id)
	if err != nil {
		return "", own, nil, err
	}
	if name == "" {
		return "", own, nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	slot, err := c.entity(name)
	if err != nil {
		return "", own, nil, err
	}
	if !slot.now.alive() {
		return "", own, nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	kind, own, err = parseEntityID(name)
	return kind, own, slot.now.members, err
}

// edit changes one manual record. What is set goes into the record of the entity's own id only; what is removed is
// removed from all, or another one's value would come to light.
func (c *change) edit(key recKey, kind canonical.Kind, named recKey, fields map[string]json.RawMessage, by, why string, own bool) error {
	m, at, err := c.manual(key)
	if err != nil {
		return err
	}
	changed := false
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		switch _, known := m.Fields[name]; {
		case canonical.IsNull(value) && known:
			delete(m.Fields, name)
			delete(m.At, name)
			changed = true
		case !canonical.IsNull(value) && own:
			m.Fields[name], m.At[name] = value, at
			changed = true
		}
	}
	if !changed {
		return nil
	}
	m.By, m.Why = by, why
	if own {
		m.Same = named.String()
	}
	ref, err := key.ref()
	if err != nil {
		return err
	}
	rec, err := mapping.ManualRecord(kind, ref.ID, m, at)
	if err != nil {
		return err
	}
	c.reasons[key] = reason{Cause: "set by hand", Actor: clipText(by, maxName), Why: clipText(why, maxWords)}
	a := arrival{rec: &rec, key: key, stamp: stampOf(&rec)}
	if c.l.mapRecord(&a); a.err != nil {
		return a.err
	}
	_, err = c.take(&a, 0)
	return err
}

// manual returns what a manual record says now, and a time after everything it said before.
func (c *change) manual(key recKey) (m mapping.Manual, at time.Time, err error) {
	m.Fields, m.At = map[string]json.RawMessage{}, map[string]time.Time{}
	at = c.now.Truncate(time.Millisecond)
	slot, err := c.meta(key)
	if err != nil || slot.meta == nil {
		return m, at, err
	}
	if next := slot.state.version.Add(time.Millisecond); next.After(at) {
		at = next
	}
	if slot.content.isZero() {
		return m, at, nil
	}
	b, err := c.bodyOf(key)
	if err != nil {
		return m, at, err
	}
	data, err := b.raw(key)
	if err != nil {
		return m, at, err
	}
	if m, err = mapping.ReadManual(data); err != nil {
		return m, at, damaged(bBody, key.String(), err)
	}
	if m.Fields == nil {
		m.Fields = map[string]json.RawMessage{}
	}
	if m.At == nil {
		m.At = map[string]time.Time{}
	}
	return m, at, nil
}
