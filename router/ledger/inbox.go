package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Delivery is a verified webhook as it arrived, waiting to be parsed.
type Delivery struct {
	ID         string              `json:"id"` // given by PutInbox
	Connection string              `json:"connection"`
	Request    connectors.Delivery `json:"request"`
}

// ErrInboxFull says that so many deliveries wait to be parsed that no more are taken. Nothing of the call was stored.
var ErrInboxFull = errors.New("inbox is full")

// defaultInbox is how many deliveries may wait: an hour of a busy account, and far from filling a disk.
const defaultInbox = 500_000

// PutInbox stores a verified delivery; only when it returns nil may the vendor be answered 2xx (invariant 5).
func (l *Ledger) PutInbox(ctx context.Context, connection string, request connectors.Delivery) error {
	return l.PutInboxAll(ctx, []Arrival{{connection, request}})
}

// PutInboxAll is PutInbox for several at once: all of them are stored, or none.
func (l *Ledger) PutInboxAll(ctx context.Context, list []Arrival) error {
	rows, err := l.inboxRows(list)
	if err != nil {
		return err
	}
	return l.update(ctx, "store deliveries", func(c *change) error { return c.storeInbox(rows) })
}

// inboxRow is a delivery ready to be stored.
type inboxRow struct {
	id  string
	row []byte
}

// inboxBeside is about what a row takes beside the body.
const inboxBeside = 512

func (l *Ledger) inboxRows(list []Arrival) ([]inboxRow, error) {
	rows := make([]inboxRow, len(list))
	for i, a := range list {
		if err := checkName("connection", a.Connection); err != nil {
			return nil, err
		}
		id := latent(l.newID())
		rows[i] = inboxRow{crockford.EncodeToString(id[:]), AppendArrival(make([]byte, 0, len(a.Request.Body)+inboxBeside), a)}
	}
	return rows, nil
}

func (c *change) storeInbox(rows []inboxRow) error {
	waiting, err := readCount(c.tx, c.l, countInbox)
	if err != nil {
		return err
	}
	if waiting+int64(len(rows)) > int64(c.l.inbox) {
		return fmt.Errorf("%d deliveries wait: %w", waiting, ErrInboxFull)
	}
	for _, r := range rows {
		if err := c.tx.Put(bInbox, c.l.at(r.id), r.row); err != nil {
			return err
		}
	}
	c.add(countInbox, int64(len(rows)))
	return nil
}

// putInbox puts a delivery back that a person wants to be tried again.
func (c *change) putInbox(d *Delivery) error {
	if d == nil {
		return nil
	}
	if c.tx.Get(bInbox, c.l.at(d.ID)) == nil {
		c.add(countInbox, 1)
	}
	return c.tx.Put(bInbox, c.l.at(d.ID), d.row())
}

func (d *Delivery) row() []byte {
	return AppendArrival(nil, Arrival{Connection: d.Connection, Request: d.Request})
}

// readDelivery reads a row of the inbox, whose key ends with the id.
func (l *Ledger) readDelivery(key, row []byte) (Delivery, error) {
	a, err := ReadArrival(row)
	if err != nil {
		return Delivery{}, damaged(bInbox, fmt.Sprintf("%q", key), err)
	}
	return Delivery{ID: string(key[len(l.ws):]), Connection: a.Connection, Request: a.Request}, nil
}

// mostTaken bounds the bytes that TakeInbox returns; one delivery may be larger.
const mostTaken = 4 << 20

// TakeInbox returns up to limit deliveries, fewer of large ones, the oldest first. They stay until SettleInbox.
func (l *Ledger) TakeInbox(ctx context.Context, limit int) ([]Delivery, error) {
	var list []Delivery
	err := l.view(ctx, "read inbox", func(r kv.Reader) error {
		bytes := 0
		for key, row := range r.Scan(bInbox, l.under(), nil) {
			if bytes += len(row); len(list) == limit || bytes > mostTaken && len(list) > 0 {
				break
			}
			d, err := l.readDelivery(key, row)
			if err != nil {
				return err
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

// InboxBacklog is what waits in the inbox.
type InboxBacklog struct {
	Waiting int64     `json:"waiting"`
	Oldest  time.Time `json:"oldest,omitzero"` // when the one that waits longest was received
}

// Inbox returns what waits to be parsed.
func (l *Ledger) Inbox(ctx context.Context) (b InboxBacklog, err error) {
	list, err := l.TakeInbox(ctx, 1)
	if err != nil || len(list) == 0 {
		return b, err
	}
	b.Oldest = list[0].Request.Received
	b.Waiting, err = l.counter(ctx, countInbox)
	return b, err
}

// SettleInbox takes deliveries out of the inbox and stores what they hint at, in one transaction. One that another
// worker settled is passed over. A hint whose reference cannot be a key makes its delivery a dead letter.
func (l *Ledger) SettleInbox(ctx context.Context, list []Parsed) error {
	return l.update(ctx, "settle inbox", func(c *change) error {
		wishes := wishList{at: map[connectors.Ref]int{}}
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
			if p.Reject == "" {
				wishes.add(p.Hints)
			} else if err := c.buryDelivery(p, row); err != nil {
				return err
			}
			c.add(countInbox, -1)
			if err := c.tx.Delete(bInbox, l.at(p.ID)); err != nil {
				return err
			}
		}
		return c.hint(wishes.list)
	})
}

// wishList joins the hints at one record, as storing one after the other would: a burst of edits is one row.
type wishList struct {
	list []connectors.Hint
	at   map[connectors.Ref]int
}

func (w *wishList) add(hints []connectors.Hint) {
	for _, h := range hints {
		i, there := w.at[h.Ref]
		if !there {
			w.at[h.Ref] = len(w.list)
			w.list = append(w.list, h)
		} else if !w.list[i].At.After(h.At) {
			w.list[i] = h
		}
	}
}

func (c *change) buryDelivery(p Parsed, row []byte) error {
	d, err := c.l.readDelivery(c.l.at(p.ID), row)
	if err != nil {
		return err
	}
	ref := connectors.Ref{Connection: d.Connection, Object: "delivery", ID: d.ID}
	return c.bury(deadKey{DeadDelivery, d.ID}, Dead{Ref: ref, Cause: clip(p.Reject), Tries: 1, Delivery: &d})
}
