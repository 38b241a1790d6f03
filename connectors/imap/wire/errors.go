package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"

	"github.com/emersion/go-imap/v2"

	"github.com/millrace/millrace/connectors"
)

// refusal is the server's NO or BAD, which leaves the connection usable.
type refusal struct{ code imap.ResponseCode }

// Error shows the code only: the text after it quotes names of folders and of users.
func (r *refusal) Error() string {
	if r.code == "" {
		return "the server said NO"
	}
	return "the server said NO, " + string(r.code)
}

// refused reports whether err is a refusal, not a broken connection.
func refused(err error) bool {
	var r *refusal
	return errors.As(err, &r)
}

// Refused reports whether the server refused with one of the codes (`NOPERM`).
func Refused(err error, codes ...string) bool {
	var r *refusal
	if !errors.As(err, &r) {
		return false
	}
	for _, code := range codes {
		if string(r.code) == code {
			return true
		}
	}
	return false
}

// kinds says what the codes of RFC 5530 and 3501 mean for us; a refusal without one of them is Temporary, but for a
// refused sign-in.
var kinds = map[imap.ResponseCode]connectors.Kind{
	imap.ResponseCodeAuthenticationFailed: connectors.Denied,
	imap.ResponseCodeAuthorizationFailed:  connectors.Denied,
	imap.ResponseCodeExpired:              connectors.Denied,
	imap.ResponseCodePrivacyRequired:      connectors.Denied,
	imap.ResponseCodeContactAdmin:         connectors.Denied,
	imap.ResponseCodeNoPerm:               connectors.Denied,
	imap.ResponseCodeNonExistent:          connectors.NotFound,
	imap.ResponseCodeLimit:                connectors.Limited,
	imap.ResponseCodeOverQuota:            connectors.Limited, // Gmail, when too much was downloaded in a day
	"THROTTLED":                           connectors.Limited, // Microsoft 365 and Yahoo
}

// explain gives what the library returned a kind, and takes out of it what must not be shown (invariant 9).
func (s *Session) explain(ctx, limited context.Context, op string, err error) error {
	var own *connectors.Error
	var no *imap.Error
	switch {
	case ctx.Err() != nil:
		return &connectors.Error{Kind: connectors.Temporary, Op: op, Err: ctx.Err()}
	case limited.Err() != nil:
		return broken(op, "no whole answer within "+patience.String()+", or longer for a large one")
	case errors.As(err, &own):
		return err
	case errors.As(err, &no):
		kind := kinds[no.Code]
		if kind == 0 {
			kind = connectors.Temporary
		}
		return &connectors.Error{Kind: kind, Op: op, Err: &refusal{code: known(no.Code)}}
	case certificate(err) != "":
		return &connectors.Error{Kind: connectors.Denied, Op: op, Reason: certificate(err)}
	}
	switch why := s.conn.ended(); {
	case errors.Is(why, errTooMuch):
		return broken(op, why.Error())
	case why != nil:
		return broken(op, "the connection ended")
	}
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: "the answer is no IMAP", Err: errUnreadable}
}

// errUnreadable is the cause of an answer that is no IMAP, or none that the library reads.
var errUnreadable = errors.New("it cannot be read")

// Unreadable reports whether err is such an answer.
func Unreadable(err error) bool { return errors.Is(err, errUnreadable) }

// broken is a connection that failed.
func broken(op, reason string) error {
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: reason}
}

// known returns a code that may be shown: servers make up their own, with anything in them.
func known(code imap.ResponseCode) imap.ResponseCode {
	if len(code) > 30 {
		return ""
	}
	for _, c := range code {
		if (c < 'A' || c > 'Z') && c != '-' {
			return ""
		}
	}
	return code
}

// certificate says what is wrong with the server's certificate, "" when that is not what failed.
func certificate(err error) string {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name):
		return "the server's certificate is for another host; set host to the name that it has"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate is expired or not yet valid; look at both clocks"
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &verify):
		return "the server's certificate is not signed by anybody who is trusted; set ca to the authority's certificate"
	case errors.As(err, &record):
		return "the server does not speak TLS on this port; set security to starttls, or another port"
	}
	return ""
}

// unreachable is a server that could not be reached. Its address is the configuration's, and not personal.
func unreachable(ctx context.Context, op string, err error) error {
	e := &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: "the server cannot be reached"}
	var dns *net.DNSError
	switch {
	case ctx.Err() != nil:
		e.Err = ctx.Err()
	case errors.As(err, &dns) && dns.IsNotFound:
		e.Reason = "there is no server of this name"
	}
	return e
}

// literal reads what a section holds, at most `most` bytes of it, and an error when there is more: the server was asked
// for no more.
func literal(r io.Reader, most int64) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = errTooMuch
	}
	return b, err
}
