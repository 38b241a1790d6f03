package oauth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/millrace/millrace/connectors"
)

// Loopback is where the browser is sent back to (RFC 8252, 7.3).
type Loopback struct {
	Listen string // address to listen on; empty = 127.0.0.1:0. Vendors that want the address registered need a fixed port.
	Path   string // empty = /callback
}

// Authorize signs in through the browser: it listens on the loopback interface, calls open with the vendor's page, waits
// for the browser to come back and exchanges the code, with state and PKCE (RFC 7636). It saves the token in c.Store
// before it returns. It waits until ctx ends; a refusal by the person or the vendor is Denied.
func Authorize(ctx context.Context, c Config, l Loopback, open func(address string) error) (Token, error) {
	s, err := New(c)
	if err != nil {
		return Token{}, err
	}
	if l.Listen == "" {
		l.Listen = "127.0.0.1:0"
	}
	if l.Path == "" {
		l.Path = "/callback"
	}
	listener, err := net.Listen("tcp", l.Listen)
	if err != nil {
		return Token{}, fmt.Errorf("listen for the browser: %w", err)
	}
	config := protocol(c.OAuth)
	config.RedirectURL = "http://" + listener.Addr().String() + l.Path
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	answers := make(chan url.Values, 1)
	server := &http.Server{Handler: callback(l.Path, state, answers), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = server.Serve(listener) }()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(end) // lets the last page reach the browser
		_ = server.Close()
		<-stopped
	}()
	if err := open(config.AuthCodeURL(state, oauth2.AccessTypeOffline, oauth2.S256ChallengeOption(verifier))); err != nil {
		return Token{}, fmt.Errorf("open the browser: %w", err)
	}
	select {
	case <-ctx.Done():
		return Token{}, fmt.Errorf("wait for the browser: %w", ctx.Err())
	case got := <-answers:
		return s.redeem(ctx, config, got, verifier)
	}
}

// callback takes the first answer with the right state; anything else that reaches the port is turned away.
func callback(path, state string, answers chan<- url.Values) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(state)) != 1 {
			http.Error(w, "This is not the sign-in millrace waits for.", http.StatusBadRequest)
			return
		}
		select {
		case answers <- q:
			_, _ = io.WriteString(w, "Signed in as far as the browser goes. You can close this page and return to the terminal.\n")
		default:
			http.Error(w, "This sign-in was already used.", http.StatusConflict)
		}
	})
	return mux
}

// redeem exchanges the code the browser brought for a token and saves it.
func (s *Source) redeem(ctx context.Context, config *oauth2.Config, got url.Values, verifier string) (Token, error) {
	if code := got.Get("error"); code != "" || got.Get("code") == "" {
		e := &connectors.Error{Kind: connectors.Denied, Op: opSignIn, Err: errors.New("the vendor sent the browser back without a code")}
		if shownCodes[code] {
			e.Reason = code
		}
		return Token{}, e
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	issued := s.config.Now()
	t, err := config.Exchange(s.onWire(ctx), got.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return Token{}, s.classify(opSignIn, err)
	}
	return s.keep(ctx, s.fromProtocol(t, issued))
}
