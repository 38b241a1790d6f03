package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Token is what a token endpoint granted. Printing it shows no secret.
type Token struct {
	Access  connectors.Secret
	Refresh connectors.Secret // empty when the vendor gave none
	Issued  time.Time         // our clock when it was asked for
	Expiry  time.Time         // our clock; zero when the vendor does not say (Salesforce never does)
	// Client names the OAuth client and the host that it was granted by. A Source leaves the token of another client alone,
	// and spends its refresh token nowhere else; empty = not known, of a token stored before this was kept.
	Client string
	// Extra holds what else the vendor said and a connector may need, as text: `instance_url`, `id`, `scope`, ….
	Extra map[string]string
}

// Store keeps the tokens of connections. What it keeps is secret: seal it.
type Store interface {
	// Load returns the connection's last saved token, the zero Token and no error when there is none.
	Load(ctx context.Context, connection string) (Token, error)
	// Save makes the token durable before it returns.
	Save(ctx context.Context, connection string, t Token) error
}

// Locker is a Store that several processes share. Source holds the lock from reading the stored token until the new
// one is saved, so that no two processes spend the same refresh token.
type Locker interface {
	// Lock waits for the connection's lock and returns how to give it back. The lock must be a lease, longer than a
	// minute, so that a killed process does not keep a connection signed out (NangoHQ/nango#1005).
	Lock(ctx context.Context, connection string) (unlock func(), err error)
}

type tokenText struct {
	Access  string            `json:"access_token"`
	Refresh string            `json:"refresh_token,omitempty"`
	Issued  time.Time         `json:"issued,omitzero"`
	Expiry  time.Time         `json:"expiry,omitzero"`
	Client  string            `json:"client,omitempty"`
	Extra   map[string]string `json:"extra,omitempty"`
}

// Reveal encodes the token with its secrets in clear text, for a Store to seal. Parse reads it back.
func (t Token) Reveal() []byte {
	// Strings and times always encode.
	b, _ := json.Marshal(tokenText{t.Access.Reveal(), t.Refresh.Reveal(), t.Issued, t.Expiry, t.Client, t.Extra})
	return b
}

// Parse reads what Reveal wrote. Its error never shows the input.
func Parse(b []byte) (Token, error) {
	var x tokenText
	if err := json.Unmarshal(b, &x); err != nil {
		return Token{}, fmt.Errorf("read stored token: %d bytes are not a token", len(b))
	}
	return Token{connectors.NewSecret(x.Access), connectors.NewSecret(x.Refresh), x.Issued, x.Expiry, x.Client, x.Extra}, nil
}

// usable reports whether the access token can still be sent at now. The slack is never more than a tenth of the
// token's life, so that a short-lived token is not stale from the start.
func (t Token) usable(now time.Time, slack time.Duration) bool {
	if t.Access.IsZero() {
		return false
	}
	if t.Expiry.IsZero() {
		return true
	}
	if !t.Issued.IsZero() {
		slack = min(slack, t.Expiry.Sub(t.Issued)/10)
	}
	return now.Before(t.Expiry.Add(-slack))
}

// signedIn is what callers get of the token: not the refresh token.
func (t Token) signedIn() connectors.SignedIn {
	return connectors.SignedIn{Access: t.Access, Extra: t.Extra}
}
