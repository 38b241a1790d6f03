package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/connectors"
)

func (a *app) checkCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "check [connection]",
		Short: "Check sign-in, scopes, clock, quota and reachability of connections",
		Args:  atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHub(cmd.Context(), hubOptions{}, func(ctx context.Context, h *hub) error {
				if len(args) == 1 {
					if h.conns[args[0]] == nil {
						return withCode(exitConfig, fmt.Errorf("%s: %s", args[0], unknown("connection", args[0], h.names())))
					}
					return a.check(ctx, h, args)
				}
				return a.check(ctx, h, h.names())
			})
		},
	}
}

// names returns the connections' names, in order.
func (h *hub) names() []string {
	var names []string
	for _, c := range h.cfg.Connections {
		names = append(names, c.Name)
	}
	return names
}

// checkResult is the findings of one connection.
type checkResult struct {
	Connection string    `json:"connection"`
	OK         bool      `json:"ok"`
	Findings   []finding `json:"findings,omitempty"`
}

// finding is a connectors.Finding as it is written.
type finding struct {
	OK      bool   `json:"ok"`
	What    string `json:"what"`
	Detail  string `json:"detail"`
	Warning bool   `json:"warning,omitempty"`
}

// mark is how people see it.
func (f finding) mark() string {
	switch {
	case !f.OK:
		return "FAILED"
	case f.Warning:
		return "warning"
	}
	return "ok"
}

// checkSignIn asks for an access token, so that what keeps a connection from having one is said as it is and not as the
// failure of whatever the connector would have asked first. It is nil when there is one, or none is needed.
func (c *connection) checkSignIn(ctx context.Context) *finding {
	if c.signIn == nil {
		return nil
	}
	_, err := c.signIn.Token(ctx)
	var refused *connectors.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused):
		return &finding{What: "sign-in", Detail: err.Error()}
	}
	var words []string
	switch {
	case refused.Kind == connectors.Limited && refused.After > 0:
		words = append(words, fmt.Sprintf("the vendor takes no more sign-ins for %v", refused.After))
	case refused.Kind == connectors.Limited:
		words = append(words, "the vendor takes no more sign-ins for now; try again later")
	case refused.Kind == connectors.Temporary && refused.Status == 0:
		words = append(words, "the token endpoint cannot be asked")
	case refused.Status != 0:
		words = append(words, fmt.Sprintf("refused (HTTP %d)", refused.Status))
	}
	if refused.Reason != "" {
		words = append(words, refused.Reason)
	}
	if refused.Err != nil {
		words = append(words, refused.Err.Error())
	}
	return &finding{What: "sign-in", Detail: strings.Join(words, ": ")}
}

// checkOne asks one connection. A vendor that cannot be asked is a finding like the others.
func (h *hub) checkOne(ctx context.Context, name string) checkResult {
	res := checkResult{Connection: name, OK: true}
	if f := h.conns[name].checkSignIn(ctx); f != nil {
		return checkResult{Connection: name, Findings: []finding{*f}}
	}
	checker, ok := h.conns[name].opened.(connectors.Checker)
	if !ok {
		res.Findings = []finding{{OK: true, What: "settings", Detail: "good; this connector cannot check more"}}
		return res
	}
	findings, err := checker.Check(ctx)
	for _, f := range findings {
		res.Findings = append(res.Findings, finding(f))
		res.OK = res.OK && f.OK
	}
	if err != nil {
		res.OK, res.Findings = false, append(res.Findings, finding{What: "reach", Detail: err.Error()})
	}
	return res
}

func (a *app) check(ctx context.Context, h *hub, names []string) error {
	var results []checkResult
	for _, name := range names {
		h.conns[name].clock.Forget()
		results = append(results, h.checkOne(ctx, name))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	h.checkClocks(results)
	var bad []string
	for _, res := range results {
		if !res.OK {
			bad = append(bad, res.Connection)
		}
	}
	if a.json {
		writeJSON(a.out, results)
	} else if err := a.printCheck(results); err != nil {
		return err
	}
	if len(bad) > 0 {
		return withCode(exitUnreachable, fmt.Errorf("%s cannot be used as it is; see what FAILED above", strings.Join(bad, " and ")))
	}
	return nil
}

func (a *app) printCheck(results []checkResult) error {
	t := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, r := range results {
		for _, f := range r.Findings {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Connection, f.What, f.mark(), f.Detail)
		}
	}
	return t.Flush()
}
