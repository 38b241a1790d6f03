package router

import (
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// A digest is a comment on the object of an item that tells what happened on a day (mapping/work has the rules of it). It is
// left exactly once, whenever the process dies (invariant 4): announce writes what is told to the link, the settlement of the
// call says that it was, and one that was announced and not settled is tried again under the same key, for which the target
// looks first.

// tell adds the digest of an item that is shown already, if one is due, or the one that may have been left before.
func (diff *difference) tell(rules *work.Rules, snap *ledger.Snap, e *work.Entity, item connectors.Item, k *ledger.Link, due bool) error {
	told, shown := k.Before()
	if !shown {
		return nil
	}
	if k.Telling != nil {
		t, err := rules.Retell(snap, e, item.Key, *k.Telling)
		if err != nil {
			return &ruleError{err}
		}
		diff.soon(snap.Now()) // the next one waits for this one
		diff.leaveComment(item, k, &t, true)
		return nil
	}
	t, next, err := rules.Digest(snap, e, item.Key, told, due)
	if err != nil {
		return &ruleError{err}
	}
	diff.soon(next)
	if t != nil {
		diff.leaveComment(item, k, t, false)
	}
	return nil
}

// leaveComment adds a digest to what is wanted of an item; one without a word is only noted.
func (diff *difference) leaveComment(item connectors.Item, k *ledger.Link, t *work.Telling, inDoubt bool) {
	if t.Text == "" {
		diff.told = append(diff.told, ledger.ToldOn{Key: item.Key, Telling: *t})
		return
	}
	if diff.tellings == nil {
		diff.tellings = map[string]*work.Telling{}
	}
	diff.tellings[item.Key] = t
	diff.wanted(item, k).Comments = []connectors.Comment{{Key: t.Key, Text: t.Text, InDoubt: inDoubt}}
}

// wanted returns what is wanted of an item that is shown, also when nothing about the item itself is to be written.
func (diff *difference) wanted(item connectors.Item, k *ledger.Link) *connectors.Want {
	at := slices.IndexFunc(diff.wants, func(w connectors.Want) bool { return w.Item.Key == item.Key })
	if at < 0 {
		at = len(diff.wants)
		diff.wants = append(diff.wants, connectors.Want{Item: item, Link: k.Link, Last: k.Item})
	}
	return &diff.wants[at]
}

// soon has the entity planned anew at a time, if not before.
func (diff *difference) soon(at time.Time) {
	if !at.IsZero() && (diff.next.IsZero() || at.Before(diff.next)) {
		diff.next = at
	}
}
