package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/millrace/millrace/connectors"
)

const (
	defaultTimeout = 30 * time.Second
	defaultSlack   = time.Minute
	saveTimeout    = 10 * time.Second
)

// Config describes the sign-in of one connection.
type Config struct {
	Connection string
	OAuth      connectors.OAuth
	Store      Store            // required for the refresh grant, unused for the others
	HTTP       *http.Client     // talks to the token endpoint; nil = a plain client. Redirects are never followed.
	Now        func() time.Time // nil = time.Now
	Timeout    time.Duration    // for one call of the token endpoint; 0 = 30 s
	Slack      time.Duration    // how long before its expiry a token is renewed; 0 = 1 min, at most a tenth of its life
}

// Source hands out the access token of one connection; it is the connection's connectors.Tokens. It is safe for
// concurrent use; make one per connection and process, since it is what joins the renewals.
type Source struct {
	config Config
	flight singleflight.Group
	turn   chan struct{} // has an element while the token is being renewed or replaced

	mu       sync.Mutex
	current  Token
	rejected string // an access token the vendor refused, so that it is not taken from the store again
	unsaved  *Token // granted but not yet durable: saved before anything else is tried
}

var _ connectors.Tokens = (*Source)(nil)

// New returns a Source. It makes no request.
func New(c Config) (*Source, error) {
	if c.OAuth.TokenURL == "" || c.OAuth.ClientID == "" {
		return nil, errors.New("set up sign-in: a token address and a client id are required")
	}
	switch c.OAuth.Grant {
	case connectors.RefreshGrant:
		if c.Store == nil {
			return nil, errors.New("set up sign-in: a token store is required")
		}
	case connectors.ClientCredentialsGrant:
		if c.OAuth.ClientSecret.IsZero() {
			return nil, errors.New("set up sign-in: client credentials need a client secret")
		}
	case connectors.JWTBearerGrant:
		if c.OAuth.Assertion == nil {
			return nil, errors.New("set up sign-in: an assertion is required")
		}
	default:
		return nil, errors.New("set up sign-in: the grant is not known")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Slack <= 0 {
		c.Slack = defaultSlack
	}
	c.HTTP = newClient(c.HTTP, c.OAuth.JSON)
	return &Source{config: c, turn: make(chan struct{}, 1)}, nil
}

// String names the connection; a Source never prints what it holds.
func (s *Source) String() string { return "sign-in of " + s.config.Connection }

// GoString is String, so that %#v is safe too.
func (s *Source) GoString() string { return s.String() }

// Token implements connectors.Tokens: it returns an access token that was usable when it returned, renewing it when
// needed. However many callers wait, there is one renewal, and it goes on when its caller leaves: a rotated token must
// not get lost. It takes at most Config.Timeout. A refusal is a *connectors.Error: Denied when a person has to act, never
// retried here; Temporary or Limited otherwise. When ctx ends first its error is returned.
func (s *Source) Token(ctx context.Context) (connectors.SignedIn, error) {
	s.mu.Lock()
	t := s.current
	s.mu.Unlock()
	if t.usable(s.config.Now(), s.config.Slack) {
		return t.signedIn(), nil
	}
	if err := ctx.Err(); err != nil {
		return connectors.SignedIn{}, fmt.Errorf("wait for sign-in: %w", err)
	}
	// Nothing of the caller's context goes along: neither its end nor its values, such as a trace of its own request.
	done := s.flight.DoChan("", func() (any, error) { return s.renew(context.Background()) })
	select {
	case <-ctx.Done():
		return connectors.SignedIn{}, fmt.Errorf("wait for sign-in: %w", ctx.Err())
	case r := <-done:
		if r.Err != nil {
			return connectors.SignedIn{}, r.Err
		}
		return r.Val.(Token).signedIn(), nil
	}
}

// Invalidate says that the vendor refused the access token. It has an effect only while that token is the current one,
// so that many refused requests cause one renewal.
func (s *Source) Invalidate(access connectors.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !access.IsZero() && s.current.Access == access {
		s.rejected, s.current = access.Reveal(), Token{}
	}
}

// Replace makes the token durable and puts it in the place of whatever the Source had, a renewal under way included: a
// person has just signed in.
func (s *Source) Replace(ctx context.Context, t Token) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for a renewal: %w", ctx.Err())
	}
	defer func() { <-s.turn }()
	s.mu.Lock()
	s.unsaved = nil
	s.mu.Unlock()
	_, err := s.keep(ctx, t)
	return err
}

// renew returns a usable token: the current one when a renewal ended while the caller came in, the one another process
// left in the store, or a new one.
func (s *Source) renew(ctx context.Context) (Token, error) {
	s.turn <- struct{}{} // whoever has it is done within the timeout
	defer func() { <-s.turn }()
	s.mu.Lock()
	current, unsaved := s.current, s.unsaved
	s.mu.Unlock()
	if current.usable(s.config.Now(), s.config.Slack) {
		return current, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	if unsaved != nil {
		return s.keep(ctx, *unsaved)
	}
	if s.config.OAuth.Grant != connectors.RefreshGrant {
		return s.take(s.again(ctx))
	}
	if l, ok := s.config.Store.(Locker); ok {
		unlock, err := l.Lock(ctx, s.config.Connection)
		if err != nil {
			return Token{}, storeError("lock token", err)
		}
		defer unlock()
	}
	stored, err := s.load(ctx)
	if err != nil {
		return Token{}, err
	}
	if s.good(stored) && s.accept(stored) == nil {
		return s.take(stored, nil)
	}
	fresh, err := s.refresh(ctx, stored)
	if err != nil {
		return Token{}, err
	}
	return s.keep(ctx, fresh)
}

// good reports whether a stored token can be used as it is.
func (s *Source) good(t Token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.Access.Reveal() != s.rejected && t.usable(s.config.Now(), s.config.Slack)
}

// load returns what is stored for this client, the zero Token when there is none.
func (s *Source) load(ctx context.Context) (Token, error) {
	t, err := s.config.Store.Load(ctx, s.config.Connection)
	if err != nil {
		return Token{}, storeError("load token", err)
	}
	if t.Client != "" && t.Client != s.client() {
		return Token{}, nil
	}
	return t, nil
}

// take makes a token the current one, if its instance is the vendor's.
func (s *Source) take(t Token, err error) (Token, error) {
	if err == nil {
		err = s.accept(t)
	}
	if err != nil {
		return Token{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.rejected = t, ""
	return t, nil
}

// keep makes the token durable and only then the current one. When the store fails the token is kept aside: the
// refresh token it replaced may already be spent, so it is the only way back in. For the same reason a token whose
// instance is refused is saved too; nobody gets it.
func (s *Source) keep(ctx context.Context, t Token) (Token, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	err := s.config.Store.Save(ctx, s.config.Connection, t)
	s.mu.Lock()
	if err != nil {
		s.unsaved = &t
	} else {
		s.current, s.unsaved = Token{}, nil
	}
	s.mu.Unlock()
	if err != nil {
		return Token{}, storeError("save token", err)
	}
	return s.take(t, nil)
}

// storeError is Temporary: disk and database heal or are reported by their own checks.
func storeError(op string, err error) error {
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Err: err}
}
