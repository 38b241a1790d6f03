package cli

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// The exit codes are a contract with scripts and service managers.
const (
	exitDone        = 0
	exitRuntime     = 1 // something failed while running
	exitConfig      = 2 // the configuration, a mapping, a rule or a flag is wrong
	exitUnreachable = 3 // a vendor, the disk or the database cannot be reached, or refuses us
)

// coded is an error that knows its exit code.
type coded struct {
	code int
	err  error
}

func (e *coded) Error() string { return e.err.Error() }
func (e *coded) Unwrap() error { return e.err }

// withCode gives err an exit code; nil stays nil.
func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &coded{code, err}
}

// exitCode is the one place that turns an error into an exit code.
func exitCode(err error) int {
	var c *coded
	var cfg *config.Error
	var vendor *connectors.Error
	var network net.Error
	var path *os.PathError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &c):
		return c.code
	case errors.As(err, &cfg):
		return exitConfig
	case errors.Is(err, context.Canceled):
		return exitRuntime
	case errors.As(err, &vendor), errors.As(err, &network), errors.As(err, &path),
		errors.Is(err, kv.ErrLocked), errors.Is(err, kv.ErrDamaged), errors.Is(err, kv.ErrFull),
		errors.Is(err, kv.ErrUnavailable), errors.Is(err, kv.ErrUnknownOutcome):
		return exitUnreachable
	}
	return exitRuntime
}
