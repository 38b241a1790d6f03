package ledger

import (
	"time"

	"github.com/millrace/millrace/mapping/work"
)

// What was told on an object in comments (work.Told) is kept with its link, and goes where the object goes. A digest is written
// to the link before it is left in the target (Intend) and becomes told when the target has answered (Settle): in between it
// may be there or not, so it is tried again under the same key, whatever else has happened since (invariant 4).

// ToldOn is a digest that was left on the object of an item, or that there was nothing to say of.
type ToldOn struct {
	Key     string // of the item
	Telling work.Telling
}

// Before returns what was told on the object, with the time before which nothing is; false when nothing can be told yet.
func (k *Link) Before() (work.Told, bool) {
	told := k.Told
	if told.From.IsZero() {
		told.From = k.Made
	}
	return told, !told.From.IsZero() && k.Link != "" && !k.Closed
}

// recall carries what was told over to a link that is stored anew. What happened before an object was there, or was there
// again, is not told on it.
func (k *Link) recall(old *Link, now time.Time) {
	again := old == nil || old.Link != k.Link
	if again {
		k.Told, k.Telling, k.Unsay = work.Told{}, nil, false
	} else {
		k.Told, k.Telling, k.Unsay = old.Told, old.Telling, old.Unsay && !k.Unsaid
		again = old.Closed && !k.Closed
	}
	switch {
	case again && !k.Made.Equal(now), k.Told.From.IsZero() && k.Made.IsZero():
		k.Told.From = now
	}
	if k.Closed {
		k.hush()
	}
}

// hush counts a digest that may have been left as told: nobody is going to look.
func (k *Link) hush() {
	if t := k.Telling; t != nil {
		k.Told, k.Telling = k.Told.With(t.Day, t.Marks), nil
	}
}

// join adds what was told on the object of a customer that became one with this one's.
func (k *Link) join(other *Link) {
	k.Told = k.Told.With(other.Told.Day, other.Told.Marks)
	if t := other.Telling; t != nil {
		k.Told = k.Told.With(t.Day, t.Marks)
	}
}

// telling notes on a link what is about to be told, or with done what was.
func (c *change) telling(target, entity, name string, t *work.Telling, done bool) error {
	at := c.l.at(target, entity, name)
	row := c.tx.Get(bLink, at)
	if row == nil {
		return c.tx.Err()
	}
	k, err := decodeLink(name, row)
	if err != nil {
		return err
	}
	switch {
	case !done:
		k.Telling = &work.Telling{Key: t.Key, Day: t.Day, Marks: t.Marks}
	default:
		k.Told = k.Told.With(t.Day, t.Marks)
		if k.Telling != nil && k.Telling.Key == t.Key {
			k.Telling = nil
		}
	}
	if row, err = k.encode(); err != nil {
		return err
	}
	return c.tx.Put(bLink, at, row)
}

func (e *enc) told(k *Link) {
	e.time(k.Told.From)
	e.text(k.Told.Day)
	e.marks(k.Told.Marks)
	if k.Telling == nil {
		e.text("")
		return
	}
	e.text(k.Telling.Key)
	e.text(k.Telling.Day)
	e.marks(k.Telling.Marks)
}

func (e *enc) marks(list []work.Mark) {
	e.uint(uint64(len(list)))
	for _, m := range list {
		e.time(m.At)
		e.fixed(m.Hash)
	}
}

func (d *dec) told(k *Link) {
	k.Told = work.Told{From: d.time(), Day: d.text(), Marks: d.marks()}
	if key := d.text(); key != "" {
		k.Telling = &work.Telling{Key: key, Day: d.text(), Marks: d.marks()}
	}
}

func (d *dec) marks() []work.Mark {
	var list []work.Mark
	for n := d.uint(); n > 0 && d.err == nil; n-- {
		list = append(list, work.Mark{At: d.time(), Hash: d.fixed()})
	}
	return list
}

// tells reports whether there is anything of it to be kept.
func (k *Link) tells() bool {
	return k.Telling != nil || !k.Told.From.IsZero() || k.Told.Day != "" || len(k.Told.Marks) > 0
}
