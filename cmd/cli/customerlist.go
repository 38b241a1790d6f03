package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

func (a *app) customerListCmd() *cobra.Command {
	var kinds []string
	var limit int
	var after, category string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List customers by id",
		Long: `Lists people and organizations, or the entities of other kinds. With --json each is one line.
The last line says how to go on when there are more.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := kindsOf(kinds)
			if err != nil {
				return err
			}
			return a.withHub(cmd.Context(), hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error {
				return a.customerList(ctx, h, list, category, after, limit)
			})
		}}
	cmd.Flags().StringSliceVar(&kinds, "kind", nil, "person, organization, deal … (default person and organization)")
	cmd.Flags().StringVar(&category, "category", "", "only lead, prospect, opportunity, contact, a stage such as customer, or a category of your own")
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so many (0 = all)")
	cmd.Flags().StringVar(&after, "after", "", "go on after this id")
	return cmd
}

// kindsOf checks the kinds of a command line.
func kindsOf(names []string) ([]canonical.Kind, error) {
	if len(names) == 0 {
		return []canonical.Kind{canonical.Organization, canonical.Person}, nil // the order of their ids
	}
	var list []canonical.Kind
	var known []string
	for _, k := range canonical.Kinds() {
		known = append(known, string(k))
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, withCode(exitConfig, fmt.Errorf("--kind %s: %s", name, unknown("kind", name, known)))
		}
		list = append(list, canonical.Kind(name))
	}
	slices.SortFunc(list, func(x, y canonical.Kind) int { return strings.Compare(x.Prefix(), y.Prefix()) })
	return slices.Compact(list), nil
}

// listPage is how many entities one snapshot reads.
const listPage = 500

func (a *app) customerList(ctx context.Context, h *hub, kinds []canonical.Kind, category, after string, limit int) error {
	if from := canonical.KindOfID(after); from != "" {
		kinds = slices.DeleteFunc(kinds, func(k canonical.Kind) bool { return k.Prefix() < from.Prefix() })
	}
	shown := 0
	for len(kinds) > 0 {
		n := listPage
		if limit > 0 && category == "" {
			n = min(n, limit-shown)
		}
		if canonical.KindOfID(after) != kinds[0] {
			after = ""
		}
		list, next, err := briefsOf(ctx, h, kinds[0], category, after, n)
		if err != nil {
			return err
		}
		if limit > 0 {
			list = list[:min(len(list), limit-shown)]
		}
		a.printBriefs(list, shown == 0)
		shown += len(list)
		if after = next; next == "" {
			kinds = kinds[1:]
		}
		if limit > 0 && shown >= limit && len(kinds) > 0 {
			a.hintMore(list[len(list)-1].ID)
			return nil
		}
	}
	if shown == 0 && !a.json {
		fmt.Fprintln(a.errOut, "There is none.")
	}
	return nil
}

// hintMore says how to go on.
func (a *app) hintMore(last string) {
	if !a.json {
		fmt.Fprintf(a.out, "… and maybe more: --after %s\n", last)
	}
}

func briefsOf(ctx context.Context, h *hub, k canonical.Kind, category, after string, limit int) (list []brief, next string, err error) {
	err = h.ledger.Snapshot(ctx, func(s *ledger.Snap) error {
		var ids []string
		if ids, next, err = s.Entities(k, after, limit); err != nil {
			return err
		}
		for _, id := range ids {
			var e *work.Entity
			if e, err = s.Subject(id); err != nil {
				return err
			}
			var in bool
			if in, err = inCategory(h, s, e, category); err != nil {
				return err
			}
			if in {
				list = append(list, briefOf(e))
			}
		}
		return nil
	})
	return list, next, err
}

// inCategory reports whether an entity that may be gone is there and in a category.
func inCategory(h *hub, s *ledger.Snap, e *work.Entity, category string) (bool, error) {
	if e == nil || category == "" {
		return e != nil, nil
	}
	state, own, err := h.rules.State(s, e)
	return err == nil && (state.Category == category || state.Stage == category || slices.Contains(own, category)), err
}

// recordsTitle is the head of a column. Pages are printed one by one, so every cell below it is as wide.
const recordsTitle = "RECORDS"

func (a *app) printBriefs(list []brief, first bool) {
	t := table{}
	if first && len(list) > 0 && !a.json {
		t.row("ID", recordsTitle, "NAME")
	}
	for _, b := range list {
		if a.json {
			writeJSON(a.out, b)
			continue
		}
		t.row(b.ID, fmt.Sprintf("%-*d", len(recordsTitle), len(b.Refs)), b.Label)
	}
	t.write(a.out, a.columns)
}
