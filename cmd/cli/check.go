package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/connectors"
)

func (a *app) checkCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "check [connection]",
		Short: "Check sign-in, scopes, clock, quota and reachability of connections",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHub(cmd.Context(), hubOptions{}, func(ctx context.Context, h *hub) error {
				if len(args) == 1 {
					if h.conns[args[0]] == nil {
						return withCode(exitConfig, fmt.Errorf("there is no connection %q", args[0]))
					}
					return a.check(ctx, h, args)
				}
				var names []string
				for _, c := range h.cfg.Connections {
					names = append(names, c.Name)
				}
				return a.check(ctx, h, names)
			})
		},
	}
}

// checkResult is the findings of one connection.
type checkResult struct {
	Connection string               `json:"connection"`
	Findings   []connectors.Finding `json:"findings,omitempty"`
	Error      string               `json:"error,omitempty"`
}

func (a *app) check(ctx context.Context, h *hub, names []string) error {
	var bad []error
	var results []checkResult
	for _, name := range names {
		res := checkResult{Connection: name}
		if checker, ok := h.conns[name].opened.(connectors.Checker); ok {
			findings, err := checker.Check(ctx)
			res.Findings = findings
			if err != nil {
				res.Error = err.Error()
				bad = append(bad, fmt.Errorf("connection %s: %w", name, err))
			}
			for _, f := range findings {
				if !f.OK {
					bad = append(bad, fmt.Errorf("connection %s: %s: %s", name, f.What, f.Detail))
				}
			}
		}
		results = append(results, res)
	}
	if a.json {
		writeJSON(a.out, results)
	} else if err := a.printCheck(results); err != nil {
		return err
	}
	if len(bad) > 0 {
		return withCode(exitUnreachable, errors.Join(bad...))
	}
	return nil
}

func (a *app) printCheck(results []checkResult) error {
	t := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, r := range results {
		for _, f := range r.Findings {
			mark := "ok"
			if !f.OK {
				mark = "FAILED"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Connection, f.What, mark, f.Detail)
		}
		if r.Error != "" {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Connection, "reach", "FAILED", r.Error)
		}
	}
	return t.Flush()
}
