package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

func (a *app) customerEraseCmd() *cobra.Command {
	var c change
	var keep, now bool
	cmd := &cobra.Command{
		Use:   "erase CUSTOMER --yes",
		Short: "Forget a customer for good, and keep it from coming back",
		Long: `Deletes the content of all its records with everything derived from them, and has the project tool redact what it
shows. What vendors hold of the customer stays there: erase it there first, or a new version brings it back unless it is
suppressed. Suppressed are its addresses, numbers and records, as keyed hashes that tell nobody what they stand for.

This cannot be undone. --why may hold a case number, never the customer's name: it outlives the customer.

` + customerLong,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.confirmed(&c, "Erase it for good?", func() error {
				if !c.yes && !c.dryRun {
					return withCode(exitConfig, errors.New("erasing cannot be undone: give --yes, or --dry-run to see what it is about"))
				}
				return a.withHub(cmd.Context(), hubOptions{noTargets: !now, noSources: now, offline: !now}, func(ctx context.Context, h *hub) error {
					return a.erase(ctx, h, args[0], &c, ledger.EraseOptions{By: a.actor(&c), Why: c.why, Suppress: !keep}, now)
				})
			})
		}}
	a.changeFlags(cmd, &c)
	cmd.Flags().BoolVar(&keep, "no-suppress", false, "take the customer in again when a vendor sends a newer version")
	cmd.Flags().BoolVar(&now, "now", false, "redact the project tool and rewrite the ledger before this ends")
	return cmd
}

// erasePlan is what `customer erase --dry-run --json` writes.
type erasePlan struct {
	DryRun  bool           `json:"dry_run"`
	ID      string         `json:"id"`
	Records []memberReport `json:"records"`
	Shown   []shownReport  `json:"shown,omitempty"`
}

func (a *app) erase(ctx context.Context, h *hub, term string, c *change, o ledger.EraseOptions, now bool) error {
	plan := erasePlan{DryRun: true}
	err := a.inSnapshot(ctx, h, func(s *ledger.Snap) (err error) {
		if _, again, err := s.Erased(term); err != nil || again {
			plan.ID = term // what is left to do of it is done
			return err
		}
		if plan.ID, err = findCustomer(s, term); err != nil {
			return err
		}
		if plan.Records, err = membersOf(s, plan.ID, nil); err != nil {
			return err
		}
		plan.Shown, _, err = shownOf(s, h.cfg.Targets, plan.ID, plan.Records)
		return err
	})
	if err != nil {
		return err
	}
	if c.dryRun {
		a.printErasePlan(plan)
		return nil
	}
	done, err := h.ledger.Erase(ctx, plan.ID, o)
	if err != nil {
		return err
	}
	h.router.Rescan()
	if now {
		err = h.deliver(ctx)
	}
	gone := false
	if now && err == nil {
		var packed ledger.Compacted
		packed, err = h.ledger.Compact(ctx)
		gone = packed.Erased
	}
	a.printErasure(h, done, now && err == nil, gone)
	return err
}

// deliver has the targets show everything that they do not show yet.
func (h *hub) deliver(ctx context.Context) error {
	if h.daemon {
		return h.router.Settle(ctx)
	}
	stop := h.start(ctx)
	err := h.router.Settle(ctx)
	if stopped := stop(); err == nil {
		err = stopped
	}
	return err
}

func (a *app) printErasePlan(plan erasePlan) {
	if a.json {
		writeJSON(a.out, plan)
		return
	}
	fmt.Fprintf(a.out, "%s would be erased\n", plan.ID)
	p := &page{app: a, all: true}
	p.members(plan.Records)
	p.shown(plan.Shown, nil)
}

// erasureReport is what `customer erase --json` writes.
type erasureReport struct {
	ledger.Erasure
	Redacted bool `json:"redacted"` // no target shows anything of the customer any more
	Gone     bool `json:"gone"`     // no byte of it is left in the data directory but what records of others keep
}

// mostKept is how many records that keep something are printed.
const mostKept = 20

func (a *app) printErasure(h *hub, e ledger.Erasure, redacted, gone bool) {
	if a.json {
		writeJSON(a.out, erasureReport{e, redacted, gone})
		return
	}
	word := "is erased"
	if e.Already {
		word = "was erased on " + instant(e.At)
	}
	theirs := slices.DeleteFunc(slices.Clone(e.Refs), func(ref string) bool { return strings.HasPrefix(ref, canonical.Hub+"/") })
	fmt.Fprintf(a.out, "%s %s: %s, which the vendors still have:\n", e.Entity, word, plural(len(theirs), "record"))
	a.printRefs(theirs)
	t := table{indent: "  "}
	for _, line := range []struct {
		what string
		n    int
	}{{"values on the suppression list", e.Suppressed}, {"values not suppressed, for others have them too", e.Shared},
		{"dead letters deleted", e.Letters}, {"webhook deliveries cleaned", e.Deliveries}, {"changes deleted from logs", e.Log},
		{"histories deleted", e.History}, {"decisions deleted", e.Decisions}} {
		if line.n > 0 {
			t.row(line.what, fmt.Sprint(line.n))
		}
	}
	t.write(a.out, a.columns)
	if len(e.Named) > 0 {
		fmt.Fprintln(a.out, "Records of others that named the customer were cleaned here; a later version may name it again:")
		a.printRefs(e.Named)
	}
	if n := len(e.Kept); n > 0 {
		fmt.Fprintln(a.out, "Records of others keep what is theirs as well: a shared address, one at its domain, the same name:")
		a.printRefs(e.Kept[:min(n, mostKept)])
		if n > mostKept {
			fmt.Fprintf(a.out, "  … and %d more (--json)\n", n-mostKept)
		}
	}
	if len(e.Left) > 0 {
		fmt.Fprintf(a.out, "Not reached, for they are no longer configured: %s still show something of it.\n", strings.Join(e.Left, ", "))
	}
	switch {
	case len(e.Redact) == 0:
	case redacted:
		fmt.Fprintln(a.out, "The project tool shows nothing of it any more.")
	case h.daemon:
		fmt.Fprintln(a.out, "The running daemon is about to redact what the project tool shows.")
	default:
		fmt.Fprintln(a.out, "The next `millrace backfill`, or a daemon, redacts what the project tool shows; --now does it at once.")
	}
	switch {
	case gone && len(e.Kept) > 0:
		fmt.Fprintln(a.out, "No other byte of it is left in the data directory. Backups are yours to expire.")
	case gone:
		fmt.Fprintln(a.out, "No byte of it is left in the data directory. Backups are yours to expire.")
	case h.daemon:
		fmt.Fprintln(a.out, "The daemon then rewrites the ledger, so that no byte of it is left there. Backups are yours to expire.")
	default:
		fmt.Fprintln(a.out, "Free pages of the ledger still hold what was deleted; `millrace compact` afterwards removes them. Backups are yours to expire.")
	}
}

func (a *app) printRefs(refs []string) {
	for _, ref := range refs {
		fmt.Fprintf(a.out, "  %s\n", printable(ref))
	}
}
