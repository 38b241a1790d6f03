package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
)

// authWait is how long a person has to sign in: a password manager, a second factor, a consent page.
const authWait = 5 * time.Minute

// authOptions are the flags of `auth`.
type authOptions struct {
	noBrowser bool
	timeout   time.Duration
}

func (a *app) authCmd() *cobra.Command {
	var o authOptions
	cmd := &cobra.Command{
		Use:   "auth <connection>",
		Short: "Sign a connection in through the browser",
		Long: `Opens the vendor's page in the browser, waits until it comes back to this machine, and keeps the token it
brings in the ledger, sealed. The token is renewed by itself from then on. A running daemon uses it at once.

The vendor's app needs the callback address http://localhost:8765/callback (redirect_port of the connection chooses
another port). With --no-browser the address is only printed. To open it on another machine, let that machine's port
lead here first: ssh -L 8765:localhost:8765 THIS-MACHINE.`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.timeout <= 0 {
				return withCode(exitConfig, errors.New("--timeout must be more than 0"))
			}
			err := a.withHub(cmd.Context(), hubOptions{}, func(ctx context.Context, h *hub) error { return a.auth(ctx, h, args[0], o) })
			if errors.Is(err, errStoppedWaiting) || a.within == nil && errors.Is(err, context.Canceled) {
				return errors.New("stopped; nothing was changed")
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&o.noBrowser, "no-browser", false, "only print the address")
	cmd.Flags().DurationVar(&o.timeout, "timeout", authWait, "how long to wait for the browser")
	return cmd
}

// auth signs one connection in. The ledger stays open meanwhile: a token that is granted must find its place.
func (a *app) auth(ctx context.Context, h *hub, name string, o authOptions) error {
	c := h.conns[name]
	if c == nil {
		return withCode(exitConfig, fmt.Errorf("%s: %s", name, h.unknownConnection(name)))
	}
	if c.signIn == nil || !c.signIn.Browser() {
		return withCode(exitConfig, c.notByBrowser())
	}
	wait, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	loopback := oauth.Loopback{Port: c.Redirect}
	token, err := c.signIn.Authorize(wait, loopback, func(address string) error {
		a.showPage(address, loopback, o)
		return nil
	})
	switch {
	case ctx.Err() == nil && wait.Err() != nil && errors.Is(err, wait.Err()):
		return fmt.Errorf("nobody came back from the browser within %v; nothing was changed. Does the vendor's app have the callback %s?",
			o.timeout, loopback.Callback())
	case err != nil:
		return fmt.Errorf("connection %s: %w", name, err)
	}
	if h.daemon {
		h.router.Retry(name)
	}
	a.showGrant(c, token, h.daemon)
	return nil
}

// showPage says where to sign in, and opens that page.
func (a *app) showPage(address string, l oauth.Loopback, o authOptions) {
	switch {
	case a.json:
		writeJSON(a.out, map[string]string{"open": address})
	case o.noBrowser:
		fmt.Fprintf(a.errOut, "Sign in at\n\n  %s\n\n", address)
		if l.Port != 0 {
			fmt.Fprintf(a.errOut, "With a browser on another machine, run this there first: ssh -L %d:localhost:%d THIS-MACHINE\n", l.Port, l.Port)
		}
		fmt.Fprintf(a.errOut, "Waiting for it to come back, %v at most. Ctrl-C gives up.\n", o.timeout)
	default:
		fmt.Fprintf(a.errOut, "Opening the browser. If none appears, sign in at\n\n  %s\n\nWaiting for it to come back, %v at most. Ctrl-C gives up.\n", address, o.timeout)
	}
	if !o.noBrowser {
		a.open(address)
	}
}

// unknownConnection says that there is no such connection; a daemon knows the file as it was when it started.
func (h *hub) unknownConnection(name string) string {
	text := unknown("connection", name, h.names())
	if h.daemon {
		text += "; if it is new in the configuration, restart the daemon"
	}
	return text
}

// notByBrowser says how a connection signs in when it is not through the browser.
func (c *connection) notByBrowser() error {
	how := "without credentials"
	in, err := c.Connector.Spec.SignIn(c.Values)
	switch {
	case err != nil:
		return err
	case !in.Token.IsZero():
		how = "with the token in its settings"
	case in.Basic != nil:
		how = "with the user and the key in its settings"
	case in.Header != nil:
		how = "with the key in its settings"
	case in.OAuth != nil && in.OAuth.Grant == connectors.JWTBearerGrant:
		how = "with the private key in its settings"
	case in.OAuth != nil && in.OAuth.Grant == connectors.ClientCredentialsGrant:
		how = "with its client's own credentials"
	}
	return fmt.Errorf("connection %s signs in %s, not through the browser: there is nothing to do here; `millrace check %s` says whether it works",
		c.Name, how, c.Name)
}
