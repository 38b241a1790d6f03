package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/lifecycle"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

func (a *app) customerShowCmd() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "show ID|EMAIL|PHONE|DOMAIN|RECORD",
		Short: "Show one customer: golden record, records, what refers to it, timeline, what targets show",
		Long:  "Shows what is known of one customer and where each value comes from.\n\n" + customerLong,
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var rep customerReport
			err := a.readCustomer(cmd.Context(), args[0], func(h *hub, s *ledger.Snap, id string) (err error) {
				rep, err = reportCustomer(h, s, id)
				if id != args[0] && canonical.KindOfID(args[0]) != "" {
					rep.MovedFrom = args[0]
				}
				return err
			})
			if err != nil || rep.ID == "" { // a daemon has printed it
				return err
			}
			if a.json {
				writeJSON(a.out, rep)
				return nil
			}
			a.printCustomer(&rep, all)
			return nil
		}}
	allFlag(cmd, &all)
	return cmd
}

// customerReport is what `customer show --json` writes. Every list is complete up to the bound that its source names:
// at most work.MaxReferrers entities of a kind refer to it or happened to it, at most mostLog changes make the timeline, and what happened about
// at most mostAbout of its deals and tickets.
type customerReport struct {
	ID         string             `json:"id"`
	Kind       canonical.Kind     `json:"kind"`
	Label      string             `json:"label"`
	MovedFrom  string             `json:"moved_from,omitempty"` // the former id that was asked for
	Deleted    bool               `json:"deleted,omitempty"`    // all its records are
	State      *lifecycle.State   `json:"state,omitempty"`      // of people and organizations
	Categories []string           `json:"categories,omitempty"` // by the team's own rules
	Consent    *consentReport     `json:"consent,omitempty"`    // of people of whom anything is said
	Fields     []identity.Why     `json:"fields"`
	Members    []memberReport     `json:"members"`
	RefersTo   map[string][]brief `json:"refers_to,omitempty"`   // by field
	ReferredBy map[string][]brief `json:"referred_by,omitempty"` // by kind
	Timeline   []moment           `json:"timeline"`              // newest first
	Shown      []shownReport      `json:"shown,omitempty"`
	Waiting    []string           `json:"waiting,omitempty"` // targets that do not show the newest yet
	Review     []pairReport       `json:"review,omitempty"`
	Decisions  []ledger.Decision  `json:"decisions,omitempty"`
}

// memberReport is one record of a customer.
type memberReport struct {
	Ref     string    `json:"ref"`
	URL     string    `json:"url,omitempty"`
	Version time.Time `json:"version,omitzero"`
	Seen    time.Time `json:"seen,omitzero"`
	Deleted string    `json:"deleted,omitempty"` // soft, hard, archived, privacy or merged
	Into    string    `json:"into,omitempty"`    // the record that it was merged into at the vendor
	Latent  string    `json:"latent,omitempty"`  // the id it would have if it stood alone
	Dead    bool      `json:"dead,omitempty"`    // a newer version is a dead letter
}

// shownReport is one object of a target that shows an item of the customer.
type shownReport struct {
	Target  string `json:"target"`
	Key     string `json:"key"`
	Former  string `json:"former,omitempty"` // it shows a customer that became part of this one
	Link    string `json:"link,omitempty"`
	Title   string `json:"title,omitempty"`
	Project string `json:"project,omitempty"`
	Section string `json:"section,omitempty"`
	Closed  bool   `json:"closed,omitempty"`
	InDoubt bool   `json:"in_doubt,omitempty"`
}

func reportCustomer(h *hub, s *ledger.Snap, id string) (customerReport, error) {
	rep := customerReport{ID: id, Kind: canonical.KindOfID(id), Label: id, Fields: []identity.Why{}}
	e, err := s.Entity(id)
	if err != nil {
		return rep, err
	}
	if rep.Deleted = e == nil; !rep.Deleted {
		rep.Label, rep.Fields = work.NameOf(e), fieldsOf(e)
		rep.Consent = consentOf(rep.Fields)
	}
	if rep.Members, err = membersOf(s, id, e); err != nil {
		return rep, err
	}
	if rep.Shown, rep.Waiting, err = shownOf(s, h.cfg.Targets, id, rep.Members); err != nil {
		return rep, err
	}
	reviews, err := s.Reviews(id)
	if err != nil {
		return rep, err
	}
	decisions, err := s.Decisions(id)
	if err != nil {
		return rep, err
	}
	rep.Review, rep.Decisions = waitingPairs(reviews), decisions
	if e == nil {
		return rep, nil
	}
	if err := rep.derive(h, s, e); err != nil {
		return rep, err
	}
	return rep, rep.surroundings(s, e)
}

// derive adds how far the customer has come.
func (rep *customerReport) derive(h *hub, s *ledger.Snap, e *work.Entity) error {
	state, categories, err := h.rules.State(s, e)
	if err == nil && state.Category != "" { // deals and the like have none
		rep.State, rep.Categories = &state, categories
	}
	return err
}

// surroundings adds what refers to the entity, what it refers to, and its timeline.
func (rep *customerReport) surroundings(s *ledger.Snap, e *work.Entity) (err error) {
	if rep.RefersTo, err = referredTo(s, e); err != nil {
		return err
	}
	t := timeline{s: s, seen: map[string]bool{}}
	t.entity(e)
	if err := t.became(e); err != nil {
		return err
	}
	rep.ReferredBy = map[string][]brief{}
	for _, k := range canonical.Kinds() {
		list, err := relatedTo(s, e, k)
		if err != nil {
			return err
		}
		for _, other := range list {
			t.entity(other)
			if k != canonical.Interaction { // the timeline has them
				rep.ReferredBy[string(k)] = append(rep.ReferredBy[string(k)], referrer(s, other))
			}
		}
		if k == canonical.Deal || k == canonical.Ticket {
			if err := t.about(list); err != nil {
				return err
			}
		}
	}
	if err := t.changes(e.ID); err != nil {
		return err
	}
	rep.Timeline = t.newestFirst()
	return nil
}

// referrer is what refers to a customer: a membership is called after its list.
func referrer(s *ledger.Snap, e *work.Entity) brief {
	b := briefOf(e)
	if e.Kind == canonical.Membership {
		b.Label = listOf(s, e)
	}
	return b
}

// relatedTo returns the entities of a kind that refer to one; of interactions the newest, those that only name its e-mail
// addresses among them.
func relatedTo(s *ledger.Snap, e *work.Entity, k canonical.Kind) ([]*work.Entity, error) {
	if k == canonical.Interaction {
		return s.Recent(e, work.MaxReferrers, func(*work.Entity) bool { return true })
	}
	return s.Referrers(e, k)
}

func membersOf(s *ledger.Snap, id string, e *work.Entity) ([]memberReport, error) {
	sources, err := s.Sources(id)
	if err != nil {
		return nil, err
	}
	list := make([]memberReport, 0, len(sources))
	for _, src := range sources {
		m := memberReport{Ref: src.Ref.String(), Version: src.Version, Seen: src.Seen, Deleted: string(src.Deleted.Kind), Latent: src.Latent, Dead: src.Dead}
		if src.Deleted.Kind == connectors.Merged && !src.Deleted.Into.IsZero() {
			m.Into = src.Deleted.Into.String()
		}
		if e != nil {
			m.URL = pageOf(e, m.Ref)
		}
		list = append(list, m)
	}
	return list, nil
}

// pageOf returns the page of a live record at its vendor, "" when it has none.
func pageOf(e *work.Entity, ref string) string {
	for i := range e.Golden.Sources {
		if src := &e.Golden.Sources[i]; src.Live && src.Ref == ref {
			if value := src.Profile.Get("url"); value != nil && !canonical.IsNull(value) {
				return valueText(value)
			}
		}
	}
	return ""
}

// shownOf returns what targets show of a customer, also under ids that its records had before they were joined, and the
// targets that do not show the newest yet.
func shownOf(s *ledger.Snap, targets []string, id string, members []memberReport) (list []shownReport, waiting []string, err error) {
	ids := []string{id}
	for _, m := range members {
		if m.Latent != "" && !slices.Contains(ids, m.Latent) {
			ids = append(ids, m.Latent)
		}
	}
	for _, target := range targets {
		late := false
		for _, of := range ids {
			links, err := s.Links(target, of)
			if err != nil {
				return nil, nil, err
			}
			for _, l := range links {
				list = append(list, shownLink(target, id, of, l))
			}
			mark, err := s.Mark(target, of)
			if err != nil {
				return nil, nil, err
			}
			late = late || mark != nil
		}
		if late {
			waiting = append(waiting, target)
		}
	}
	return list, waiting, nil
}

func shownLink(target, id, of string, l ledger.Link) shownReport {
	r := shownReport{Target: target, Key: l.Key, Link: string(l.Link), Closed: l.Closed, InDoubt: l.InDoubt}
	if of != id {
		r.Former = of
	}
	if l.Item != nil {
		r.Title, r.Project, r.Section = l.Item.Title, l.Item.Project, l.Item.Section
	}
	return r
}

// referredTo returns the entities that the golden record's references lead to, by field. What is not known yet is left
// out: the field's value names it.
func referredTo(s *ledger.Snap, e *work.Entity) (map[string][]brief, error) {
	found := map[string][]brief{}
	for _, f := range e.Golden.Fields {
		def, err := canonical.Lookup(e.Kind, f.Name)
		if err != nil || def.Type != canonical.Ref && def.Type != canonical.Refs || canonical.IsNull(f.Value) {
			continue
		}
		for _, ref := range textsOf(f.Value) {
			other, err := s.Resolve(ref)
			if err != nil {
				return nil, err
			}
			if other != nil && !slices.ContainsFunc(found[f.Name], func(b brief) bool { return b.ID == other.ID }) {
				found[strings.Clone(f.Name)] = append(found[f.Name], briefOf(other))
			}
		}
	}
	return found, nil
}
