package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/millrace/millrace/connectors"
)

// Security says how a connection is protected.
type Security int

// The ways to protect a connection.
const (
	TLS      Security = iota // from the first byte (RFC 8314)
	StartTLS                 // from the STARTTLS command on; a server without it is refused
	None                     // not at all: for a server on this machine
)

// Account is a server and who signs in there.
type Account struct {
	Address  string // host:port
	Security Security
	Roots    *x509.CertPool // nil = the system's
	User     string
	Password connectors.Secret
	Tokens   connectors.Tokens // instead of Password; nil = sign in by password
}

const (
	// patience is how long a command may take as a whole, and a dialling with the sign-in. Dovecot delays a refused
	// sign-in by up to 15 s.
	patience = 60 * time.Second
	// usualBytes is the most that a command may be answered with that fetches nothing, so that a server that never ends
	// cannot fill the memory.
	usualBytes = 8 << 20
	// perMail is what a message may take beside the bytes that are asked for: its structure.
	perMail = 32 << 10
)

// Session is a connection that is signed in. It is used by one goroutine at a time; Close ends all that runs for it.
type Session struct {
	client *imapclient.Client
	conn   *meter
	caps   imap.CapSet
	open   State         // of the folder that is open, the zero value when none is
	grown  chan struct{} // has an element when the open folder got new messages
	stuck  bool          // the library waits for what never comes
	failed bool          // by more than a refusal: it is of no more use
	done   bool          // a command was answered since it was signed in
}

// Dial reaches the server and signs in. A refused sign-in or certificate is Denied.
func Dial(ctx context.Context, a Account) (*Session, error) {
	const op = "connect"
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	raw, err := (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext(ctx, "tcp", a.Address)
	if err != nil {
		return nil, unreachable(ctx, op, err)
	}
	s := &Session{conn: &meter{Conn: raw}, grown: make(chan struct{}, 1)}
	err = s.run(ctx, op, func() error { return s.greet(ctx, a) })
	if err == nil {
		err = s.signIn(ctx, a)
	}
	if err == nil {
		err = s.run(ctx, "ask for capabilities", func() (err error) {
			s.caps, err = s.client.Capability().Wait()
			return err
		})
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	s.done = false
	return s, nil
}

// greet protects the connection and waits for the server's first word.
func (s *Session) greet(ctx context.Context, a Account) error {
	host, _, err := net.SplitHostPort(a.Address)
	if err != nil {
		return err
	}
	config := &tls.Config{ServerName: host, RootCAs: a.Roots, MinVersion: tls.VersionTLS12}
	options := &imapclient.Options{TLSConfig: config, UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: s.heard}}
	switch a.Security {
	case StartTLS:
		s.client, err = imapclient.NewStartTLS(s.conn, options)
		var refused *imap.Error
		if errors.As(err, &refused) {
			return &connectors.Error{Kind: connectors.Denied, Op: "connect", Reason: "the server offers no STARTTLS; nothing is sent without encryption"}
		}
		if err != nil {
			return err
		}
	case TLS:
		config.NextProtos = []string{"imap"}
		protected := tls.Client(s.conn, config)
		if err := protected.HandshakeContext(ctx); err != nil {
			return err
		}
		s.client = imapclient.New(protected, options)
	default:
		s.client = imapclient.New(s.conn, options)
	}
	return s.client.WaitGreeting()
}

// heard is told by the library what the server says of the open folder by itself.
func (s *Session) heard(d *imapclient.UnilateralDataMailbox) {
	if d.NumMessages == nil {
		return
	}
	select {
	case s.grown <- struct{}{}:
	default:
	}
}

// Close ends the connection, without a word to the server: LOGOUT changes nothing, and would have to be waited for.
func (s *Session) Close() {
	s.failed = true
	_ = s.conn.Close()
	if s.client != nil && !s.stuck { // it would wait as well
		_ = s.client.Close()
	}
}

// Failed reports whether the session is of no more use.
func (s *Session) Failed() bool { return s.failed }

// Stale reports whether it failed before its first answer since it was put aside: the server ended it meanwhile, and
// another one may work.
func (s *Session) Stale() bool { return s.failed && !s.done }

// Rest marks the session as put aside.
func (s *Session) Rest() { s.done = false }

// Can reports whether the server has a capability (`IDLE`).
func (s *Session) Can(name string) bool { return s.caps.Has(imap.Cap(name)) }
