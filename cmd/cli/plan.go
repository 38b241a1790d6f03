package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/router"
)

func (a *app) planCmd() *cobra.Command {
	var limit int
	var offline bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would be created, changed and closed in the project tool; write nothing",
		Long: `Reads the sources up to now into the ledger (which a later backfill goes on from), compares what each
target should show with what it shows, and prints the difference. Nothing is written to any vendor.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHub(cmd.Context(), hubOptions{noTargets: true}, func(ctx context.Context, h *hub) error {
				return a.plan(ctx, h, limit, offline)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "print at most so many changes of a target (0 = all)")
	cmd.Flags().BoolVar(&offline, "offline", false, "do not read the sources first")
	return cmd
}

// planReport is what `plan --json` writes for one target.
type planReport struct {
	Target  string          `json:"target"`
	Create  int             `json:"create"`
	Change  int             `json:"change"`
	Close   int             `json:"close"`
	Changes []router.Change `json:"changes"`
	Omitted int             `json:"omitted,omitempty"`
}

func (a *app) plan(ctx context.Context, h *hub, limit int, offline bool) error {
	if !offline && a.within == nil {
		if err := a.readSources(ctx, h); err != nil {
			return err
		}
	}
	var reports []planReport
	for _, target := range h.cfg.Targets {
		rep := planReport{Target: target}
		err := h.router.Plan(ctx, target, func(c router.Change) error {
			switch c.Action {
			case router.Create:
				rep.Create++
			case router.Update:
				rep.Change++
			case router.Close:
				rep.Close++
			}
			if limit == 0 || len(rep.Changes) < limit {
				rep.Changes = append(rep.Changes, c)
			} else {
				rep.Omitted++
			}
			return nil
		})
		if err != nil {
			return err
		}
		reports = append(reports, rep)
	}
	if a.json {
		writeJSON(a.out, reports)
		return nil
	}
	for _, rep := range reports {
		a.printPlan(rep)
	}
	return nil
}

// readSources reads everything up to now with a router that has no target.
func (a *app) readSources(ctx context.Context, h *hub) error {
	before := h.router.Tally()
	stop := h.start(ctx)
	show := a.follow(h, before)
	err := h.router.ReadAll(ctx, router.Scope{})
	show()
	if stopped := stop(); err == nil {
		err = stopped
	}
	return err
}

func (a *app) printPlan(rep planReport) {
	fmt.Fprintf(a.out, "%s: %d to create, %d to change, %d to close\n", rep.Target, rep.Create, rep.Change, rep.Close)
	for _, c := range rep.Changes {
		fmt.Fprintf(a.out, "  %s %s\n", sign[c.Action], title(c))
		for _, d := range c.Fields {
			fmt.Fprintf(a.out, "      %s: %s → %s\n", d.Field, quoted(d.Old), quoted(d.New))
		}
	}
	if rep.Omitted > 0 {
		fmt.Fprintf(a.out, "  … and %d more (--limit 0 shows all)\n", rep.Omitted)
	}
}

var sign = map[router.Action]string{router.Create: "+", router.Update: "~", router.Close: "-"}

func title(c router.Change) string {
	where := c.Item.Project
	if c.Item.Section != "" {
		where += " / " + c.Item.Section
	}
	s := fmt.Sprintf("%q in %s", c.Item.Title, where)
	if c.Why != "" {
		s += " (" + c.Why + ")"
	}
	return s
}

func quoted(s string) string {
	const most = 60
	s = strings.ReplaceAll(s, "\n", " ⏎ ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	if s == "" {
		return "(nothing)"
	}
	return s
}
