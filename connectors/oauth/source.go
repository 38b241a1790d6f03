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
	Store      Store
	HTTP       *http.Client     // talks to the token endpoint; nil = a plain client. Redirects are never followed.
	Now        func() time.Time // nil = time.Now
	Timeout    time.Duration    // for one call of the token endpoint; 0 = 30 s
	Slack      time.Duration    // how long before its expiry a token is renewed; 0 = 1 min, at most a tenth of its life
}

// Source hands out the access token of one connection. It is safe for concurrent use; make one per connection and
// process, since it is what joins the refreshes.
type Source struct {
	config Config
	flight singleflight.Group

	mu       sync.Mutex
	current  Token
	rejected string // an access token the vendor refused, so that it is not taken from the store again
	unsaved  *Token // granted but not yet durable: saved before anything else is tried
}

// New returns a Source. It makes no request.
func New(c Config) (*Source, error) {
	if c.OAuth.TokenURL == "" || c.OAuth.ClientID == "" || c.Store == nil {
		return nil, errors.New("set up sign-in: a token address, a client id and a token store are required")
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
	c.HTTP = withoutRedirects(c.HTTP)
	return &Source{config: c}, nil
}

// withoutRedirects copies the client: a refresh token must not be posted to wherever an answer points.
func withoutRedirects(c *http.Client) *http.Client {
	if c == nil {
		c = &http.Client{}
	}
	with := *c
	with.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &with
}

// String names the connection; a Source never prints what it holds.
func (s *Source) String() string { return "sign-in of " + s.config.Connection }

// GoString is String, so that %#v is safe too.
func (s *Source) GoString() string { return s.String() }

// Token returns an access token that was usable when it returned, refreshing it when needed. However many callers
// wait, there is one refresh, and a refresh goes on when its caller leaves: a rotated token must not get lost. It takes
// at most Config.Timeout. A refused refresh is a *connectors.Error: Denied when a person has to sign in again, never
// retried here; Temporary or Limited otherwise. When ctx ends first its error is returned.
func (s *Source) Token(ctx context.Context) (Token, error) {
	s.mu.Lock()
	t := s.current
	s.mu.Unlock()
	if t.usable(s.config.Now(), s.config.Slack) {
		return t, nil
	}
	if err := ctx.Err(); err != nil {
		return Token{}, fmt.Errorf("wait for sign-in: %w", err)
	}
	// Nothing of the caller's context goes along: neither its end nor its values, such as a trace of its own request.
	done := s.flight.DoChan("", func() (any, error) { return s.renew(context.Background()) })
	select {
	case <-ctx.Done():
		return Token{}, fmt.Errorf("wait for sign-in: %w", ctx.Err())
	case r := <-done:
		if r.Err != nil {
			return Token{}, r.Err
		}
		return r.Val.(Token), nil
	}
}

// Invalidate says that the vendor refused the access token. It has an effect only while that token is the current one,
// so that many refused requests cause one refresh.
func (s *Source) Invalidate(access connectors.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !access.IsZero() && s.current.Access == access {
		s.rejected, s.current = access.Reveal(), Token{}
	}
}

// renew returns a usable token: the current one when a refresh ended while the caller came in, the one another
// process left in the store, or a new one.
func (s *Source) renew(ctx context.Context) (Token, error) {
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
	if l, ok := s.config.Store.(Locker); ok {
		unlock, err := l.Lock(ctx, s.config.Connection)
		if err != nil {
			return Token{}, storeError("lock token", err)
		}
		defer unlock()
	}
	stored, err := s.config.Store.Load(ctx, s.config.Connection)
	if err != nil {
		return Token{}, storeError("load token", err)
	}
	if s.adopt(stored) {
		return stored, nil
	}
	return s.refresh(ctx, stored)
}

// adopt makes a stored token the current one when it can be used.
func (s *Source) adopt(stored Token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stored.Access.Reveal() == s.rejected || !stored.usable(s.config.Now(), s.config.Slack) {
		return false
	}
	s.current = stored
	return true
}

// keep makes the token durable and only then the current one. When the store fails the token is kept aside: the
// refresh token it replaced may already be spent, so it is the only way back in.
func (s *Source) keep(ctx context.Context, t Token) (Token, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	err := s.config.Store.Save(ctx, s.config.Connection, t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.unsaved = &t
		return Token{}, storeError("save token", err)
	}
	s.current, s.unsaved, s.rejected = t, nil, ""
	return t, nil
}

// storeError is Temporary: disk and database heal or are reported by their own checks.
func storeError(op string, err error) error {
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Err: err}
}
