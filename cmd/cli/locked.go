package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace/millrace/router/ledger/kv"
)

// ledgerName is the ledger's file in the data directory.
const ledgerName = "ledger.db"

// lockedError says who has the ledger and what to do, when that is why it cannot be opened; other errors it returns as
// they are. A daemon that is there would have answered its socket, unless a second one is being started.
func lockedError(err error, data string, daemon bool) error {
	if !errors.Is(err, kv.ErrLocked) {
		return err
	}
	who := "another process"
	if pid, e := os.ReadFile(filepath.Join(data, ledgerName+".pid")); e == nil {
		who = "process " + strings.TrimSpace(string(pid))
	}
	what := "it does not answer yet, so it is starting, ending, or a one-shot command such as `millrace plan` or `millrace auth`: try again in a moment"
	if daemon {
		what = "a ledger has one owner: `millrace status` says how it is doing; stop it first, or give this daemon a `data:` of its own"
	}
	return withCode(exitUnreachable, fmt.Errorf("the ledger in %s is in use by %s; %s", data, who, what))
}
