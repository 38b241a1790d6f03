package cli

import "github.com/spf13/cobra"

func (a *app) identityCmd() *cobra.Command {
	identity := &cobra.Command{Use: "identity", Short: "Try out who would be the same customer, and learn how likely that is"}
	asGroup(identity)
	identity.AddCommand(a.identityPlanCmd(), a.identityTryCmd(), a.identityTrainCmd())
	return identity
}
