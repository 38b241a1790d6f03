package transport

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
)

const (
	defaultTimeout    = 60 * time.Second
	defaultMaxWait    = 5 * time.Second
	defaultRetries    = 2
	defaultWorkers    = 32
	defaultBreakAfter = 10
	defaultBreakFor   = 15 * time.Second
	maxRedirects      = 5
)

// Config describes the client of one connection. Spec and Values are required; the zero value of everything else has a
// sensible meaning.
type Config struct {
	Connection string
	Spec       connectors.Spec
	Values     connectors.Values
	Limiter    Limiter      // the account's quota; nil = not paced
	Tokens     oauth.Store  // required when the connection signs in by OAuth
	Logger     *slog.Logger // nil = silent
	Now        func() time.Time
	Version    string        // of Millrace, for the user agent; empty = dev
	Timeout    time.Duration // for one attempt, without the wait for the limiter, with the body; 0 = 60 s
	MaxWait    time.Duration // the longest wait between two attempts; 0 = 5 s
	Retries    int           // attempts after the first; 0 = 2, negative = none
	Workers    int           // requests expected at the same time: that many connections stay open; 0 = 32
	// Safe says that a POST or PATCH only reads (HubSpot's search and batch/read), so that it may be repeated like a
	// GET; nil = none does. GET, HEAD, PUT, DELETE and requests with an Idempotency-Key are always safe.
	Safe func(*http.Request) bool
	// BreakAfter consecutive failures (5xx or no answer) stop all requests for BreakFor; 0 = 10 failures, 15 s.
	BreakAfter int
	BreakFor   time.Duration
	Clock      *Clock            // learns how far our clock is from the vendor's; nil = nobody wants to know
	Base       http.RoundTripper // talks to the network; nil = a pool of its own. Only tests need it.
}

// New returns the client of one connection. It makes no request. Close its idle connections with CloseIdleConnections.
func New(c Config) (*http.Client, error) {
	client, _, err := Open(c)
	return client, err
}

// Open is New for who also needs the sign-in behind the client: to use it for a protocol other than HTTP, to ask whether
// it works, or to replace its token. It is nil when the connection does not sign in by OAuth.
func Open(c Config) (*http.Client, *oauth.Source, error) {
	c = c.withDefaults()
	base, err := url.Parse(c.Values.String("base_url"))
	if err != nil || base.Host == "" && c.Spec.Protocol == "" {
		return nil, nil, errors.New("make client: setting base_url is no address")
	}
	pool := c.Base
	if pool == nil {
		pool = newPool(c.Workers)
	}
	agent := &agent{name: "millrace/" + c.Version, next: pool}
	signed, source, err := c.signIn(base, agent)
	if err != nil {
		return nil, nil, fmt.Errorf("make client: %w", err)
	}
	if c.Clock != nil {
		signed = &dated{clock: c.Clock, now: c.Now, next: signed}
	}
	var next http.RoundTripper = newBreaker(c, signed)
	next = &limited{limiter: c.Limiter, cost: c.cost(), told: c.Spec.Told, timeout: c.Timeout, now: c.Now, next: next}
	return &http.Client{Transport: newRetrying(c, next, pool), CheckRedirect: sameHost}, source, nil
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxWait <= 0 {
		c.MaxWait = defaultMaxWait
	}
	if c.Retries == 0 {
		c.Retries = defaultRetries
	}
	if c.Workers <= 0 {
		c.Workers = defaultWorkers
	}
	if c.BreakAfter <= 0 {
		c.BreakAfter = defaultBreakAfter
	}
	if c.BreakFor <= 0 {
		c.BreakFor = defaultBreakFor
	}
	return c
}

// cost is the Spec's own, or one action of every declared limit.
func (c Config) cost() func(*http.Request) connectors.Cost {
	if c.Spec.Cost != nil {
		return c.Spec.Cost
	}
	all := connectors.Cost{Weight: 1}
	if c.Spec.Limits != nil {
		for _, l := range c.Spec.Limits(c.Values) {
			all.Limits = append(all.Limits, l.Name)
		}
	}
	return func(*http.Request) connectors.Cost { return all }
}

// sameHost follows redirects of reads on the same host only. net/http would turn a redirected POST into a GET, and a
// moved account is for a person to confirm; the caller sees the 3xx itself.
func sameHost(req *http.Request, via []*http.Request) error {
	first := via[0]
	read := first.Method == http.MethodGet || first.Method == http.MethodHead
	if !read || len(via) >= maxRedirects || req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme {
		return http.ErrUseLastResponse
	}
	return nil
}
