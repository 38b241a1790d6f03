package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/millrace/millrace/connectors"
)

// lockedWait is how long to wait after 423; HubSpot asks for at least two seconds
// (https://developers.hubspot.com/docs/api/error-handling).
const lockedWait = 2 * time.Second

// statusMigrating is HubSpot's 477: the account is being moved between data centres; Retry-After says how long
// (https://developers.hubspot.com/docs/api/error-handling).
const statusMigrating = 477

// KindOfStatus returns what the router should do about an answer of this status, as far as the status alone says.
func KindOfStatus(status int) connectors.Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return connectors.Denied
	case http.StatusNotFound:
		return connectors.NotFound
	case http.StatusGone:
		return connectors.Gone
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return connectors.Temporary
	case http.StatusTooManyRequests, http.StatusLocked, statusMigrating:
		return connectors.Limited
	case http.StatusMovedPermanently, http.StatusPermanentRedirect:
		return connectors.Denied // the account has another address: a person must change base_url
	}
	if status >= 400 && status < 500 {
		return connectors.Rejected
	}
	return connectors.Temporary
}

// refusal turns an answer that is not 2xx into the error for it.
func (c Client) refusal(op string, r *Response) error {
	e := &connectors.Error{Kind: KindOfStatus(r.Status), Op: op, Status: r.Status, After: c.retryAfter(r.Header)}
	if r.Status == http.StatusLocked && e.After < lockedWait {
		e.After = lockedWait
	}
	if r.Status >= 300 && r.Status < 400 {
		e.Reason = "redirected elsewhere; check base_url"
	}
	if c.Explain == nil {
		return e
	}
	p := c.Explain(r.Status, r.Header, r.Body)
	if p.Kind != 0 {
		e.Kind = p.Kind
	}
	if p.After != 0 {
		e.After = min(max(p.After, 0), MaxAfter)
	}
	if p.Reason != "" {
		e.Reason = p.Reason
	}
	e.Trace, e.Limit = p.Trace, p.Limit
	return e
}

func (c Client) retryAfter(h http.Header) time.Duration {
	now := c.Now
	if now == nil {
		now = time.Now
	}
	return RetryAfter(h, now())
}

// networkError is a request without an answer. What the client's own layers already classified keeps its kind.
func networkError(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", op, ctx.Err())
	}
	var known *connectors.Error
	if errors.As(err, &known) {
		with := *known
		with.Op = op
		return &with
	}
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Err: Cause(err)}
}

// Cause returns what may be shown of a failed request. net/http puts addresses with their query, and pieces of a broken
// answer, into error texts; only causes known to carry neither are kept (invariant 9).
func Cause(err error) error {
	err = withoutURL(err)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("no answer in time") // not wrapped: it must not pass for our own context's deadline
	}
	var (
		op       *net.OpError
		dns      *net.DNSError
		record   tls.RecordHeaderError
		cert     *tls.CertificateVerificationError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		errno    syscall.Errno
	)
	switch {
	case errors.As(err, &op):
		return op
	case errors.As(err, &dns):
		return dns
	case errors.As(err, &cert):
		return cert
	case errors.As(err, &unknown):
		return unknown
	case errors.As(err, &hostname):
		return hostname
	case errors.As(err, &errno):
		return errno
	case errors.As(err, &record):
		return errors.New("the server does not speak TLS")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, io.EOF):
		return errors.New("the server closed the connection without an answer")
	}
	return errors.New("the connection broke")
}

// withoutURL takes the address off a *url.Error.
func withoutURL(err error) error {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}
