package imaptest

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"github.com/millrace/millrace/connectors/sandbox"
)

// What a server has that nobody told otherwise.
const (
	DefaultUser     = "sales@ours.example"
	DefaultPassword = "correct horse"
)

// Options is how a server behaves; the zero value is a well-behaved one.
type Options struct {
	Clock *sandbox.Clock
	Plan  *sandbox.Plan // for each command, by its name as method and path: `SELECT` and `/SELECT`
	Log   *sandbox.Log  // likewise
	User  string        // "" = DefaultUser
	// Password is what it takes; "" = DefaultPassword. Tokens are the OAuth tokens that it takes, nil for no OAuth.
	Password string
	Tokens   func(token string) bool
	// TLS protects connections from the first byte, StartTLS on command; without either none is protected.
	TLS, StartTLS bool
	Latency       time.Duration
	// Plain takes away what newer servers can: LIST-STATUS, SPECIAL-USE, ESEARCH. Deaf takes IDLE away.
	Plain, Deaf bool
	// Skip says which messages a FETCH leaves out although they are there.
	Skip func(uid uint32) bool
	// Tells changes what is told of the state of folders, by STATUS and in a listing, which leaves nil out.
	Tells func(listing bool, d *imap.StatusData) *imap.StatusData
	// BadStructure has every BODYSTRUCTURE be none, as some servers' are for some messages.
	BadStructure bool
}

// Server is a mailbox. All methods are safe for concurrent use.
type Server struct {
	opt    Options
	clock  *sandbox.Clock
	server *imapserver.Server
	authority
	mu        sync.Mutex
	user      *imapmemserver.User
	uses      map[string]imap.MailboxAttr
	mail      map[string][]letter // of each folder, in the order of UIDs
	conns     map[*line]bool
	dropAfter time.Duration
	listeners []net.Listener
	done      sync.WaitGroup
}

// letter is a message as it lies in a folder.
type letter struct {
	uid uint32
	raw []byte
	at  time.Time
}

// New returns a server with an INBOX and the folders that have a use.
func New(opt Options) *Server {
	if opt.User == "" {
		opt.User = DefaultUser
	}
	if opt.Password == "" {
		opt.Password = DefaultPassword
	}
	s := &Server{opt: opt, clock: opt.Clock, user: imapmemserver.NewUser(opt.User, opt.Password), uses: map[string]imap.MailboxAttr{},
		mail: map[string][]letter{}, conns: map[*line]bool{}}
	s.authority = newAuthority()
	o := &imapserver.Options{NewSession: s.session, Logger: log.New(io.Discard, "", 0), InsecureAuth: !opt.TLS && !opt.StartTLS,
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}}}
	if !opt.Plain {
		for _, c := range []imap.Cap{imap.CapListExtended, imap.CapListStatus, imap.CapSpecialUse, imap.CapESearch, imap.CapUIDPlus} {
			o.Caps[c] = struct{}{}
		}
	}
	if opt.StartTLS {
		o.TLSConfig = s.config()
	}
	s.server = imapserver.New(o)
	for name, use := range map[string]imap.MailboxAttr{"INBOX": "", "Sent": imap.MailboxAttrSent, "Archive": imap.MailboxAttrArchive,
		"Drafts": imap.MailboxAttrDrafts, "Junk": imap.MailboxAttrJunk, "Trash": imap.MailboxAttrTrash} {
		s.CreateFolder(name)
		if use != "" {
			s.uses[name] = use
		}
	}
	return s
}

// Listen accepts connections on an address, "" for a free port of the loopback interface, and returns it as host:port.
func (s *Server) Listen(address string) (string, error) {
	ln, err := net.Listen("tcp", cmp.Or(address, "127.0.0.1:0"))
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	var served net.Listener = &lines{Listener: ln, s: s}
	if s.opt.TLS {
		served = tls.NewListener(served, s.config())
	}
	s.mu.Lock()
	s.listeners = append(s.listeners, ln)
	s.mu.Unlock()
	s.done.Go(func() { _ = s.server.Serve(served) })
	return ln.Addr().String(), nil
}

// Close ends the server and all its connections.
func (s *Server) Close() error {
	err := s.server.Close()
	s.Cut()
	s.done.Wait()
	return err
}

// Cut ends every connection, as a network does.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.conns {
		_ = l.Conn.Close()
	}
}

// DropAfter ends every new connection after that time; 0 stops doing so.
func (s *Server) DropAfter(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropAfter = d
}

// lines gives connections what faults need.
type lines struct {
	net.Listener
	s *Server
}

// Accept implements net.Listener.
func (l *lines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	one := &line{Conn: c, s: l.s}
	l.s.opt.Log.ConnState(c, http.StateNew)
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.s.conns[one] = true
	if d := l.s.dropAfter; d > 0 {
		one.drop = time.AfterFunc(d, func() { _ = c.Close() })
	}
	return one, nil
}

// line is a connection that can break in the middle of an answer.
type line struct {
	net.Conn
	s    *Server
	drop *time.Timer
	mu   sync.Mutex
	left int // with cut: bytes that still get through
	cut  bool
}

// Write implements net.Conn.
func (l *line) Write(p []byte) (int, error) {
	if spoilt := l.s.spoil(string(p)); spoilt != string(p) {
		if _, err := l.Conn.Write([]byte(spoilt)); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	l.mu.Lock()
	cut, left := l.cut, l.left
	l.left -= len(p)
	l.mu.Unlock()
	if cut && left < len(p) {
		_, _ = l.Conn.Write(p[:max(left, 0)])
		_ = l.Conn.Close()
		return 0, net.ErrClosed
	}
	return l.Conn.Write(p)
}

// spoil makes of what is said what a worse server says.
func (s *Server) spoil(text string) string {
	if s.opt.Deaf && strings.Contains(text, "CAPABILITY") {
		text = strings.ReplaceAll(text, " IDLE", "")
	}
	if s.opt.BadStructure {
		text = strings.ReplaceAll(text, "BODYSTRUCTURE (", "BODYSTRUCTURE ]")
	}
	return text
}

// Close implements net.Conn.
func (l *line) Close() error {
	l.s.mu.Lock()
	delete(l.s.conns, l)
	l.s.mu.Unlock()
	if l.drop != nil {
		l.drop.Stop()
	}
	return l.Conn.Close()
}

// cutAfter lets so many more bytes through.
func (l *line) cutAfter(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.left = true, n
}
