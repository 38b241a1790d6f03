package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/router"
)

func (a *app) planCmd() *cobra.Command {
	var limit int
	var offline bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would be created, changed, closed and merged in the project tool; write nothing",
		Long: `Reads the sources up to now into the ledger (which a later backfill goes on from), compares what each
target should show with what it shows, and prints the difference. Nothing is written to any vendor.

+ is created, ~ changed, - closed. When customers became one, the oldest task stays and is changed to show them
together; > is a task that is completed with a pointer to it. x is a task that is emptied because its customer was erased; " is one that stays as it is and gets a comment.`,
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
	Tell    int             `json:"tell,omitempty"`   // left as they are, with a comment
	Redact  int             `json:"redact,omitempty"` // emptied and closed, because the customer was erased
	Merge   int             `json:"merge"`            // closed with a pointer, because the customer became one with another
	Merged  int             `json:"merged"`           // customers that became one with another: their items are closed, or show the other now
	Changes []router.Change `json:"changes"`
	Omitted int             `json:"omitted,omitempty"`
	// Starts is what is made once, by rule: for how many customers or deals, and how many tasks that is.
	Starts map[string]*planStart `json:"starts,omitempty"`
}

type planStart struct {
	Entities int    `json:"entities"`
	Tasks    int    `json:"tasks"`
	last     string // changes come in the order of the entities
}

// start counts a task of what is made once.
func (rep *planReport) start(c router.Change) {
	if c.Starts == "" {
		return
	}
	if rep.Starts == nil {
		rep.Starts = map[string]*planStart{}
	}
	s := rep.Starts[c.Starts]
	if s == nil {
		s = &planStart{}
		rep.Starts[c.Starts] = s
	}
	if s.Tasks++; s.last != c.Entity {
		s.last = c.Entity
		s.Entities++
	}
}

func (a *app) plan(ctx context.Context, h *hub, limit int, offline bool) error {
	if !offline && a.within == nil {
		if err := a.readSources(ctx, h); err != nil {
			return err
		}
	}
	var reports []planReport
	for _, target := range h.cfg.Targets {
		rep, merged := planReport{Target: target, Changes: []router.Change{}}, map[string]bool{}
		err := h.router.Plan(ctx, target, func(c router.Change) error {
			switch c.Action {
			case router.Create:
				rep.Create++
			case router.Update:
				rep.Change++
			case router.Close:
				rep.Close++
			case router.Merge:
				rep.Merge++
			case router.Redact:
				rep.Redact++
			case router.Tell:
				rep.Tell++
			}
			rep.start(c)
			merged[c.From] = true // one entity may have several items
			if c.Into != "" {
				merged[c.Entity] = true
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
		delete(merged, "") // of those that were not
		rep.Merged = len(merged)
		reports = append(reports, rep)
	}
	if a.json {
		writeJSON(a.out, reports)
		return nil
	}
	changes := 0
	for _, rep := range reports {
		a.printPlan(rep)
		changes += rep.Create + rep.Change + rep.Close + rep.Merge + rep.Redact + rep.Tell
	}
	switch {
	case len(reports) == 0:
		fmt.Fprintln(a.out, "No connection is written to: there is nothing to plan.")
	case changes == 0:
		fmt.Fprintln(a.out, "Everything is shown as it should be.")
	case h.daemon:
		fmt.Fprintln(a.out, "The running daemon is about to write this.")
	default:
		fmt.Fprintln(a.out, "Nothing was written. `millrace backfill` writes it.")
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
	fmt.Fprintf(a.out, "%s: %d to create, %d to change, %d to close, %d to merge (customers that became one with another: %d)\n",
		rep.Target, rep.Create, rep.Change, rep.Close, rep.Merge, rep.Merged)
	if rep.Redact > 0 {
		fmt.Fprintf(a.out, "  %d to redact, because their customers were erased\n", rep.Redact)
	}
	if rep.Tell > 0 {
		fmt.Fprintf(a.out, "  %d to comment on and leave as they are\n", rep.Tell)
	}
	for _, rule := range slices.Sorted(maps.Keys(rep.Starts)) {
		s := rep.Starts[rule]
		fmt.Fprintf(a.out, "  starts %s for %s, %s in all\n", rule, plural(s.Entities, "record"), plural(s.Tasks, "task"))
	}
	for _, c := range rep.Changes {
		fmt.Fprintf(a.out, "  %s %s\n", sign[c.Action], title(c))
		for _, d := range c.Fields {
			a.printField(d)
		}
		for _, text := range c.Comments {
			a.printComment(text)
		}
	}
	if rep.Omitted > 0 {
		fmt.Fprintf(a.out, "  … and %d more (--limit 0 shows all)\n", rep.Omitted)
	}
}

// printField prints one difference; of a text of several lines only the lines that differ.
func (a *app) printField(d router.FieldChange) {
	if !strings.Contains(d.Old+d.New, "\n") {
		fmt.Fprintf(a.out, "      %s: %s → %s\n", d.Field, quoted(d.Old), quoted(d.New))
		return
	}
	fmt.Fprintf(a.out, "      %s:\n", d.Field)
	was, is := strings.Split(d.Old, "\n"), strings.Split(d.New, "\n")
	for _, line := range without(was, is) {
		fmt.Fprintf(a.out, "        - %s\n", quoted(line))
	}
	for _, line := range without(is, was) {
		fmt.Fprintf(a.out, "        + %s\n", quoted(line))
	}
}

// printComment prints what is told on a task.
func (a *app) printComment(text string) {
	fmt.Fprintln(a.out, "      comment:")
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(a.out, "        %s\n", quoted(line))
	}
}

// without returns the lines that do not occur among the others.
func without(lines, others []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(others, line) })
}

var sign = map[router.Action]string{router.Create: "+", router.Update: "~", router.Close: "-", router.Merge: ">", router.Redact: "x", router.Tell: "\""}

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
	const most = 100
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	if s == "" {
		return "(nothing)"
	}
	return s
}
