package wire

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"github.com/millrace/millrace/connectors"
)

const opSignIn = "sign in"

// signIn proves who we are. A token that is refused is renewed and tried once more: it may have expired on the way.
func (s *Session) signIn(ctx context.Context, a Account) error {
	if s.client.State() == imap.ConnStateAuthenticated { // PREAUTH: the server knows us by something else
		return nil
	}
	if a.Tokens == nil {
		return s.byPassword(ctx, a)
	}
	token, err := a.Tokens.Token(ctx)
	if err != nil {
		return err
	}
	err = s.byToken(ctx, a.User, token.Access)
	if connectors.KindOf(err) != connectors.Denied || s.failed {
		return err
	}
	a.Tokens.Invalidate(token.Access)
	again, renewErr := a.Tokens.Token(ctx)
	if renewErr != nil {
		return renewErr
	}
	if again.Access.Reveal() == token.Access.Reveal() {
		return err
	}
	return s.byToken(ctx, a.User, again.Access)
}

// byPassword uses PLAIN, which takes every character, where it is offered, else LOGIN.
func (s *Session) byPassword(ctx context.Context, a Account) error {
	return s.prove(ctx, func() error {
		caps := s.client.Caps()
		switch {
		case caps.Has(imap.AuthCap(sasl.Plain)):
			return s.client.Authenticate(sasl.NewPlainClient("", a.User, a.Password.Reveal()))
		case caps.Has(imap.CapLoginDisabled):
			return &connectors.Error{Kind: connectors.Denied, Op: opSignIn, Reason: "the server takes no password; sign in by OAuth"}
		}
		return s.client.Login(a.User, a.Password.Reveal()).Wait()
	})
}

// byToken uses XOAUTH2, which Google and Microsoft have, else the standard's OAUTHBEARER (RFC 7628).
func (s *Session) byToken(ctx context.Context, user string, access connectors.Secret) error {
	var mechanism *bearer
	err := s.prove(ctx, func() error {
		caps := s.client.Caps()
		switch {
		case caps.Has(imap.AuthCap(xoauth2)):
			mechanism = &bearer{name: xoauth2, first: "user=" + user + "\x01auth=Bearer " + access.Reveal() + "\x01\x01"}
		case caps.Has(imap.AuthCap(sasl.OAuthBearer)):
			mechanism = &bearer{name: sasl.OAuthBearer, first: "n,a=" + user + ",\x01auth=Bearer " + access.Reveal() + "\x01\x01"}
		default:
			return &connectors.Error{Kind: connectors.Denied, Op: opSignIn, Reason: "the server takes no OAuth token (XOAUTH2 or OAUTHBEARER)"}
		}
		return s.client.Authenticate(mechanism)
	})
	if err != nil && mechanism != nil && mechanism.refused && ctx.Err() == nil {
		return &connectors.Error{Kind: connectors.Denied, Op: opSignIn, Reason: "the server refuses the token", Err: &refusal{}}
	}
	return err
}

// prove runs a sign-in. A NO without a code that says otherwise means that it was refused.
func (s *Session) prove(ctx context.Context, fn func() error) error {
	err := s.run(ctx, opSignIn, fn)
	if Refused(err, "") {
		return &connectors.Error{Kind: connectors.Denied, Op: opSignIn, Reason: "the server refuses it", Err: &refusal{}}
	}
	return err
}

const xoauth2 = "XOAUTH2"

// bearer is the client's side of XOAUTH2 (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol) and
// OAUTHBEARER: one message, and an answer to the server's explanation of a refusal, which is not looked at.
type bearer struct {
	name, first string
	refused     bool
}

// Start implements sasl.Client.
func (b *bearer) Start() (string, []byte, error) { return b.name, []byte(b.first), nil }

// Next implements sasl.Client: the server explains a refusal, and wants an answer before it says NO.
func (b *bearer) Next([]byte) ([]byte, error) {
	b.refused = true
	return []byte("\x01"), nil
}
