package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/millrace/millrace/connectors"
)

// Browser reports whether the connection signs in through the browser, so that Authorize makes sense.
func (s *Source) Browser() bool {
	return s.config.OAuth.Grant == connectors.RefreshGrant && s.config.OAuth.AuthURL != ""
}

// Authorize signs in through the browser: it listens on the loopback interface, calls open with the address of the
// vendor's page, waits for the browser to come back and exchanges the code, with state and PKCE (RFC 7636). The token is
// durable and has taken the place of the one before when it returns; the browser is told how it ended. It waits until
// ctx ends; a refusal by the person or the vendor is Denied, and leaves everything as it was.
func (s *Source) Authorize(ctx context.Context, l Loopback, open func(address string) error) (Token, error) {
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	browser, err := l.listen(state)
	if err != nil {
		return Token{}, err
	}
	defer browser.close()
	config := protocol(s.config.OAuth)
	config.RedirectURL = browser.address
	if err := open(config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))); err != nil {
		return Token{}, fmt.Errorf("open the browser: %w", err)
	}
	select {
	case <-ctx.Done():
		return Token{}, fmt.Errorf("wait for the browser: %w", ctx.Err())
	case v := <-browser.visits:
		t, err := s.redeem(ctx, config, v.answer, verifier)
		v.ended <- err
		return t, err
	}
}

// redeem exchanges the code the browser brought for a token and puts that in the place of the one before.
func (s *Source) redeem(ctx context.Context, config *oauth2.Config, got url.Values, verifier string) (Token, error) {
	if code := got.Get("error"); code != "" || got.Get("code") == "" {
		return Token{}, s.sentBack(code, got.Get("error_description"))
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(verifier)}
	if s.config.OAuth.JSON && len(config.Scopes) > 0 {
		// Zendesk's documents have the scope in this request too
		// (https://support.zendesk.com/hc/en-us/articles/4408831387930).
		options = append(options, oauth2.SetAuthURLParam(Scope, strings.Join(config.Scopes, " ")))
	}
	issued := s.config.Now()
	granted, err := config.Exchange(s.onWire(ctx), got.Get("code"), options...)
	if err != nil {
		return Token{}, s.classify(opSignIn, err)
	}
	t, err := s.granted(ctx, granted, issued)
	if err != nil {
		return Token{}, err
	}
	if err := s.accept(t); err != nil { // what there was still works
		return Token{}, err
	}
	return t, s.Replace(ctx, t)
}

// sentBack is the error of a browser that comes without a code (RFC 6749, 4.1.2.1).
func (s *Source) sentBack(code, description string) error {
	e := &connectors.Error{Kind: connectors.Denied, Op: opSignIn}
	if temporaryCodes[code] {
		e.Kind = connectors.Temporary
	}
	if shownCodes[code] {
		e.Reason = code
	}
	switch hint := s.knownHint(code, strings.ToLower(description)); {
	case hint != "":
		e.Err = errors.New(hint)
	case code == "access_denied":
		e.Err = errors.New("access was refused in the browser; nothing was changed")
	default:
		e.Err = errors.New("the vendor sent the browser back without a code")
	}
	return e
}
