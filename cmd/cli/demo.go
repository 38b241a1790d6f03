package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors/sandbox/world"
	"github.com/millrace/millrace/router"
)

func (a *app) demoCmd() *cobra.Command {
	var once bool
	var customers int
	var seed uint64
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole thing with simulated vendors; needs nothing installed",
		Long: `Starts simulated vendors with generated customers, reads them into a temporary ledger and shows the work
in the simulated project tool. Without --once it then changes customers every second, until stopped.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), once, customers, seed) },
	}
	cmd.Flags().BoolVar(&once, "once", false, "end after a full sync and print a summary")
	cmd.Flags().IntVar(&customers, "customers", 200, "people to generate")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the generated customers")
	return cmd
}

func (a *app) demo(ctx context.Context, once bool, customers int, seed uint64) error {
	begun := time.Now()
	dir, err := os.MkdirTemp("", "millrace-demo-")
	if err != nil {
		return withCode(exitUnreachable, err)
	}
	defer os.RemoveAll(dir)
	w, err := world.Start(world.Options{Customers: customers, Seed: seed})
	if err != nil {
		return err
	}
	defer w.Close()
	h, err := openDemo(ctx, a, dir, w)
	if err != nil {
		return err
	}
	defer h.close()
	stop := h.start(ctx)
	if !a.json {
		board := " The project tool's board: " + w.Access()[world.Asana]["board_url"]
		if once { // it would be gone before anybody looks
			board = ""
		}
		fmt.Fprintf(a.errOut, "HubSpot, Salesforce, Zendesk, Mailchimp, ActiveCampaign and a mailbox (all simulated) know %d people and their companies.%s\n", customers, board)
	}
	show := a.follow(h, router.Tally{})
	err = h.router.Backfill(ctx, router.Scope{})
	show()
	if err == nil {
		err = a.demoSummary(ctx, h, w, time.Since(begun))
	}
	if err == nil && !once {
		err = a.live(ctx, h, w, seed)
	}
	if stopped := stop(); err == nil {
		err = stopped
	}
	return err
}

// openDemo writes the configuration a person would write, and opens it.
func openDemo(ctx context.Context, a *app, dir string, w *world.World) (*hub, error) {
	hs, sf, zd, as := w.Access()[world.HubSpot], w.Access()[world.Salesforce], w.Access()[world.Zendesk], w.Access()[world.Asana]
	mc, ac, im := w.Access()[world.Mailchimp], w.Access()[world.ActiveCampaign], w.Access()[world.IMAP]
	yaml := fmt.Sprintf(`
data: %q
connections:
  hubspot: {connector: hubspot, token: %q, base_url: %q, index_lag: 2s, every: 1s, sweep: 30s, requests_per_10s: 100000, searches_per_second: 1000}
  salesforce: {connector: salesforce, sign_in: client_credentials, client_id: %q, client_secret: %q, login_url: %q, base_url: %q, cdc: true, pubsub_endpoint: %q, commit_lag: 0s, overlap: 2s, every: 1s, sweep: 30s}
  zendesk: {connector: zendesk, token: %q, base_url: %q, every: 1s, sweep: 30s, requests_per_minute: 600000, exports_per_minute: 600000}
  mailchimp: {connector: mailchimp, api_key: %q, base_url: %q, every: 1s, sweep: 30s}
  activecampaign: {connector: activecampaign, api_token: %q, base_url: %q, every: 1s, sweep: 30s, requests_per_second: 100000}
  mail: {connector: imap, host: %q, port: %s, security: none, user: %q, password: %q, own: [acme.example], body: snippet, every: 1s}
  asana: {connector: asana, token: %q, base_url: %q, workspace: %q, requests_per_minute: 600000}
log: {level: warn}
`, dir, hs["token"], hs["base_url"], sf["client_id"], sf["client_secret"], sf["login_url"], sf["base_url"], sf["pubsub_endpoint"], zd["token"], zd["base_url"],
		mc["api_key"], mc["base_url"], ac["api_token"], ac["base_url"], im["host"], im["port"], im["user"], im["password"],
		as["token"], as["base_url"], as["workspace"])
	cfg, err := config.Parse(filepath.Join(dir, "demo.yaml"), []byte(yaml), a.find, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	return openHub(ctx, cfg, a.logger(cfg.Log, false), hubOptions{daemon: true})
}

func (a *app) demoSummary(ctx context.Context, h *hub, w *world.World, took time.Duration) error {
	s, err := h.summarize(ctx, h.router.Tally(), took)
	if err != nil {
		return err
	}
	missing, doubles := w.Audit()
	s.Missing, s.Doubles = &missing, &doubles
	s.Calls = w.Calls()
	a.printSummary(s)
	if missing+doubles > 0 {
		return fmt.Errorf("%d items are missing and %d are there twice", missing, doubles)
	}
	return nil
}

// live changes customers until ctx ends and says what became of it.
func (a *app) live(ctx context.Context, h *hub, w *world.World, seed uint64) error {
	fmt.Fprintln(a.errOut, "Now changing customers every second. Watch the board; stop with Ctrl-C.")
	rng := rand.New(rand.NewPCG(seed, 2))
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			what, err := w.Change(rng)
			if err != nil {
				return err
			}
			t := h.router.Tally()
			if a.json {
				writeJSON(a.out, map[string]any{"change": what, "work_items": itemCounts{Created: t.Created, Updated: t.Updated, Closed: t.Closed, Dead: t.DeadItems}})
				continue
			}
			fmt.Fprintf(a.out, "%s  (items so far: %d new, %d changed, %d closed)\n", what, t.Created, t.Updated, t.Closed)
		}
	}
}
