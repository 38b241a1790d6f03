package cli

import "github.com/spf13/cobra"

func (a *app) identityCmd() *cobra.Command {
	identity := &cobra.Command{Use: "identity", Short: "Try out who would be the same customer"}
	asGroup(identity)
	identity.AddCommand(a.identityPlanCmd(), a.identityTryCmd(), a.identityTrainCmd())
	return identity
}
