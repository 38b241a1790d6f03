package ledger

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Delivery is a verified webhook as it arrived, waiting to be parsed.
type Delivery struct {
	ID         string              `json:"id"` // given by PutInbox
	Connection string              `json:"connection"`
	Request    connectors.Delivery `json:"request"`
}

// PutInbox stores a verified delivery; only when it returns nil may the vendor be answered 2xx (invariant 5). Many
// callers at once share commits.
func (l *Ledger) PutInbox(ctx context.Context, connection string, request connectors.Delivery) error {
	if err := checkName("connection", connection); err != nil {
		return err
	}
	id := latent(l.newID())
	d := &Delivery{ID: crockford.EncodeToString(id[:]), Connection: connection, Request: request}
	row, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode delivery for %s: %w", connection, err)
	}
	return l.update(ctx, "store delivery", func(c *change) error {
		c.add(countInbox, 1)
		return c.tx.Put(bInbox, l.at(d.ID), row)
	})
}

// putInbox puts a delivery back that a person wants to be tried again.
func (c *change) putInbox(d *Delivery) error {
	if d == nil {
		return nil
	}

	row, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode delivery %s: %w", d.ID, err)
	}
	if c.tx.Get(bInbox, c.l.at(d.ID)) == nil {
		c.add(countInbox, 1)
	}
	return c.tx.Put(bInbox, c.l.at(d.ID), row)
}

// TakeInbox returns up to limit deliveries, the oldest first. They stay until SettleInbox.
func (l *Ledger) TakeInbox(ctx context.Context, limit int) ([]Delivery, error) {
	var list []Delivery
	err := l.view(ctx, "read inbox", func(r kv.Reader) error {
		for key, row := range r.Scan(bInbox, l.under(), nil) {
			if len(list) == limit {
				break
			}
			var d Delivery
			if err := json.Unmarshal(row, &d); err != nil {
				return damaged(bInbox, fmt.Sprintf("%q", key), err)
			}
			list = append(list, d)
		}
		return nil
	})
	return list, err
}

// Parsed is what became of one delivery.
type Parsed struct {
	ID     string
	Hints  []connectors.Hint // stored as wishes to fetch
	Reject string            // not empty: it cannot be parsed; a dead letter keeps it
}

// SettleInbox takes deliveries out of the inbox and stores what they hint at, in one transaction. One that another
// worker settled is passed over. A hint whose reference cannot be a key makes its delivery a dead letter.
func (l *Ledger) SettleInbox(ctx context.Context, list []Parsed) error {
	return l.update(ctx, "settle inbox", func(c *change) error {
		for _, p := range list {
			row := c.tx.Get(bInbox, l.at(p.ID))
			if row == nil {
				continue
			}
			for _, h := range p.Hints {
				if _, err := keyOf(h.Ref); err != nil && p.Reject == "" {
					p.Reject = err.Error()
				}
			}
			if p.Reject != "" {
				if err := c.buryDelivery(p, row); err != nil {
					return err
				}
			} else if err := c.hint(p.Hints); err != nil {
				return err
			}
			c.add(countInbox, -1)
			if err := c.tx.Delete(bInbox, l.at(p.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *change) buryDelivery(p Parsed, row []byte) error {
	d := new(Delivery)
	if err := json.Unmarshal(row, d); err != nil {
		return damaged(bInbox, p.ID, err)
	}
	ref := connectors.Ref{Connection: d.Connection, Object: "delivery", ID: d.ID}
	return c.bury(deadKey{DeadDelivery, d.ID}, Dead{Ref: ref, Cause: clip(p.Reject), Tries: 1, Delivery: d})
}
