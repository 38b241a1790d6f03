package ledger

import (
	"context"

	"github.com/millrace/millrace/connectors/oauth"
)

// Tokens is the ledger as the place where OAuth tokens are kept, sealed.
type Tokens struct{ l *Ledger }

var _ oauth.Store = Tokens{}

// Tokens returns the store of tokens.
func (l *Ledger) Tokens() Tokens { return Tokens{l} }

// Load returns the connection's last saved token, the zero Token when there is none.
func (t Tokens) Load(ctx context.Context, connection string) (oauth.Token, error) {
	text, err := t.l.Secret(ctx, connection)
	if err != nil || text == nil {
		return oauth.Token{}, err
	}
	return oauth.Parse(text)
}

// Save makes the token durable before it returns.
func (t Tokens) Save(ctx context.Context, connection string, token oauth.Token) error {
	return t.l.PutSecret(ctx, connection, token.Reveal())
}
