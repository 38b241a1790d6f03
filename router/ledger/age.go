package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger/kv"
)

// ageEvery is how often entities are looked at for what changes by the passing of time. Such rules count days.
const ageEvery = 24 * time.Hour

// Aged says whether an entity changed by itself after one moment and not after another; work.Rules.Aged is one.
type Aged func(g work.Graph, e *work.Entity, after, until time.Time) (bool, error)

// Age marks the people and organizations that changed by the passing of time, and what shows something of them. Once a
// day it walks over all of them; one call does one bounded piece, done says that nothing is left for now, and then a call
// costs one look-up. The very first call only notes the time: what was planned before was planned as of then.
func (l *Ledger) Age(ctx context.Context, aged Aged) (done bool, err error) {
	var w *ageing
	var ids []string
	err = l.view(ctx, "look for what changed by itself", func(r kv.Reader) error {
		if w, err = l.ageing(r); err != nil || w == nil || w.Done {
			return err
		}
		ids, err = w.piece(&Snap{l: l, r: r, ents: map[string]*work.Entity{}, now: plain(l.now())}, aged)
		return err
	})
	if err != nil || w == nil {
		return true, err
	}
	err = l.patiently(ctx, "mark what changed by itself", func(c *change) error {
		for _, id := range ids {
			if err := c.stir(id); err != nil {
				return err
			}
		}
		if _, err := c.resolve(); err != nil {
			return err
		}
		row, err := json.Marshal(w)
		if err != nil {
			return fmt.Errorf("encode progress: %w", err)
		}
		return c.tx.Put(bState, l.at("age"), row)
	})
	return w.Done, err
}

// ageing is how far a walk has come that looks for what changed by itself after one moment and not after another.
type ageing struct {
	After time.Time `json:"after"`
	Until time.Time `json:"until"`
	At    []byte    `json:"at,omitempty"` // the last entity looked at
	Done  bool      `json:"done,omitempty"`
}

// ageing returns the walk that is under way or due, nil when none is.
func (l *Ledger) ageing(r kv.Reader) (*ageing, error) {
	now := plain(l.now())
	row := r.Get(bState, l.at("age"))
	if row == nil {
		return &ageing{After: now, Until: now, Done: true}, r.Err()
	}
	var w ageing
	if err := json.Unmarshal(row, &w); err != nil {
		return nil, damaged(bState, "age", err)
	}
	if !w.Done {
		return &w, nil
	}
	switch age := now.Sub(w.Until); {
	case age <= -ageEvery: // our clock was wrong then
		return &ageing{After: now, Until: now, Done: true}, nil
	case age < ageEvery:
		return nil, nil
	}
	return &ageing{After: w.Until, Until: now}, nil
}

// piece looks at the next entities and returns those that changed.
func (w *ageing) piece(s *Snap, aged Aged) ([]string, error) {
	from := []byte(s.l.ws)
	if w.At != nil {
		from = after(append([]byte(s.l.ws), w.At...))
	}
	var ids []string
	n, looked := 0, 0
	w.Done = true
	for key := range s.r.Scan(bEnt, []byte(s.l.ws), from) {
		if looked++; n == pieceSize || looked > lookMost {
			w.Done = false
			break
		}
		id := string(key[len(s.l.ws):])
		w.At = []byte(id)
		if kind := canonical.KindOfID(id); kind != canonical.Person && kind != canonical.Organization {
			continue
		}
		n++
		yes, err := s.aged(id, w, aged)
		if err != nil {
			return nil, err
		}
		if yes {
			ids = append(ids, id)
		}
	}
	return ids, s.r.Err()
}

// aged asks about one entity. A damaged row is its own entity's matter, and delivery tells of it.
func (s *Snap) aged(id string, w *ageing, aged Aged) (bool, error) {
	e, err := s.Subject(id)
	if err == nil && e != nil {
		yes, err := aged(s, e, w.After, w.Until)
		if !errors.Is(err, kv.ErrDamaged) {
			return yes, err
		}
	}
	if errors.Is(err, kv.ErrDamaged) {
		return false, nil
	}
	return false, err
}

// stir marks an entity and what is around it, although nothing of it changed.
func (c *change) stir(id string) error {
	slot, err := c.entity(id)
	if err != nil || slot.now == nil {
		return err
	}
	for _, member := range slot.now.members {
		c.recall(member)
	}
	return nil
}
