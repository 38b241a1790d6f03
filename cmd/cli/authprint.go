package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/oauth"
)

// granted is what signing in gave, as it is written.
type granted struct {
	Connection string     `json:"connection"`
	Account    string     `json:"account,omitempty"` // the instance, account or organization, as far as the vendor says
	User       string     `json:"user,omitempty"`
	Scopes     []string   `json:"scopes,omitempty"`
	Missing    []string   `json:"missing_scopes,omitempty"` // asked for and not granted
	Renewable  bool       `json:"renewable"`
	Expires    *time.Time `json:"expires,omitempty"` // of the access token
	Daemon     bool       `json:"daemon"`            // a running daemon uses it
}

// grantOf reads what the vendor said beside the token: Salesforce its instance and an identity address that ends in
// organization and user, HubSpot ids, Zendesk and Asana the scopes alone.
func grantOf(c *connection, t oauth.Token, daemon bool) granted {
	g := granted{Connection: c.Name, Account: t.Extra[oauth.InstanceURL], User: t.Extra["user_id"], Scopes: strings.Fields(t.Extra[oauth.Scope]),
		Renewable: !t.Refresh.IsZero(), Daemon: daemon}
	if hub := t.Extra["hub_id"]; hub != "" {
		g.Account = "portal " + hub
	}
	if path := strings.Split(t.Extra["id"], "/"); len(path) > 2 && strings.Contains(t.Extra["id"], "://") {
		g.User = path[len(path)-1]
	}
	if !t.Expiry.IsZero() {
		g.Expires = &t.Expiry
	}
	if in, err := c.Connector.Spec.SignIn(c.Values); err == nil && in.OAuth != nil && len(g.Scopes) > 0 {
		for _, wanted := range in.OAuth.Scopes {
			if !slices.Contains(g.Scopes, wanted) {
				g.Missing = append(g.Missing, wanted)
			}
		}
	}
	return g
}

// showGrant says what was granted.
func (a *app) showGrant(c *connection, t oauth.Token, daemon bool) {
	g := grantOf(c, t, daemon)
	if a.json {
		writeJSON(a.out, g)
		return
	}
	fmt.Fprintf(a.out, "Connection %s is signed in.\n", g.Connection)
	tab := table{indent: "  "}
	if g.Account != "" {
		tab.row("account", g.Account)
	}
	if g.User != "" {
		tab.row("user", g.User)
	}
	if len(g.Scopes) > 0 {
		tab.row("scopes", strings.Join(g.Scopes, " "))
	}
	if len(g.Missing) > 0 {
		tab.row("not granted", strings.Join(g.Missing, " ")+"; what needs them will be refused")
	}
	tab.row("token", tokenText(g))
	tab.write(a.out, a.columns)
	if daemon {
		fmt.Fprintln(a.out, "The daemon goes on with it.")
		return
	}
	fmt.Fprintf(a.out, "`millrace check %s` says whether everything can be reached.\n", g.Connection)
}

// tokenText says how long the sign-in lasts.
func tokenText(g granted) string {
	switch {
	case g.Renewable:
		return "kept in the ledger and renewed by itself"
	case g.Expires != nil:
		return "kept in the ledger; the vendor gave no refresh token, so sign in again after " + g.Expires.Local().Format(time.DateTime)
	}
	return "kept in the ledger; the vendor gave no refresh token, so sign in again when it ends"
}
