package router

import (
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// difference is what separates what a target shows of an entity from what it should show.
type difference struct {
	doubt      time.Time // since when a call is in doubt; zero = none is
	wants      []connectors.Want
	shut       []ledger.Link
	kept       []ledger.Link            // left as they are, to be noted
	sought     []ledger.Link            // announced once, in doubt since, and to be left as they are when they are found
	lost       []ledger.Link            // announced once, in doubt since, and no longer wanted; with waits, whatever is to be looked for
	unresolved []string                 // references to records that are not in the ledger yet
	gone       bool                     // the entity is no more
	erased     bool                     // with gone: because it was erased; shut then holds everything that showed it, closed or not
	waits      bool                     // for a merge: nothing may be written, only what is lost looked for
	told       []ledger.ToldOn          // digests without a word, which count as told
	tellings   map[string]*work.Telling // digests that wants leave, by item
	next       time.Time                // when the entity is to be planned anew although nothing changes; zero = not foreseen
	into       *work.Entity             // with gone: the entity it was merged into
	instead    []connectors.Item
}

// compare computes the difference for one entity in one snapshot of the ledger. It is what delivery writes and what
// `millrace plan` prints.
func compare(rules *work.Rules, snap *ledger.Snap, target, id string) (difference, error) {
	waits, err := snap.Waits(target, id)
	if err != nil || !waits {
		return compareNow(rules, snap, target, id)
	}
	diff := difference{waits: true}
	e, err := snap.Subject(id)
	if err != nil {
		return diff, err
	}
	diff.gone = e == nil
	links, err := snap.Links(target, id)
	if err != nil {
		return diff, err
	}
	diff.since(links)
	for _, k := range links {
		if k.Link == "" {
			diff.lost = append(diff.lost, k)
		}
	}
	return diff, nil
}

// compareNow is compare whether or not a merge waits.
func compareNow(rules *work.Rules, snap *ledger.Snap, target, id string) (difference, error) {
	var diff difference
	e, err := snap.Subject(id)
	if err != nil {
		return diff, err
	}
	var items []connectors.Item
	var due bool
	if e == nil { // deleted, or merged into another
		diff.gone = true
		if _, diff.erased, err = snap.Erased(id); err != nil {
			return diff, err
		}
	} else if items, err = diff.plan(rules, snap, e); err != nil {
		return diff, err
	} else if due, err = snap.Due(target, id); err != nil {
		return diff, err
	}
	links, err := snap.Links(target, id)
	if err != nil {
		return diff, err
	}
	diff.since(links)
	known := map[string]*ledger.Link{}
	for i := range links {
		known[links[i].Key] = &links[i]
	}
	for _, item := range items {
		k := known[item.Key]
		delete(known, item.Key)
		switch {
		case k != nil && k.Again && k.Link != "":
			err = diff.again(rules, snap, e, k)
		case item.Once:
			err = diff.start(snap, target, startedIn(item, links), k)
		default:
			err = diff.want(snap, target, item, k)
		}
		if err == nil && k != nil && rules.Digests(item.Key) {
			err = diff.tell(rules, snap, e, item, k, due)
		}
		if err == nil && k != nil && k.Unsay && k.Link != "" {
			diff.wanted(item, k).Unsay = true
		}
		if err != nil {
			return diff, err
		}
	}
	for i := range links {
		switch k := known[links[i].Key]; {
		case k == nil:
		case k.Again && k.Link != "" && !diff.erased:
			if err := diff.again(rules, snap, e, k); err != nil {
				return diff, err
			}
		case k.Link == "" && k.InDoubt:
			diff.lost = append(diff.lost, *k)
		case k.Link != "" && (!k.Closed || k.InDoubt || k.Foreign() || k.Unsay || diff.erased):
			diff.shut = append(diff.shut, *k)
		}
	}
	if diff.gone && !diff.erased && len(diff.shut)+len(diff.lost) > 0 {
		err = diff.survivor(rules, snap, id)
	}
	if !diff.erased {
		diff.leave(rules)
	}
	return diff, err
}

// plan returns what should be shown of an entity, and notes what else is known of that.
func (diff *difference) plan(rules *work.Rules, snap *ledger.Snap, e *work.Entity) ([]connectors.Item, error) {
	plan, err := rules.Plan(snap, e)
	if err != nil {
		return nil, &ruleError{err}
	}
	diff.unresolved, diff.next = plan.Unresolved, plan.Next
	return plan.Items, nil
}

// since notes the oldest doubt.
func (diff *difference) since(links []ledger.Link) {
	for i := range links {
		if k := &links[i]; k.InDoubt && (diff.doubt.IsZero() || k.Since.Before(diff.doubt)) {
			diff.doubt = k.Since
		}
	}
}

// want adds an item unless the target shows it, or cannot yet: while another entity's object carries its key, a look for
// the key would find that one.
func (diff *difference) want(snap *ledger.Snap, target string, item connectors.Item, k *ledger.Link) error {
	if k == nil || k.Link == "" {
		if carried, err := snap.Carried(target, item.Key); err != nil || carried {
			return err
		}
	}
	w, changed, err := want(item, k)
	if changed && err == nil {
		diff.wants = append(diff.wants, w)
	}
	return err
}

// separated is left on an object that is opened again because a merge was undone.
const separated = "This is a customer of its own again: the records that were merged were separated."

// want returns how the item is to be written, and false when the target shows it already.
func want(item connectors.Item, k *ledger.Link) (connectors.Want, bool, error) {
	w := connectors.Want{Item: item}
	if k == nil {
		return w, true, nil
	}
	w.Link, w.InDoubt, w.Since, w.Sought = k.Link, k.InDoubt && k.Link == "", k.Since, k.Projects
	if k.Closed && k.Merged {
		w.Comment = separated
	}
	if k.InDoubt { // a call was begun and nobody knows how far it came: what was last written may not be there any more
		return w, true, nil
	}
	carries, known := k.Carried()
	if k.Item == nil || !known {
		return w, true, nil
	}
	w.Last = k.Item
	if k.Closed || carries != item.Key {
		last := *k.Item
		last.Key = carries
		last.Completed = last.Completed || k.Closed // completed when it was no longer wanted: open it again
		w.Last = &last
		return w, true, nil
	}
	hash, err := ledger.HashItem(item)
	return w, err != nil || hash != k.Hash, err
}

// survivor finds out what a gone entity was merged into, and what is shown of that.
func (diff *difference) survivor(rules *work.Rules, snap *ledger.Snap, id string) error {
	var err error
	if diff.into, err = snap.Entity(id); err != nil || diff.into == nil {
		return err
	}
	items, _, err := rules.Items(snap, diff.into)
	if err == nil { // a rule that fails is the other entity's dead letter
		diff.instead = items
	}
	return nil
}

// closing says how a link is closed: what people read on it, and whether another object goes on under its key.
func (d *deliverer) closing(diff *difference, snap *ledger.Snap, k ledger.Link) (connectors.Closing, error) {
	how := connectors.Closing{Forget: k.Foreign(), Unsay: k.Unsay, Delete: diff.into == nil && d.r.o.Rules.Closing(k.Key) == work.CloseDelete}
	if !diff.gone || k.Closed && !k.InDoubt { // what is closed only gives its key up
		return how, nil
	}
	const what = "The record behind this was "
	if diff.into == nil {
		how.Comment = what + "deleted."
		return how, nil
	}
	item := diff.insteadOf(k.Key)
	if item == nil {
		how.Comment = what + "merged into another one."
		return how, nil
	}
	how.Comment = what + "merged into " + item.Title + "."
	link, err := snap.LinkOf(d.target.Name, diff.into.ID, item.Key)
	if err == nil && link != "" && d.target.Locator != nil {
		how.Comment += " It goes on in " + d.target.Locator.URL(link)
	}
	return how, err
}

// insteadOf returns what is shown now in place of the item of a key: the same rule's item, or any.
func (diff *difference) insteadOf(key string) *connectors.Item {
	rule, _, _ := strings.Cut(key, "/")
	for i := range diff.instead {
		if strings.HasPrefix(diff.instead[i].Key, rule+"/") {
			return &diff.instead[i]
		}
	}
	if len(diff.instead) > 0 {
		return &diff.instead[0]
	}
	return nil
}

// ruleError is a work rule that fails for one entity: a dead letter, not a reason to stop.
type ruleError struct{ err error }

func (e *ruleError) Error() string { return e.err.Error() }
func (e *ruleError) Unwrap() error { return e.err }
