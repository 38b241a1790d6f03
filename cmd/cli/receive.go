package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/receive"
	"github.com/millrace/millrace/router/receive/relay"
)

// receiving is the webhook receiver of a daemon.
type receiving struct {
	*receive.Receiver
	server *receive.Server
	hub    *relay.Hub // nil when nothing is taken that others forward
}

// serveWebhooks begins to receive, nil where the configuration has no webhooks. What arrives is stored at once and parsed as
// soon as the router runs.
func (h *hub) serveWebhooks(ctx context.Context) (*receiving, error) {
	w := h.cfg.Webhooks
	if w.Listen == "" {
		return nil, nil
	}
	known, err := h.registered(ctx)
	if err != nil {
		return nil, err
	}
	hooks, err := webhooksOf(h.cfg, known, !w.ForwardKey.IsZero(), func(c config.Connection) (any, error) { return h.conns[c.Name].opened, nil })
	if err != nil {
		return nil, withCode(exitConfig, err)
	}
	o := receiverOptions(w, hooks, h.log)
	o.Store, o.Stored = receive.Inbox{Ledger: h.ledger}, h.router.Received
	var hub *relay.Hub
	if !w.ForwardKey.IsZero() {
		if hub, err = relay.NewHub(w.ForwardKey, h.ledger, h.router.Received, h.log, time.Now); err != nil {
			return nil, withCode(exitConfig, err)
		}
		o.Forward = hub
	}
	r, err := receive.New(o)
	if err != nil {
		return nil, withCode(exitConfig, err)
	}
	rec := &receiving{Receiver: r, hub: hub}
	if err := h.trustRegistered(ctx, rec); err != nil {
		r.Close()
		return nil, err
	}
	return rec, rec.listen(w, o.Hooks, h.log)
}

// listen begins to serve, once the receiver goes by all secrets that are known: a vendor may not come again with what is refused.
func (r *receiving) listen(w config.Webhooks, hooks []receive.Hook, log *slog.Logger) error {
	server, err := receive.Listen(r, receive.ServerOptions{Listen: w.Listen, Cert: w.Cert, Key: w.Key, Connections: w.Connections, Log: log})
	if err != nil {
		r.Close()
		return withCode(exitUnreachable, err)
	}
	r.server = server
	for _, h := range hooks {
		log.Info("receives webhooks", "source", h.Connection, "address", r.Address(h.Connection), "secret_in_path", h.InPath)
	}
	if open := openWithoutTLS(w, server.Address()); open != "" {
		log.Warn(open)
	}
	return nil
}

// listens returns where webhooks are received, "" where they are not.
func (r *receiving) listens() string {
	if r == nil {
		return ""
	}
	return r.server.Address()
}

// stop ends the receiver after what was begun.
func (r *receiving) stop() {
	if r == nil {
		return
	}
	if r.hub != nil {
		r.hub.Close()
	}
	r.server.Close(drainGrace)
	r.Close()
}

// openWithoutTLS says that others may read deliveries on their way, "" where nobody can.
func openWithoutTLS(w config.Webhooks, address string) string {
	host, _, _ := net.SplitHostPort(address)
	a, err := netip.ParseAddr(host)
	if w.Cert != "" || err == nil && a.IsLoopback() {
		return ""
	}
	return "webhooks are received without TLS on an address that others reach; deliveries hold personal data: set webhooks.tls, or let only a proxy that does TLS reach it"
}

func receiverOptions(w config.Webhooks, hooks []receive.Hook, log *slog.Logger) receive.Options {
	return receive.Options{Hooks: hooks, Public: w.Public, MaxBody: w.MaxBody, Rate: w.Rate, Allow: w.Allow, Proxies: w.Proxies, Log: log}
}

// webhooksOf returns the connections whose vendors deliver: those that the configuration names, or all whose secret is set or is
// known from registering. A named one without a secret is an error (invariant 5), unless its vendor makes the secret when it is
// registered; and so is none at all, except where others forward.
func webhooksOf(cfg *config.Config, known map[string]bool, others bool, open func(config.Connection) (any, error)) ([]receive.Hook, error) {
	var hooks []receive.Hook
	var without []string
	for _, c := range cfg.Connections {
		named := slices.Contains(cfg.Webhooks.Receive, c.Name)
		proofs := c.Connector.Spec.WebhookProofs()
		if !named && (cfg.Webhooks.Receive != nil || len(proofs) == 0) {
			continue
		}
		if !named && !known[c.Name] && !hasSecret(c) {
			without = append(without, c.Name+"."+proofs[0].Name)
			continue
		}
		opened, err := open(c)
		if err != nil {
			return nil, fmt.Errorf("connection %s: %w", c.Name, err)
		}
		hook, err := hookOf(c, opened)
		if err != nil {
			return nil, err
		}
		hooks = append(hooks, hook)
	}
	if len(hooks) == 0 && !others {
		if len(without) > 0 {
			return nil, fmt.Errorf("webhooks: no connection has a secret, and without one nothing that arrives could be trusted; set %s, or name in webhooks.receive those whose vendor makes the secret when they are registered", strings.Join(without, " or "))
		}
		return nil, errors.New("webhooks: no connection sends any that could be received")
	}
	return hooks, nil
}

// hookOf makes a hook of what a connector opened. The secret that a vendor shows to who registers may still come; until then
// every delivery is refused.
func hookOf(c config.Connection, opened any) (receive.Hook, error) {
	w, ok := opened.(connectors.Webhook)
	if _, shown := opened.(connectors.SecretReader); ok && shown && !hasSecret(c) {
		return receive.Hook{Connection: c.Name, Webhook: w}, nil
	}
	return receive.HookOf(c.Name, c.Connector.Spec, c.Values, opened)
}

// hasSecret reports whether a secret of its webhooks is in a connection's settings.
func hasSecret(c config.Connection) bool {
	return slices.ContainsFunc(c.Connector.Spec.WebhookProofs(), func(s connectors.Setting) bool { return !c.Values.Secret(s.Name).IsZero() })
}

// checkWebhooks has `config check` refuse what a receiver would refuse when it starts.
func checkWebhooks(cfg *config.Config) error {
	if cfg.Webhooks.Listen == "" {
		return nil
	}
	w := cfg.Webhooks
	_, err := webhooksOf(cfg, map[string]bool{}, !w.ForwardKey.IsZero() && w.ForwardTo == "", func(c config.Connection) (any, error) {
		return c.Connector.Open(connectors.Env{Connection: c.Name, Settings: c.Values, HTTP: &http.Client{}, Now: time.Now})
	})
	return err
}

// parsers returns what parses the inbox, of all connections: one that receives no more may have left deliveries there.
func (h *hub) parsers() map[string]connectors.Webhook {
	list := map[string]connectors.Webhook{}
	for name, c := range h.conns {
		if w, ok := c.opened.(connectors.Webhook); ok {
			list[name] = w
		}
	}
	return list
}

// webhookReport is what arrived for one connection since the daemon was started.
type webhookReport struct {
	receive.Tally
	Address string `json:"address"`
}

func (r *receiving) report() (list []webhookReport) {
	if r == nil {
		return nil
	}
	for _, t := range r.Tallies() {
		list = append(list, webhookReport{t, r.Address(t.Connection)})
	}
	return list
}

// staleText says what became of authentic deliveries whose time alone is wrong, and what to do.
func staleText(n int64, age time.Duration) string {
	where := "before"
	if age < 0 {
		where = "after"
	}
	return fmt.Sprintf("%d authentic webhook deliveries were refused for their time alone, the last signed %v %s ours; `millrace check` compares the clocks",
		n, age.Abs().Round(time.Second), where)
}

func printWebhooks(t *tabwriter.Writer, rep statusReport) {
	if len(rep.Webhooks) > 0 {
		fmt.Fprintln(t, "WEBHOOK\tSTORED\tREPEATED\tREFUSED\tPUT OFF\tLAST")
		for _, w := range rep.Webhooks {
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%s\n", w.Connection, w.Stored, w.Repeated, w.Refused, w.Put, instant(w.Last))
		}
		fmt.Fprintln(t)
	}
	for _, w := range rep.Webhooks {
		if w.Stale > 0 {
			fmt.Fprintf(t, "%s: %s\n\n", w.Connection, staleText(w.Stale, w.Age))
		}
	}
	printForwarded(t, rep.Forwarded)
	if rep.Inbox.Waiting > 0 {
		fmt.Fprintf(t, "%d webhook deliveries wait to be parsed, the oldest since %s\n\n", rep.Inbox.Waiting, instant(rep.Inbox.Oldest))
	}
}
