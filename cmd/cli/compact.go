package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/router/ledger"
)

func (a *app) compactCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Rewrite the ledger without its free pages",
		Long: `Gives room back to the disk, and removes the bytes of what was deleted, which free pages keep: an erased customer
is gone from the data directory only after this. A daemon does it by itself after an erasure. It may run meanwhile;
writing waits for about a second per 100 MB. The disk needs as much room again as the ledger has content.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHub(cmd.Context(), hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error {
				done, err := h.ledger.Compact(ctx)
				if err != nil {
					return err
				}
				a.printCompacted(done)
				return nil
			})
		}}
}

func (a *app) printCompacted(done ledger.Compacted) {
	if a.json {
		writeJSON(a.out, done)
		return
	}
	const mega = 1e6 // as `status` counts
	fmt.Fprintf(a.out, "The ledger had %.1f MB and has %.1f MB.\n", float64(done.Before)/mega, float64(done.After)/mega)
	if done.Waiting > 0 {
		fmt.Fprintf(a.out, "%d tasks still have to be rewritten after an erasure: run `millrace backfill`, then compact once more.\n", done.Waiting)
	}
}
