package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// decideReport is what split, join and review answer with --json.
type decideReport struct {
	DryRun    bool      `json:"dry_run,omitempty"`
	Decisions int       `json:"decisions"`
	Customers []outcome `json:"customers"` // those that change, as they are then
}

// outcome is what becomes of one customer.
type outcome struct {
	brief
	Into  string        `json:"into,omitempty"` // it becomes part of this one
	Shown []shownReport `json:"shown,omitempty"`
}

// decide writes decisions down, or tries what they would lead to, and reports it. plan is called within a snapshot.
func (a *app) decide(ctx context.Context, c *change, plan func(*ledger.Snap) ([]ledger.Decision, error)) error {
	return a.withHub(ctx, hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error {
		rep, err := a.planned(ctx, h, c, plan)
		if err != nil {
			return err
		}
		a.printDecided(h, rep)
		return nil
	})
}

// planned plans decisions and carries them out, one command at a time: two joins that are planned from one state each miss
// what the other is about to join, and what keeps those apart would stay and push a record out again.
func (a *app) planned(ctx context.Context, h *hub, c *change, plan func(*ledger.Snap) ([]ledger.Decision, error)) (decideReport, error) {
	h.deciding.Lock()
	defer h.deciding.Unlock()
	var list []ledger.Decision
	err := a.inSnapshot(ctx, h, func(s *ledger.Snap) (err error) {
		list, err = plan(s)
		return err
	})
	if err != nil {
		return decideReport{}, err
	}
	for i := range list {
		d := &list[i]
		if d.A > d.B {
			d.A, d.B = d.B, d.A
		}
		d.By, d.Why, d.At = a.actor(c), c.why, time.Now()
	}
	return h.decide(ctx, c.dryRun, list)
}

// decide stores decisions, or only tries them.
func (h *hub) decide(ctx context.Context, dry bool, list []ledger.Decision) (decideReport, error) {
	rep := decideReport{DryRun: dry, Decisions: len(list), Customers: []outcome{}}
	gather := func(s *ledger.Snap, changed []string) (err error) {
		rep.Customers, err = outcomesOf(s, h.cfg.Targets, changed)
		return err
	}
	if dry {
		return rep, h.ledger.TryDecide(ctx, gather, list...)
	}
	changed, err := h.ledger.Decide(ctx, list...)
	if err != nil {
		return rep, err
	}
	h.router.Rescan()
	return rep, h.ledger.Snapshot(ctx, func(s *ledger.Snap) error { return gather(s, changed) })
}

func outcomesOf(s *ledger.Snap, targets, ids []string) ([]outcome, error) {
	list := make([]outcome, 0, len(ids))
	for _, id := range ids {
		if k := canonical.KindOfID(id); k != canonical.Person && k != canonical.Organization {
			continue // what refers to the customer
		}
		o := outcome{brief: brief{ID: id, Kind: string(canonical.KindOfID(id)), Gone: true}}
		current, err := s.Current(id)
		if err != nil {
			return nil, err
		}
		if current != id {
			o.Into, o.Gone = current, false
		}
		e, err := s.Subject(id)
		if err != nil {
			return nil, err
		}
		if e != nil {
			o.brief = briefOf(e)
		}
		if o.Shown, _, err = shownOf(s, targets, id, nil); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

func (a *app) printDecided(h *hub, rep decideReport) {
	if a.json {
		writeJSON(a.out, rep)
		return
	}
	switch {
	case len(rep.Customers) == 0 && rep.DryRun:
		fmt.Fprintln(a.out, "It would change no customer.")
	case len(rep.Customers) == 0:
		fmt.Fprintln(a.out, "It is noted, and changes no customer.")
	case rep.DryRun:
		fmt.Fprintln(a.out, "This is what would be:")
	default:
		fmt.Fprintln(a.out, "This is what is now:")
	}
	t := table{indent: "  "}
	for _, o := range rep.Customers {
		switch {
		case o.Into != "":
			t.row(o.ID, "becomes part of "+o.Into, itemsOf(o.Shown))
		case o.Gone:
			t.row(o.ID, "all its records are deleted", itemsOf(o.Shown))
		default:
			t.row(o.ID, shorten(o.Label, 40), itemsOf(o.Shown), strings.Join(o.Refs, ", "))
		}
	}
	t.write(a.out, a.columns)
	if len(rep.Customers) > 0 && !rep.DryRun {
		a.hintDelivery(h)
	}
}

// itemsOf says how many objects of targets show a customer.
func itemsOf(list []shownReport) string {
	open, closed := 0, 0
	for _, s := range list {
		if s.Closed {
			closed++
		} else {
			open++
		}
	}
	switch {
	case open+closed == 0:
		return "not shown"
	case closed == 0:
		return plural(open, "item")
	}
	return fmt.Sprintf("%s, %d closed", plural(open+closed, "item"), closed)
}

// refsOf returns the references of a customer's records.
func refsOf(s *ledger.Snap, id string) ([]string, error) {
	sources, err := s.Sources(id)
	refs := make([]string, 0, len(sources))
	for _, src := range sources {
		refs = append(refs, src.Ref.String())
	}
	return refs, err
}

// representative returns the record that stands for a customer: the one it has its id from, whatever else joins it
// later.
func representative(s *ledger.Snap, id string) (string, error) {
	sources, err := s.Sources(id)
	if err != nil || len(sources) == 0 {
		return "", err
	}
	i := max(slices.IndexFunc(sources, func(src ledger.Source) bool { return src.Latent == id }), 0)
	return sources[i].Ref.String(), nil
}
