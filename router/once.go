package router

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// An item that is made once belongs to people as soon as it is there: it is not written again, and not closed when no rule
// wants it any more. Only a merge of its entity, which gives its object another key, and the end of the entity touch it.

// start makes an item that is made once, unless it was. It is always looked for by its key first: a ledger that was lost does
// not know what it started, and a second project for a customer is worse than a request.
func (diff *difference) start(snap *ledger.Snap, target string, item connectors.Item, k *ledger.Link) error {
	if k == nil || k.Link == "" {
		if carried, err := snap.Carried(target, item.Key); err != nil || carried {
			return err
		}
		w, _, err := want(item, k)
		w.InDoubt = true
		diff.wants = append(diff.wants, w)
		return err
	}
	carries, known := k.Carried()
	if k.Item != nil && (k.Closed || !known || carries != item.Key) {
		as := *k.Item // as it was made: what people made of it stays
		as.Key = item.Key
		return diff.want(snap, target, as, k)
	}
	if k.InDoubt || k.Item == nil {
		diff.keep(*k, &item)
	}
	return nil
}

// again writes what an object says anew that was left to people and names somebody who was erased: as its rule would make it
// now, or nothing, where no rule can tell any more. The rest of what people made of it stays.
func (diff *difference) again(rules *work.Rules, snap *ledger.Snap, e *work.Entity, k *ledger.Link) error {
	item, ok := connectors.Item{Key: k.Key, Title: connectors.ErasedTitle, Once: true}, false
	if e != nil {
		var err error
		made := item
		if made, ok, err = rules.Remake(snap, e, k.Key); err != nil {
			return &ruleError{err}
		}
		if ok {
			item = made
		}
	}
	w := connectors.Want{Link: k.Link, Sought: k.Projects}
	if carries, known := k.Carried(); known && k.Item != nil && k.Item.Project != "" {
		item.Project = k.Item.Project
		last := item
		last.Key, last.Title, last.Notes, last.Fields = carries, "", item.Notes+"\n…", nil // whatever it says is to be replaced
		w.Last = &last
	}
	if item.Project == "" { // it was named after who was erased
		item.Project = connectors.ErasedTitle
	}
	w.Item = item
	diff.wants = append(diff.wants, w)
	return nil
}

// keep notes that an object is as it should be, whatever became of a call about it.
func (diff *difference) keep(k ledger.Link, item *connectors.Item) {
	if k.InDoubt = false; k.Item == nil {
		k.Item = item
	}
	diff.kept = append(diff.kept, k)
}

// startedIn returns an item as it belongs to what was started with it: in the project of the tasks of the same template that
// are there already, whatever their customer is called since.
func startedIn(item connectors.Item, links []ledger.Link) connectors.Item {
	template := work.RuleOf(item.Key) + "."
	if !strings.HasPrefix(item.Key, template) {
		return item
	}
	for i := range links {
		k := &links[i]
		switch {
		case !strings.HasPrefix(k.Key, template) || k.Closed:
		case k.Item != nil && k.Item.Project != "":
			item.Project = k.Item.Project
			return item
		case len(k.Projects) > 0:
			item.Project = k.Projects[0]
		}
	}
	return item
}

// leave takes what is not to be closed out of what no rule wants any more: what was made once and lives on with its entity,
// and what its rule says to leave as it is. What a merge left behind is closed in any case, with a pointer.
func (diff *difference) leave(rules *work.Rules) {
	left := func(k ledger.Link) bool {
		once := rules.Once(k.Key)
		switch {
		case diff.into != nil || k.Foreign():
			return false
		case !once && k.Item != nil && k.Item.Once: // its rule is off
			return true
		}
		return rules.Closing(k.Key) == work.CloseIgnore || once && !diff.gone
	}
	diff.shut = slices.DeleteFunc(diff.shut, func(k ledger.Link) bool {
		if left(k) && k.Unsay && k.Item != nil {
			diff.wanted(*k.Item, &k).Unsay = true
		} else if left(k) && k.InDoubt {
			diff.keep(k, nil)
		}
		return left(k)
	})
	diff.lost = slices.DeleteFunc(diff.lost, func(k ledger.Link) bool {
		if left(k) {
			diff.sought = append(diff.sought, k)
		}
		return left(k)
	})
}
