package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

// Decision is a person's word on two records of one kind: they are the same customer, or they are not. It holds
// whatever evidence comes or goes, until it is taken back. Records are named connection/object/id, with A < B.
type Decision struct {
	A    string    `json:"a"`
	B    string    `json:"b"`
	Same bool      `json:"same"`
	By   string    `json:"by,omitempty"`
	Why  string    `json:"why,omitempty"`
	At   time.Time `json:"at"`
}

// other returns the record that a decision sets against one.
func (d *Decision) other(ref string) string {
	if d.A == ref {
		return d.B
	}
	return d.A
}

// maxWords bounds what people may write to a decision.
const maxWords = 2000

// Decide stores decisions, each replacing an earlier one on the same two records, and divides the customers around them
// anew, all in one transaction. It returns the entities that are now dirty. A record that the ledger does not know is
// ErrNotFound; two of different kinds cannot be decided about. At is set to now where it is zero.
func (l *Ledger) Decide(ctx context.Context, list ...Decision) (changed []string, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	err = l.update(ctx, "decide", func(c *change) error {
		changed = nil
		for i := range list {
			if err := c.decide(list[i]); err != nil {
				return err
			}
		}
		var err error
		changed, err = c.resolve()
		return err
	})
	return changed, err
}

// Undecide takes decisions back, as if nobody had ever decided. Pairs that nothing was decided about are passed over.
func (l *Ledger) Undecide(ctx context.Context, pairs ...[2]string) (changed []string, err error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	err = l.update(ctx, "take decision back", func(c *change) error {
		changed = nil
		for _, pair := range pairs {
			if err := c.undecide(pair); err != nil {
				return err
			}
		}
		var err error
		changed, err = c.resolve()
		return err
	})
	return changed, err
}

func (c *change) decide(d Decision) error {
	a, b, err := c.decidable(d.A, d.B)
	if err != nil {
		return err
	}
	if d.At.IsZero() {
		d.At = c.now
	}
	d.A, d.B, d.At = a.String(), b.String(), plain(d.At)
	d.By, d.Why = clipText(d.By, maxName), clipText(d.Why, maxWords)
	row, err := json.Marshal(&d)
	if err != nil {
		return fmt.Errorf("encode decision: %w", err)
	}
	for _, key := range [][]byte{c.l.at(string(a), string(b)), c.l.at(string(b), string(a))} {
		if err := c.tx.Put(bDecide, key, row); err != nil {
			return err
		}
	}
	what := "decided: not the same"
	if d.Same {
		what = "decided: the same"
	}
	return c.word(a, b, reason{Cause: what, Actor: d.By, Why: d.Why})
}

func (c *change) undecide(pair [2]string) error {
	a, b, err := orderedKeys(pair[0], pair[1])
	if err != nil {
		return err
	}
	row := c.tx.Get(bDecide, c.l.at(string(a), string(b)))
	if row == nil {
		return c.tx.Err()
	}
	for _, key := range [][]byte{c.l.at(string(a), string(b)), c.l.at(string(b), string(a))} {
		if err := c.tx.Delete(bDecide, key); err != nil {
			return err
		}
	}
	return c.word(a, b, reason{Cause: "decision taken back"})
}

// word touches both records, so that what hangs together with them is clustered anew, and keeps why for the log.
func (c *change) word(a, b recKey, r reason) error {
	for _, key := range []recKey{a, b} {
		slot, err := c.meta(key)
		if err != nil {
			return err
		}
		if slot.meta == nil { // forgotten since
			continue
		}
		if err := c.touch(key, slot); err != nil {
			return err
		}
		c.reasons[key] = r
	}
	return nil
}

// decidable returns the keys of two records that can be decided about, the smaller reference first.
func (c *change) decidable(refA, refB string) (a, b recKey, err error) {
	if a, b, err = orderedKeys(refA, refB); err != nil {
		return a, b, err
	}
	x, err := c.meta(a)
	if err != nil {
		return a, b, err
	}
	y, err := c.meta(b)
	if err != nil {
		return a, b, err
	}
	if x.meta == nil || !x.member() {
		return a, b, fmt.Errorf("record %s: %w", a, ErrNotFound)
	}
	if y.meta == nil || !y.member() {
		return a, b, fmt.Errorf("record %s: %w", b, ErrNotFound)
	}
	if x.kind != y.kind {
		return a, b, fmt.Errorf("%s is a %s and %s is a %s: %w", a, x.kind, b, y.kind, ErrUndecidable)
	}
	return a, b, nil
}

// ErrUndecidable says that two records cannot be decided about: they are of different kinds, or one record.
var ErrUndecidable = errors.New("only two different records of one kind can be the same customer or not")

// orderedKeys returns the keys of two records, the smaller reference first.
func orderedKeys(refA, refB string) (a, b recKey, err error) {
	if refA > refB {
		refA, refB = refB, refA
	}
	if a, err = keyOfText(refA); err != nil {
		return "", "", err
	}
	if b, err = keyOfText(refB); err != nil {
		return "", "", err
	}
	if a == b {
		return "", "", fmt.Errorf("record %s: %w", a, ErrUndecidable)
	}
	return a, b, nil
}

// mostDecisions bounds how many decisions about one record are read.
const mostDecisions = 10_000

// readDecisions lists what people decided about a record.
func readDecisions(r kv.Reader, l *Ledger, key recKey) ([]Decision, error) {
	var list []Decision
	for at, row := range r.Scan(bDecide, l.under(string(key)), nil) {
		var d Decision
		if err := json.Unmarshal(row, &d); err != nil {
			return nil, damaged(bDecide, recKey(at[len(l.ws):]).String(), err)
		}
		if list = append(list, d); len(list) == mostDecisions {
			break
		}
	}
	return list, r.Err()
}

// Decisions lists what people decided about the records of an entity, each once, ordered by the records.
func (s *Snap) Decisions(id string) ([]Decision, error) {
	n, err := readEntity(s.r, s.l, id)
	if err != nil || n == nil {
		return nil, err
	}
	var list []Decision
	seen := map[[2]string]bool{}
	for _, key := range n.members {
		decisions, err := readDecisions(s.r, s.l, key)
		if err != nil {
			return nil, err
		}
		for _, d := range decisions {
			if pair := [2]string{d.A, d.B}; !seen[pair] {
				seen[pair] = true
				list = append(list, d)
			}
		}
	}
	return list, nil
}
