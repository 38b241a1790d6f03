package cli

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// mostAbout is how many deals, and how many tickets, of a customer are asked what happened about them, the newest first.
const mostAbout = 100

// mostHeadline is how much of a text stands for what has no subject, in columns.
const mostHeadline = 80

// mostLog is how many changes of a customer are looked at for its timeline.
const mostLog = 200

// moment is one line of a timeline.
type moment struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`             // "deal won", "became one customer with …"
	Entity string    `json:"entity,omitempty"` // what it happened to
	Label  string    `json:"label,omitempty"`
}

// timed says which times of an entity are moments of a timeline, and what happened then.
var timed = map[canonical.Kind][][2]string{
	canonical.Person:       {{"created", "created"}, {"lead.converted_at", "converted"}},
	canonical.Organization: {{"created", "created"}},
	canonical.Deal:         {{"opened_at", "opened"}, {"closed_at", "closed"}},
	canonical.Ticket:       {{"opened_at", "opened"}, {"closed_at", "closed"}},
	canonical.Interaction:  {{"occurred_at", ""}},
	canonical.Transaction:  {{"occurred_at", ""}},
	canonical.Membership:   {{"joined_at", "joined"}, {"left_at", "left"}},
	canonical.Consent:      {{"since", "given or withdrawn"}},
	canonical.Task:         {{"created", "created"}, {"completed_at", "done"}},
}

// timeline gathers moments in one snapshot.
type timeline struct {
	s    *ledger.Snap
	list []moment
	seen map[string]bool // entities that are in it, and mails
}

// about adds what happened about the deals or tickets of a customer: a comment names its ticket and who wrote it, which may
// be one of ours, and not who asked.
func (t *timeline) about(list []*work.Entity) error {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *work.Entity) int {
		return cmp.Or(strings.Compare(goldenText(b, "opened_at"), goldenText(a, "opened_at")), strings.Compare(a.ID, b.ID))
	})
	for _, e := range list[:min(len(list), mostAbout)] {
		happened, err := relatedTo(t.s, e, canonical.Interaction)
		if err != nil {
			return err
		}
		for _, one := range happened {
			t.entity(one)
		}
	}
	return nil
}

// entity adds the moments of one entity, once, and of one mail, whichever records tell of it.
func (t *timeline) entity(e *work.Entity) {
	mail := "mail " + goldenText(e, "message_id")
	if t.seen[e.ID] || e.Kind == canonical.Interaction && t.seen[mail] {
		return
	}
	t.seen[e.ID], t.seen[mail] = true, mail != "mail "
	for _, pair := range timed[e.Kind] {
		at, err := time.Parse(time.RFC3339, goldenText(e, pair[0]))
		if err != nil {
			continue
		}
		what := pair[1]
		if pair[0] == "closed_at" && e.Kind == canonical.Deal {
			what = cmp.Or(goldenText(e, "status"), what) // won or lost
		}
		kind := string(e.Kind)
		if e.Kind == canonical.Interaction || e.Kind == canonical.Transaction {
			kind = cmp.Or(strings.ReplaceAll(goldenText(e, "kind"), "_", " "), kind)
		}
		t.list = append(t.list, moment{At: at, What: strings.TrimSpace(kind + " " + what), Entity: e.ID, Label: t.headline(e)})
	}
}

// headline is what a moment is called: an interaction without a subject by how its text begins, a membership by its list.
func (t *timeline) headline(e *work.Entity) string {
	if e.Kind == canonical.Membership {
		return listOf(t.s, e)
	}
	if e.Kind != canonical.Interaction || goldenText(e, "subject") != "" || goldenText(e, "snippet") != "" {
		return briefOf(e).Label
	}
	first, _, _ := strings.Cut(strings.TrimSpace(goldenText(e, "body")), "\n")
	return cmp.Or(shorten(first, mostHeadline), briefOf(e).Label)
}

// listOf is what a membership is called: the audience, or the campaign, that it is of. A list that is not known, or cannot be
// read, leaves it the name that it has by itself.
func listOf(s *ledger.Snap, e *work.Entity) string {
	for _, field := range []string{"audience", "campaign"} {
		ref := goldenText(e, field)
		if ref == "" {
			continue
		}
		if list, err := s.Resolve(ref); err == nil && list != nil {
			return work.NameOf(list)
		}
	}
	return briefOf(e).Label
}

// became adds what a ticket became in the course of time, the newest mostLog changes. Other tickets of a customer do not have
// theirs in its timeline, which is about the customer.
func (t *timeline) became(e *work.Entity) error {
	if e.Kind != canonical.Ticket {
		return nil
	}
	stays, err := t.s.History(e.ID)
	if err != nil {
		return err
	}
	for _, s := range stays[max(0, len(stays)-mostLog):] {
		if slices.Contains([]string{"status", "assignee", "team", "priority"}, s.Field) {
			t.list = append(t.list, moment{At: s.From, What: s.Field + " " + s.Value, Entity: e.ID, Label: briefOf(e).Label})
		}
	}
	return nil
}

// changes adds when customers became one and when they came apart again.
func (t *timeline) changes(id string) error {
	log, err := t.s.Log(id, 0, mostLog)
	if err != nil {
		return err
	}
	for _, c := range log {
		if len(c.MergedFrom) > 0 {
			t.list = append(t.list, moment{At: c.Recorded, What: "became one with " + strings.Join(c.MergedFrom, ", "), Entity: id})
		}
		if len(c.SplitInto) > 0 {
			t.list = append(t.list, moment{At: c.Recorded, What: "came apart: " + strings.Join(c.SplitInto, ", "), Entity: id})
		}
	}
	return nil
}

// newestFirst returns the moments in order.
func (t *timeline) newestFirst() []moment {
	slices.SortFunc(t.list, func(a, b moment) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Entity, b.Entity), strings.Compare(a.What, b.What))
	})
	return t.list
}
