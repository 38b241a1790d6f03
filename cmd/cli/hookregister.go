package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/receive"
	"github.com/millrace/millrace/router/receive/relay"
	"github.com/millrace/millrace/router/register"
)

func (a *app) registerCmd() *cobra.Command {
	return a.hookCmd("register", "Have vendors send webhooks to the daemon", `Tells the vendors of the connections, or of those that are named, where to deliver: what is missing is created, what
differs is changed, and what is ours and no longer needed is deleted. Subscriptions that others made are left alone. On a
terminal it first shows what it would do and asks.

The daemon has to run, for vendors ask the address before they take it. Secrets that vendors make are kept in the ledger,
sealed.`, "Do that at the vendors?", func(ctx context.Context, h *hub, one hookAccount) ([]register.Outcome, register.Found, error) {
		return h.office.Register(ctx, one.Account)
	}, false)
}

func (a *app) repairCmd() *cobra.Command {
	return a.hookCmd("repair", "Make again what `register` made, where it is gone or changed", `Compares what "millrace webhook register" made with what vendors have, and makes what is gone, off or changed as
it was. The daemon does the same once an hour, unless webhooks.repair is false. Connections that were never registered are
left alone.`, "Do that at the vendors?", func(ctx context.Context, h *hub, one hookAccount) ([]register.Outcome, register.Found, error) {
		wrong, err := h.office.Check(ctx, one.Account, true, h.missed(one.name))
		return wrong, register.Found{}, err
	}, true)
}

func (a *app) unregisterCmd() *cobra.Command {
	cmd := a.hookCmd("remove", "Have vendors stop sending webhooks", `Deletes the subscriptions that are ours, and forgets their secrets. Those of others are left alone. Polling goes on.`,
		"Delete them?", func(ctx context.Context, h *hub, one hookAccount) ([]register.Outcome, register.Found, error) {
			return h.office.Remove(ctx, one.Account)
		}, false)
	return cmd
}

// hookWork is what a command does about one connection.
type hookWork func(context.Context, *hub, hookAccount) ([]register.Outcome, register.Found, error)

// hookCmd is a command that changes what vendors have. Known leaves out what was never registered.
func (a *app) hookCmd(name, short, long, question string, work hookWork, known bool) *cobra.Command {
	var c change
	cmd := &cobra.Command{Use: name + " [CONNECTION...]", Short: short, Long: long,
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.confirmed(&c, question, func() error {
				return a.withHub(cmd.Context(), hubOptions{}, func(ctx context.Context, h *hub) error {
					return a.eachHook(ctx, h, names, hookJob{name: name, dry: c.dryRun, known: known, work: work})
				})
			})
		}}
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "show what would be done; change nothing")
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do not ask; where no terminal is, nobody is asked")
	return cmd
}

func (a *app) subscriptionsCmd() *cobra.Command {
	return &cobra.Command{Use: "list [CONNECTION...]", Short: "Show what vendors have of ours, and what is wrong with it",
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.withHub(cmd.Context(), hubOptions{}, func(ctx context.Context, h *hub) error {
				return a.eachHook(ctx, h, names, hookJob{name: "list", dry: true})
			})
		}}
}

// hookJob is a command at work.
type hookJob struct {
	name  string
	dry   bool
	known bool
	work  hookWork
}

// hookAccount is a connection that webhooks are registered for.
type hookAccount struct {
	name       string
	secretPath bool // its addresses may end in a secret
	register.Account
}

// eachHook does a job for the connections that are named, or for all that it can be done for.
func (a *app) eachHook(ctx context.Context, h *hub, names []string, job hookJob) error {
	if h.cfg.Webhooks.Public == "" {
		return withCode(exitConfig, errors.New("webhooks.public_url is not set: vendors have to be told an address that they reach"))
	}
	if h.hooks == nil && !job.dry && job.name != "remove" {
		return withCode(exitConfig, register.ErrNoReceiver)
	}
	chosen, err := h.hookNames(names)
	if err != nil {
		return withCode(exitConfig, err)
	}
	var reports []hookReport
	var errs []error
	for _, name := range chosen {
		rep, err := h.hookOne(ctx, name, job, len(names) > 0)
		if err != nil {
			err = fmt.Errorf("connection %s: %w", name, err)
			rep.Error = err.Error()
		}
		if !rep.empty() {
			reports = append(reports, rep)
		}
		errs = append(errs, err)
	}
	a.printHooks(reports, job)
	return errors.Join(errs...)
}

// hookNames returns the named connections, or all whose vendors send webhooks that are received here.
func (h *hub) hookNames(names []string) (list []string, err error) {
	for _, name := range names {
		if h.conns[name] == nil {
			return nil, fmt.Errorf("%s: %s", name, h.unknownConnection(name))
		}
	}
	if len(names) > 0 {
		return names, nil
	}
	var silent error
	if h.hooks != nil && h.hooks.hub != nil {
		silent = h.hooks.hub.Answers("") // what is received elsewhere is known once somebody was heard
	}
	for _, c := range h.cfg.Connections {
		if h.hooks != nil && !h.hooks.receives(c.Name) || h.cfg.Webhooks.Receive != nil && !slices.Contains(h.cfg.Webhooks.Receive, c.Name) {
			continue
		}
		switch h.conns[c.Name].opened.(type) {
		case connectors.Registrar, connectors.ByHander:
			list = append(list, c.Name)
		}
	}
	if len(list) == 0 && silent != nil {
		return nil, silent
	}
	if len(list) == 0 {
		err = errors.New("no connection's vendor can be told where to deliver")
	}
	return list, err
}

// hookOne does a job for one connection. A vendor that only people can tell is an error where somebody named it.
func (h *hub) hookOne(ctx context.Context, name string, job hookJob, named bool) (hookReport, error) {
	rep := hookReport{Connection: name, Vendor: h.conns[name].Connector.Spec.Title}
	one, ok := h.hookAccount(name)
	if !ok {
		if hand, ok := h.conns[name].opened.(connectors.ByHander); ok {
			rep.ByHand = hand.ByHand(h.place(name))
			if named && !job.dry {
				return rep, withCode(exitConfig, errors.New("a person has to do this at the vendor; `millrace webhook list` says what"))
			}
			return rep, nil
		}
		return rep, withCode(exitConfig, fmt.Errorf("%s has no interface to say where it delivers; set its webhook up there by hand, to %s", rep.Vendor, h.place(name).Below()))
	}
	rep.Address, rep.removing = one.Place.Address, job.name == "remove"
	known, err := h.office.Known(ctx, name)
	if err != nil || job.known && !known {
		return rep, err
	}
	if job.name == "register" && h.hooks != nil {
		if err := h.office.Receiver.Answers(name); err != nil {
			return rep, withCode(exitConfig, err)
		}
	}
	if job.dry {
		look := h.office.Look
		if job.name == "remove" {
			look = h.office.LookRemove
		}
		found, err := look(ctx, one.Account)
		rep.take(one, found, nil)
		return rep, err
	}
	done, found, err := job.work(ctx, h, one)
	rep.take(one, found, done)
	for _, o := range done {
		err = errors.Join(err, o.Err)
	}
	return rep, err
}

func (h *hub) place(name string) connectors.Place {
	return connectors.Place{Connection: name, Address: strings.TrimRight(h.cfg.Webhooks.Public, "/") + receive.HookPath + url.PathEscape(name)}
}

// hookAccount returns a connection whose vendor is told by its API where to deliver.
func (h *hub) hookAccount(name string) (hookAccount, bool) {
	c := h.conns[name]
	registrar, ok := c.opened.(connectors.Registrar)
	if !ok {
		return hookAccount{}, false
	}
	one := hookAccount{name: name,
		Account: register.Account{Registrar: registrar, Place: h.place(name), Configured: hasSecret(c.Connection), Ear: ear{h.router, name}}}
	for _, set := range c.Connector.Spec.WebhookProofs() {
		one.secretPath = one.secretPath || set.Webhook == connectors.WebhookPath
	}
	return one, true
}

// ear listens to the vendor of one connection.
type ear struct {
	router     *router.Router
	connection string
}

func (e ear) Silence(streams []string) (time.Time, int) {
	return e.router.Silence(e.connection, streams)
}
func (e ear) Listen() { e.router.Listen(e.connection) }

// receives reports whether deliveries for a connection are taken, here or by a receiver on another host that was heard of.
func (r *receiving) receives(name string) bool {
	if r.Answers(name) == nil {
		return true
	}
	return r.hub != nil && slices.ContainsFunc(r.hub.Heard(), func(o relay.Heard) bool { return slices.Contains(o.Takes, name) })
}

// mayReceive is the same where one that is not heard of now may take them.
func (r *receiving) mayReceive(name string) bool { return r.hub != nil || r.Answers(name) == nil }
