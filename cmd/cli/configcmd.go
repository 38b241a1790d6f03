package cli

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
)

func (a *app) configCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check the configuration, or print its JSON Schema"}
	asGroup(cmd)
	cmd.AddCommand(
		&cobra.Command{Use: "check", Short: "Validate the configuration, mappings and rules without a network", Args: exactly(0),
			RunE: func(*cobra.Command, []string) error { return a.configCheck() }},
		&cobra.Command{Use: "schema", Short: "Print the JSON Schema of the configuration, for editors", Args: exactly(0),
			RunE: func(*cobra.Command, []string) error {
				_, err := a.out.Write(config.Schema(a.connectors))
				return err
			}})
	return cmd
}

// checkReceiver checks the file of a receiver that stands alone, which is known by webhooks.forward.to. It has no accounts, so
// that what else a configuration needs is not missed in it. It reports false for the file of a hub.
func (a *app) checkReceiver() (bool, error) {
	cfg, err := config.LoadReceiver(a.configPath, a.find)
	if err != nil || cfg.Webhooks.ForwardTo == "" {
		return false, nil // what is wrong with it is said of it as a hub's, whole
	}
	hooks, err := webhooksOf(cfg, nil, false, verifierOf)
	if err != nil {
		return true, withCode(exitConfig, err)
	}
	if a.json {
		writeJSON(a.out, map[string]any{"ok": true, "connections": len(hooks), "receiver": true})
		return true, nil
	}
	fmt.Fprintf(a.out, "%s is good: a receiver of %d connections for `millrace webhook`.\n", cfg.Path, len(hooks))
	return true, nil
}

func (a *app) configCheck() error {
	if receiver, err := a.checkReceiver(); receiver {
		return err
	}
	cfg, err := a.load()
	if err != nil {
		return err
	}
	if _, err := loadMappings(cfg); err != nil {
		return withCode(exitConfig, err)
	}
	_, notes, err := loadWork(cfg)
	if err != nil {
		return withCode(exitConfig, err)
	}
	waiting, err := checkConnections(cfg)
	if err != nil {
		return withCode(exitConfig, err)
	}
	notes = append(notes, waiting...)
	if err := checkWebhooks(cfg); err != nil {
		return withCode(exitConfig, err)
	}
	if _, err := loadSurvivors(cfg); err != nil {
		return withCode(exitConfig, err)
	}
	if _, err := loadResolver(cfg.Identity); err != nil {
		return withCode(exitConfig, err)
	}
	if !cfg.Ledger.Key.IsZero() {
		if _, err := parseKey(cfg.Ledger.Key.Reveal()); err != nil {
			return withCode(exitConfig, err)
		}
	}
	if a.json {
		result := map[string]any{"ok": true, "connections": len(cfg.Connections), "targets": cfg.Targets}
		if len(notes) > 0 {
			result["notes"] = notes
		}
		writeJSON(a.out, result)
		return nil
	}
	for _, note := range notes {
		fmt.Fprintln(a.out, note)
	}
	fmt.Fprintf(a.out, "%s is good: %d connections, targets %v.\n", cfg.Path, len(cfg.Connections), cfg.Targets)
	return nil
}

// checkConnections finds settings that no sign-in can be made of, and those that the connector refuses. Its notes name the
// connections whose sign-in is not in the configuration: whether the ledger has it is not known here.
func checkConnections(cfg *config.Config) (notes []string, err error) {
	for _, c := range cfg.Connections {
		// Opening makes no request, and nothing is kept open that gets no tokens.
		env := connectors.Env{Connection: c.Name, Settings: c.Values, HTTP: &http.Client{}, Now: time.Now}
		if _, err := c.Connector.Open(env); err != nil {
			return nil, fmt.Errorf("connection %s: %w", c.Name, err)
		}
		if c.Connector.Spec.SignIn == nil {
			continue
		}
		in, err := c.Connector.Spec.SignIn(c.Values)
		if err != nil {
			return nil, fmt.Errorf("connection %s: %w", c.Name, err)
		}
		if o := in.OAuth; o != nil && o.Grant == connectors.RefreshGrant && o.RefreshToken.IsZero() {
			notes = append(notes, fmt.Sprintf("Connection %s signs in through the browser: sign in with `millrace auth %s`, unless that is done.", c.Name, c.Name))
		}
	}
	return notes, nil
}
