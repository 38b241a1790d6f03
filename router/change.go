package router

import (
	"context"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// Action is what would be done to an item.
type Action string

// The actions of a plan.
const (
	Create Action = "create"
	Update Action = "update"
	Close  Action = "close"
	Redact Action = "redact" // emptied and closed, because the customer was erased
	Tell   Action = "tell"   // nothing of the item changes, and a comment is left on its object
	Merge  Action = "merge"  // closed with a pointer to what shows the customer that this one was merged into
)

// Change is one line of a plan.
type Change struct {
	Action Action          `json:"action"`
	Entity string          `json:"entity"`
	Item   connectors.Item `json:"item"` // as it would be shown; with Close and Merge as it is shown
	Link   connectors.Link `json:"link,omitempty"`
	Fields []FieldChange   `json:"fields,omitempty"` // with Update
	Why    string          `json:"why,omitempty"`    // with Close, Merge, and an Update or Create that is no everyday one
	Into   string          `json:"into,omitempty"`   // with Merge: the entity that Entity was merged into
	// Comments are left on the object, with Update and Tell: digests of days.
	Comments []string `json:"comments,omitempty"`
	// From is, with Update, the entity that Entity takes the object over from: it was merged into Entity, and its object is
	// the older one.
	From string `json:"from,omitempty"`
	// Starts is, with Create, the rule whose template is started; the tasks of one Entity are one start.
	Starts string `json:"starts,omitempty"`
}

// FieldChange is one difference between what is shown and what should be.
type FieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// Plan calls fn for everything a target does not show yet, in the order of the entities. It writes nothing to it.
func (r *Router) Plan(ctx context.Context, target string, fn func(Change) error) error {
	if err := r.Upkeep(ctx); err != nil {
		return err
	}
	for after := ""; ; {
		marks, err := r.o.Ledger.Dirty(ctx, target, after, chunk)
		if err != nil {
			return err
		}
		var changes []Change
		err = r.o.Ledger.Snapshot(ctx, func(snap *ledger.Snap) error {
			changes = changes[:0]
			for _, m := range marks.Due {
				diff, err := compare(r.o.Rules, snap, target, m.Entity)
				if err != nil {
					return err
				}
				changes = diff.appendTo(changes, m.Entity)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, c := range changes {
			if err := fn(c); err != nil {
				return err
			}
		}
		if marks.Next == "" {
			return nil
		}
		after = marks.Next
	}
}

func (diff *difference) appendTo(list []Change, entity string) []Change {
	for _, w := range diff.wants {
		c := Change{Action: Create, Entity: entity, Item: w.Item, Link: w.Link}
		if w.Link != "" {
			c.Action = Update
			c.compare(&w)
			c.tells(&w)
		} else if w.Item.Once {
			c.Starts = work.RuleOf(w.Item.Key)
		}
		list = append(list, c)
	}
	for _, k := range diff.shut {
		if diff.erased {
			list = append(list, Change{Action: Redact, Entity: entity, Link: k.Link, Why: "the customer was erased"})
			continue
		}
		if k.Closed && !k.InDoubt { // nobody sees that it gives its key up
			continue
		}
		c := Change{Action: Close, Entity: entity, Link: k.Link, Why: "no rule wants it any more"}
		switch {
		case diff.into != nil:
			c.Action, c.Into, c.Why = Merge, diff.into.ID, "it was merged into "+diff.into.ID
		case diff.gone:
			c.Why = "the record was deleted"
		}
		if k.Item != nil {
			c.Item = *k.Item
		}
		list = append(list, c)
	}
	return list
}

// compare says what is different, and what a merge or its undoing has to do with it.
func (c *Change) compare(w *connectors.Want) {
	if w.Last == nil {
		return
	}
	c.Fields = fieldChanges(w.Last, &w.Item)
	if _, from, ok := strings.Cut(w.Last.Key, "/"); ok && w.Last.Key != w.Item.Key {
		c.From, c.Why = from, "it stays, and now shows what "+from+" was merged into"
	}
	if w.Comment == separated {
		c.Why = "it is opened again: the records that were merged were separated"
	}
}

// tells says what is told on the object, and whether that is all.
func (c *Change) tells(w *connectors.Want) {
	for _, said := range w.Comments {
		c.Comments = append(c.Comments, said.Text)
	}
	if w.Unsay && c.Why == "" {
		c.Why = "what was told on it may name somebody who was erased"
	}
	if len(c.Comments) > 0 && w.Last != nil && len(c.Fields) == 0 && c.Why == "" {
		c.Action = Tell
	}
}

// fieldChanges lists what differs between two items of one key.
func fieldChanges(old, now *connectors.Item) []FieldChange {
	var list []FieldChange
	add := func(field, a, b string) {
		if a != b {
			list = append(list, FieldChange{field, a, b})
		}
	}
	add("project", old.Project, now.Project)
	add("section", old.Section, now.Section)
	add("title", old.Title, now.Title)
	add("assignee", old.Assignee, now.Assignee)
	add("due", old.Due, now.Due)
	add("completed", strconv.FormatBool(old.Completed), strconv.FormatBool(now.Completed))
	values := map[string]string{}
	for _, f := range old.Fields {
		values[f.Name] = f.Value
	}
	for _, f := range now.Fields {
		add(f.Name, values[f.Name], f.Value)
		delete(values, f.Name)
	}
	for _, f := range old.Fields {
		if v, gone := values[f.Name]; gone {
			add(f.Name, v, "")
		}
	}
	add("notes", old.Notes, now.Notes)
	return list
}
