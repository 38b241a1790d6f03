package imaptest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"

	"github.com/millrace/millrace/connectors/sandbox"
)

// session is one connection's: every command passes the gate, where it is counted and may be harmed.
type session struct {
	*imapmemserver.UserSession
	s    *Server
	conn *imapserver.Conn
}

var _ imapserver.SessionSASL = (*session)(nil)

func (s *Server) session(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
	return &session{s: s, conn: c, UserSession: imapmemserver.NewUserSession(s.user)}, &imapserver.GreetingData{}, nil
}

// refusals are what a server says where a vendor of HTTP has a status code.
var refusals = map[string]imap.ResponseCode{"401": imap.ResponseCodeAuthenticationFailed, "403": imap.ResponseCodeAuthorizationFailed,
	"404": imap.ResponseCodeNonExistent, "429": imap.ResponseCodeLimit, "500": imap.ResponseCodeServerBug, "503": imap.ResponseCodeUnavailable}

// gate counts a command and does it the harm that is planned; an error is its answer.
func (x *session) gate(command string) error {
	entry := sandbox.Entry{Time: x.s.clock.Now(), Method: command, Path: "/" + command, Class: "/" + command, Status: 200}
	defer func() { x.s.opt.Log.Record(entry) }()
	time.Sleep(x.s.opt.Latency)
	fault, harmed := x.s.opt.Plan.Take(command, "/"+command)
	if !harmed {
		return nil
	}
	entry.Fault, entry.Status = fault.Kind, 0
	l := x.line()
	switch fault.Kind {
	case sandbox.Slow:
		time.Sleep(time.Duration(fault.Delay))
		return nil
	case sandbox.Truncate:
		l.cutAfter(30)
		return nil
	case sandbox.HTML:
		_, _ = x.conn.NetConn().Write([]byte("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\n\r\n<html>Down</html>\r\n"))
		return errors.New("no IMAP")
	case sandbox.Drop, sandbox.Lost, sandbox.Lost500:
		_ = l.Conn.Close()
		return net.ErrClosed
	}
	entry.Status = 500
	code := refusals[fault.Kind]
	if code == "" {
		code = imap.ResponseCodeServerBug
	}
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: code, Text: "Refused for " + x.s.opt.User}
}

// line is the connection below TLS.
func (x *session) line() *line {
	c := x.conn.NetConn()
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return c.(*line)
}

// Login implements imapserver.Session.
func (x *session) Login(user, password string) error {
	if err := x.gate("LOGIN"); err != nil {
		return err
	}
	return x.s.user.Login(user, password)
}

// AuthenticateMechanisms implements imapserver.SessionSASL.
func (x *session) AuthenticateMechanisms() []string {
	if x.s.opt.Tokens != nil {
		return []string{"XOAUTH2", sasl.OAuthBearer}
	}
	return []string{sasl.Plain}
}

// Authenticate implements imapserver.SessionSASL.
func (x *session) Authenticate(mech string) (sasl.Server, error) {
	if !slices.Contains(x.AuthenticateMechanisms(), mech) {
		return nil, &imap.Error{Type: imap.StatusResponseTypeNo, Text: "No such mechanism"}
	}
	if mech == sasl.Plain {
		return sasl.NewPlainServer(func(_, user, password string) error { return x.Login(user, password) }), nil
	}
	return &bearer{x: x}, nil
}

// bearer is the server's side of XOAUTH2 and OAUTHBEARER.
type bearer struct {
	x       *session
	refused bool
}

// Next implements sasl.Server. A refusal is explained first, in JSON, and said when the client has answered that.
func (b *bearer) Next(response []byte) (challenge []byte, done bool, err error) {
	if b.refused {
		return nil, false, imapserver.ErrAuthFailed
	}
	if response == nil {
		return []byte{}, false, nil
	}
	if err := b.x.gate("AUTHENTICATE"); err != nil {
		return nil, false, err
	}
	_, rest, _ := bytes.Cut(response, []byte("auth=Bearer "))
	token, _, _ := strings.Cut(string(rest), "\x01")
	if b.x.s.opt.Tokens(token) && bytes.Contains(response, []byte(b.x.s.opt.User)) {
		return nil, true, nil
	}
	b.refused = true
	return []byte(`{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}`), false, nil
}

// Select implements imapserver.Session.
func (x *session) Select(name string, o *imap.SelectOptions) (*imap.SelectData, error) {
	if err := x.gate("SELECT"); err != nil {
		return nil, err
	}
	return x.UserSession.Select(name, o)
}

// Status implements imapserver.Session.
func (x *session) Status(name string, o *imap.StatusOptions) (*imap.StatusData, error) {
	if err := x.gate("STATUS"); err != nil {
		return nil, err
	}
	return x.status(false, name, o)
}

func (x *session) status(listing bool, name string, o *imap.StatusOptions) (*imap.StatusData, error) {
	d, err := x.UserSession.Status(name, o)
	if err == nil && x.s.opt.Tells != nil {
		d = x.s.opt.Tells(listing, d)
	}
	return d, err
}

// Search implements imapserver.Session.
func (x *session) Search(kind imapserver.NumKind, c *imap.SearchCriteria, o *imap.SearchOptions) (*imap.SearchData, error) {
	if err := x.gate("SEARCH"); err != nil {
		return nil, err
	}
	return x.UserSession.Search(kind, c, o)
}

// Fetch implements imapserver.Session.
func (x *session) Fetch(w *imapserver.FetchWriter, set imap.NumSet, o *imap.FetchOptions) error {
	if err := x.gate("FETCH"); err != nil {
		return err
	}
	uids, ok := set.(imap.UIDSet)
	if x.s.opt.Skip == nil || !ok {
		return x.UserSession.Fetch(w, set, o)
	}
	var rest imap.UIDSet
	all, _ := uids.Nums()
	for _, uid := range all {
		if !x.s.opt.Skip(uint32(uid)) {
			rest.AddNum(uid)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return x.UserSession.Fetch(w, rest, o)
}

// Idle implements imapserver.Session.
func (x *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	if err := x.gate("IDLE"); err != nil {
		return err
	}
	return x.UserSession.Idle(w, stop)
}

// List implements imapserver.Session: with the uses of folders, and one that only holds others.
func (x *session) List(w *imapserver.ListWriter, ref string, patterns []string, o *imap.ListOptions) error {
	if err := x.gate("LIST"); err != nil {
		return err
	}
	for _, name := range x.s.Folders() {
		if !slices.ContainsFunc(patterns, func(p string) bool { return imapserver.MatchList(name, '/', ref, p) }) {
			continue
		}
		d := &imap.ListData{Mailbox: name, Delim: '/'}
		if use := x.s.use(name); use != "" && !x.s.opt.Plain {
			d.Attrs = append(d.Attrs, use)
		}
		if o.ReturnStatus != nil {
			var err error
			if d.Status, err = x.status(true, name, o.ReturnStatus); err != nil {
				return err
			}
		}
		if err := w.WriteList(d); err != nil {
			return err
		}
	}
	return w.WriteList(&imap.ListData{Mailbox: "[Folders]", Delim: '/', Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}})
}
