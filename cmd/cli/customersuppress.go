package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) suppressCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "suppress EMAIL|PHONE|DOMAIN|RECORD...",
		Short: "Keep somebody out: take in nothing that names them from now on",
		Long: `Puts e-mail addresses, phone numbers with their country, domains of organizations, register numbers (vat:DE123) or
records (connection/object/id) on the suppression list, as keyed hashes that tell nobody what they stand for. Records
that have one of them are filtered before anything of them is stored. What is stored already stays:
` + "`customer erase`" + ` deletes.`,
		Args: from(1, 1000),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHub(cmd.Context(), hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error {
				n, err := h.ledger.Suppress(ctx, args...)
				if err != nil {
					return err
				}
				return a.printCount("suppressed", n, "%s added to the suppression list.")
			})
		}}
}

func (a *app) unsuppressCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "unsuppress EMAIL|PHONE|DOMAIN|RECORD|ID...",
		Short: "Let somebody in again who was suppressed",
		Long: `Takes entries off the suppression list: of an erased customer all of them when one of them, or its former id, is
given. The next time a vendor sends a record it is taken.`,
		Args: from(1, 1000),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHub(cmd.Context(), hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error {
				n, err := h.ledger.Unsuppress(ctx, args...)
				if err == nil && n == 0 {
					err = errors.New("nothing of this is on the suppression list")
				}
				if err != nil {
					return err
				}
				return a.printCount("lifted", n, "%s lifted.")
			})
		}}
}

// printCount says how many entries of the suppression list changed.
func (a *app) printCount(name string, n int, words string) error {
	if a.json {
		writeJSON(a.out, map[string]int{name: n})
		return nil
	}
	entries := fmt.Sprintf("%d entries", n)
	if n == 1 {
		entries = "1 entry"
	}
	_, err := fmt.Fprintf(a.out, words+"\n", entries)
	return err
}
