package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/router/ledger"
)

func (a *app) deadCmd() *cobra.Command {
	dead := &cobra.Command{Use: "dead", Short: "List, show, replay and drop what could not be processed"}
	asGroup(dead)
	var kind string
	var limit int
	list := &cobra.Command{Use: "list", Short: "List dead letters", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHub(cmd.Context(), hubOptions{offline: true}, func(ctx context.Context, h *hub) error {
				return a.deadList(ctx, h, ledger.DeadKind(kind), limit)
			})
		}}
	list.Flags().StringVar(&kind, "kind", "", "only record, item or delivery")
	list.Flags().IntVar(&limit, "limit", 100, "at most so many")
	show := &cobra.Command{Use: "show ID", Short: "Show one with its data (personal data!)", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHub(cmd.Context(), hubOptions{offline: true}, func(ctx context.Context, h *hub) error { return a.deadShow(ctx, h, args[0]) })
		}}
	dead.AddCommand(list, show,
		a.deadAction("replay", "Try again", "replayed", func(ctx context.Context, h *hub, id string) error {
			gone, err := h.ledger.DeadReplay(ctx, id)
			h.router.Rescan()
			h.router.Received()
			if err == nil && !gone {
				err = errors.New("it failed again; `millrace dead show` has the new cause")
			}
			return err
		}),
		a.deadAction("drop", "Forget for good", "dropped", func(ctx context.Context, h *hub, id string) error {
			return h.ledger.DeadDrop(ctx, id)
		}))
	return dead
}

// deadAction is a command on one letter, or on all of them with --all.
func (a *app) deadAction(name, short, done string, act func(context.Context, *hub, string) error) *cobra.Command {
	var every bool
	cmd := &cobra.Command{Use: name + " ID...", Short: short,
		RunE: func(cmd *cobra.Command, ids []string) error {
			if every == (len(ids) > 0) {
				return withCode(exitConfig, fmt.Errorf("name the letters to %s, or give --all", name))
			}
			return a.withHub(cmd.Context(), hubOptions{offline: true}, func(ctx context.Context, h *hub) error {
				if every {
					var err error
					if ids, err = allDead(ctx, h); err != nil {
						return err
					}
				}
				return a.eachDead(ctx, h, ids, done, act)
			})
		}}
	cmd.Flags().BoolVar(&every, "all", false, "all dead letters")
	return cmd
}

func (a *app) eachDead(ctx context.Context, h *hub, ids []string, done string, act func(context.Context, *hub, string) error) error {
	var errs []error
	ok := 0
	for _, id := range ids {
		if err := act(ctx, h, id); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", id, err))
			continue
		}
		ok++
	}
	if a.json {
		writeJSON(a.out, map[string]int{done: ok, "failed": len(errs)})
	} else {
		fmt.Fprintf(a.out, "%d %s\n", ok, done)
	}
	return errors.Join(errs...)
}

func allDead(ctx context.Context, h *hub) ([]string, error) {
	var ids []string
	for after := ""; ; {
		page, next, err := h.ledger.DeadList(ctx, "", after, 500)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			ids = append(ids, d.ID)
		}
		if next == "" {
			return ids, nil
		}
		after = next
	}
}

func (a *app) deadList(ctx context.Context, h *hub, kind ledger.DeadKind, limit int) error {
	list, next, err := h.ledger.DeadList(ctx, kind, "", limit)
	if err != nil {
		return err
	}
	if a.json {
		for i := range list {
			list[i].Data, list[i].Delivery = nil, nil // `dead show` has them: they are personal data
		}
		writeJSON(a.out, list)
		return nil
	}
	t := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tLAST\tTRIES\tCAUSE")
	for _, d := range list {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\n", d.ID, instant(d.Last), d.Tries, d.Cause)
	}
	if next != "" {
		fmt.Fprintf(t, "… and more: --limit shows them\n")
	}
	return t.Flush()
}

func (a *app) deadShow(ctx context.Context, h *hub, id string) error {
	d, err := h.ledger.DeadShow(ctx, id)
	if err != nil {
		return err
	}
	if a.json {
		writeJSON(a.out, d)
		return nil
	}
	fmt.Fprintf(a.out, "%s\ncause:  %s\ntries:  %d\nfirst:  %s\nlast:   %s\n", d.ID, d.Cause, d.Tries, instant(d.First), instant(d.Last))
	if d.Delivery != nil {
		fmt.Fprintf(a.out, "received: %s\nbody:\n%s\n", instant(d.Delivery.Request.Received), printable(string(d.Delivery.Request.Body)))
	}
	if len(d.Data) > 0 {
		data := d.Data
		if pretty, err := json.MarshalIndent(json.RawMessage(d.Data), "", "  "); err == nil {
			data = pretty
		}
		fmt.Fprintf(a.out, "data:\n%s\n", data)
	}
	return nil
}
