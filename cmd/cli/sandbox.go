package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/sandbox/world"
)

func (a *app) sandboxCmd() *cobra.Command {
	var o world.Options
	var faults string
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run only the simulated vendors, for trying a configuration or a vendor SDK",
		Long: `Runs simulated vendors on real ports. The first line of output is a JSON object that says how each is
reached; then they serve until stopped. control_url + "faults" takes faults while running, see --faults.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if faults != "" {
				f, err := os.Open(faults)
				if err != nil {
					return withCode(exitConfig, fmt.Errorf("--faults: %w", err))
				}
				o.Faults, err = sandbox.ReadFaults(f)
				f.Close()
				if err != nil {
					return withCode(exitConfig, fmt.Errorf("--faults %s: %w", faults, err))
				}
			}
			w, err := world.Start(o)
			if err != nil {
				return withCode(exitConfig, err)
			}
			defer w.Close()
			writeJSON(a.out, w.Access())
			if !a.json {
				fmt.Fprint(a.errOut, howToTry(w.Access()))
			}
			<-cmd.Context().Done()
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:0", "address of the first vendor; the others have the next ports (0 = free ports)")
	f.StringSliceVar(&o.Only, "only", nil, "only these vendors ("+strings.Join(world.Vendors(), ", ")+")")
	f.IntVar(&o.Customers, "customers", 100, "people to generate")
	f.BoolVar(&o.PeopleOnly, "people-only", false, "generate no companies, deals and tickets")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the generated customers")
	f.DurationVar(&o.Latency, "latency", 0, "delay of every request")
	f.DurationVar(&o.IndexLag, "index-lag", 0, "how late HubSpot's search sees a change")
	f.StringVar(&faults, "faults", "", "file with a JSON array of faults")
	f.Float64Var(&o.AsanaLimits.PerSecond, "asana-rate", 0, "requests a second that Asana allows (0 = any)")
	f.IntVar(&o.AsanaLimits.Burst, "asana-burst", 0, "requests that Asana allows at once, with --asana-rate")
	f.IntVar(&o.AsanaLimits.Writes, "asana-writes", 0, "writes in flight that Asana allows (0 = any)")
	return cmd
}

// howToTry tells a person how the configuration that `init` writes reaches the simulated vendors.
func howToTry(access map[string]map[string]string) string {
	text := "The simulated vendors run until Ctrl-C. To use them with what `millrace init` writes:\n\n"
	if hs := access[world.HubSpot]; hs != nil {
		text += fmt.Sprintf("  export HUBSPOT_URL=%s HUBSPOT_TOKEN=%s\n", hs["base_url"], hs["token"])
	}
	if sf := access[world.Salesforce]; sf != nil {
		text += fmt.Sprintf("  export SALESFORCE_URL=%s SALESFORCE_ID=%s SALESFORCE_SECRET=%s\n", sf["base_url"], sf["client_id"], sf["client_secret"])
	}
	if zd := access[world.Zendesk]; zd != nil {
		text += fmt.Sprintf("  export ZENDESK_URL=%s ZENDESK_ID=%s ZENDESK_SECRET=%s\n", zd["base_url"], zd["client_id"], zd["client_secret"])
	}
	if mc := access[world.Mailchimp]; mc != nil {
		text += fmt.Sprintf("  export MAILCHIMP_URL=%s MAILCHIMP_KEY=%s\n", mc["base_url"], mc["api_key"])
	}
	if ac := access[world.ActiveCampaign]; ac != nil {
		text += fmt.Sprintf("  export ACTIVECAMPAIGN_URL=%s ACTIVECAMPAIGN_KEY=%s\n", ac["base_url"], ac["api_token"])
	}
	if im := access[world.IMAP]; im != nil {
		text += fmt.Sprintf("  export MAIL_HOST=%s MAIL_PORT=%s MAIL_SECURITY=none MAIL_USER=%s MAIL_PASSWORD='%s'\n", im["host"], im["port"], im["user"], im["password"])
	}
	if as := access[world.Asana]; as != nil {
		text += fmt.Sprintf("  export ASANA_URL=%s ASANA_TOKEN=%s ASANA_WORKSPACE=%s\n", as["base_url"], as["token"], as["workspace"])
		text += "\nThe project tool's board: " + as["board_url"] + "\n"
	}
	return text
}
