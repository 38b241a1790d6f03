package connectortest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

// Connection is the configured name of every connection the suite opens.
const Connection = "under-test"

// Harness is one simulated vendor account, fresh for each check, behind a real loopback server. The function that
// makes it registers its clean-up with t.Cleanup and fails the test itself when something cannot be set up.
type Harness interface {
	// Connector is what is tested.
	Connector() connectors.Connector
	// Settings are complete settings of a connection to the simulator, base_url and secrets included.
	Settings() map[string]any
	// Token is what the simulator accepts as `Authorization: Bearer`; the suite's client sends it.
	Token() string
	// Clock is the vendor's clock, Plan its faults and Log its requests; none is nil.
	Clock() *sandbox.Clock
	Plan() *sandbox.Plan
	Log() *sandbox.Log
}

// SignsIn is a Harness whose connections sign in as their Spec says, with what Settings holds: by OAuth or Basic. Token
// is then not used but as one of the texts that must never be shown.
type SignsIn interface {
	Harness
	// SignsIn reports whether these settings do so.
	SignsIn() bool
}

// Elsewise is a Harness whose vendor does not speak HTTP.
type Elsewise interface {
	// SaysWhen reports whether the vendor says how long to wait when it refuses for its limits.
	SaysWhen() bool
	// Keepers are functions whose goroutines serve connections that are kept open from one call to the next, on either side.
	Keepers() []string
}

// Open opens a connection with the harness's settings, changed by the given pairs of key and value, and a client that
// signs in and does nothing else: no retry, no pacing.
func Open(t testing.TB, h Harness, change ...any) any {
	t.Helper()
	raw := map[string]any{}
	for key, value := range h.Settings() {
		raw[key] = value
	}
	for i := 0; i+1 < len(change); i += 2 {
		raw[change[i].(string)] = change[i+1]
	}
	c := h.Connector()
	values, problems := c.Spec.Parse(raw)
	for _, p := range problems {
		t.Fatalf("setting %s: %s", p.Key, p.Message)
	}
	env := connectors.Env{Connection: Connection, Settings: values, Now: h.Clock().Now}
	if own, ok := h.(SignsIn); ok && own.SignsIn() {
		signIn(t, c.Spec, &env)
	} else {
		var closeIdle func()
		env.HTTP, closeIdle = newClient(h.Token())
		t.Cleanup(closeIdle)
	}
	opened, err := c.Open(env)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return opened
}

// newClient returns a client that sends the token to whatever it asks.
func newClient(token string) (*http.Client, func()) {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = 16
	return &http.Client{Transport: bearer{token: token, next: base}, Timeout: 60 * time.Second}, base.CloseIdleConnections
}

type bearer struct {
	token string
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper on a copy of the request, as its contract asks.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

// secrets returns the texts that must never be shown: the token and every secret setting.
func secrets(h Harness) []string {
	hidden := []string{h.Token()}
	for _, set := range h.Connector().Spec.Settings {
		text, ok := h.Settings()[set.Name].(string)
		if ok && set.Kind == connectors.SecretSetting && text != "" {
			hidden = append(hidden, text)
		}
	}
	return hidden
}

// checkShy fails when the text of err shows a secret, one of the given words or a query string.
func checkShy(t *testing.T, h Harness, err error, words ...string) {
	t.Helper()
	if err == nil {
		return
	}
	for _, hidden := range append(secrets(h), words...) {
		if hidden != "" && strings.Contains(err.Error(), hidden) {
			t.Errorf("the error %q shows %q, which is secret or personal", err, hidden)
		}
	}
}

// addFault puts faults in force.
func addFault(t *testing.T, h Harness, faults ...sandbox.Fault) {
	t.Helper()
	if err := h.Plan().Add(faults...); err != nil {
		t.Fatalf("add fault: %v", err)
	}
}

// wantKind fails unless err is of one of the kinds.
func wantKind(t *testing.T, what string, err error, kinds ...connectors.Kind) {
	t.Helper()
	got := connectors.KindOf(err)
	for _, k := range kinds {
		if got == k {
			return
		}
	}
	t.Errorf("%s: got kind %q (%v), want %v", what, got, err, kinds)
}

// has reports whether the connector declares a capability.
func has(h Harness, c connectors.Capability) bool {
	for _, d := range h.Connector().Spec.Does {
		if d == c {
			return true
		}
	}
	return false
}

// noGoroutineLeft runs f and fails when goroutines that were not there before outlive it. Connections are the
// client's and the server's, not the connector's, so their goroutines do not count.
func noGoroutineLeft(t *testing.T, h Harness, f func()) {
	t.Helper()
	options := []goleak.Option{goleak.IgnoreCurrent()}
	if e, ok := h.(Elsewise); ok {
		for _, name := range e.Keepers() {
			options = append(options, goleak.IgnoreAnyFunction(name))
		}
	}
	f()
	err := goleak.Find(append(options,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("net/http.(*conn).serve"),
		goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead"))...)
	if err != nil {
		t.Errorf("a call left goroutines behind: %v", err)
	}
}
