package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// The exit codes are a contract with scripts and service managers: this table is it.
func TestExitCodes(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"nothing wrong":        {nil, 0},
		"anything":             {errors.New("x"), 1},
		"stopped":              {fmt.Errorf("read: %w", context.Canceled), 1},
		"bad configuration":    {&config.Error{Problems: []config.Problem{{File: "f"}}}, 2},
		"bad flag":             {withCode(exitConfig, errors.New("x")), 2},
		"vendor down":          {&connectors.Error{Kind: connectors.Temporary}, 3},
		"vendor refuses":       {fmt.Errorf("read: %w", &connectors.Error{Kind: connectors.Denied}), 3},
		"several refuse":       {errors.Join(&connectors.Error{Kind: connectors.Denied}, errors.New("x")), 3},
		"no network":           {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, 3},
		"ledger in use":        {fmt.Errorf("open: %w", kv.ErrLocked), 3},
		"ledger damaged":       {fmt.Errorf("open: %w", kv.ErrDamaged), 3},
		"disk full":            {fmt.Errorf("commit: %w", kv.ErrFull), 3},
		"file cannot be read":  {&os.PathError{Op: "open", Path: "f", Err: os.ErrPermission}, 3},
		"the code given first": {withCode(exitUnreachable, withCode(exitConfig, errors.New("x"))), 3},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%s (%v): got exit code %d, want %d", name, test.err, got, test.want)
		}
	}
	if withCode(exitConfig, nil) != nil {
		t.Error("no error became one by being given a code")
	}
}
