package cli

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// change is what every command has that writes something down with a name.
type change struct {
	by, why     string
	dryRun, yes bool
}

// changeFlags gives a command the flags of a change.
func (a *app) changeFlags(cmd *cobra.Command, c *change) {
	cmd.Flags().StringVar(&c.why, "why", "", "reason, kept with the decision")
	cmd.Flags().StringVar(&c.by, "by", "", "who decides (default user@host)")
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "show what would become of it; write nothing")
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do not ask; where no terminal is, nobody is asked")
}

// actor returns whose decision it is.
func (a *app) actor(c *change) string {
	if c.by != "" {
		return c.by
	}
	return a.by
}

// errNotWanted ends a command whose question was answered with no.
var errNotWanted = errors.New("nothing was changed")

// confirmed runs a change. Where somebody is there to answer, it is first run dry, and then for good if that person says
// so. The ledger is not kept open, nor a daemon busy, while a person thinks.
func (a *app) confirmed(c *change, question string, run func() error) error {
	if a.within != nil || !a.asks || a.json || c.yes || c.dryRun {
		return run()
	}
	args := a.args
	defer func() { a.args = args }()
	a.args, c.dryRun = withFlag(args, "--dry-run"), true
	if err := run(); err != nil {
		return err
	}
	fmt.Fprintf(a.errOut, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(a.in).ReadString('\n') // an end without a word is no
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))) {
		return errNotWanted
	}
	a.args, c.dryRun = withFlag(args, "--yes"), false
	c.yes = true
	return run()
}

// withFlag adds a flag to a command line, before the words that are no flags by "--".
func withFlag(args []string, flag string) []string {
	if i := slices.Index(args, "--"); i >= 0 {
		return slices.Insert(slices.Clone(args), i, flag)
	}
	return append(slices.Clone(args), flag)
}
