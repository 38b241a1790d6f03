// Package cli is the millrace program: flags, configuration, wiring, signals, progress and exit codes. A binary of
// one's own with further connectors calls Main with a longer list; examples/customconnector is one.
//
// What it runs is in router; it polls, maps and delivers nothing itself.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/millrace/millrace/connectors"
)

// Main runs one command line with the given connectors until it is done or stopped, and returns the exit code. The
// first SIGINT or SIGTERM drains, the second stops at once.
func Main(list []connectors.Connector, args []string, in io.Reader, out, errOut io.Writer) int {
	defer profile(errOut)()
	ctx, stop := signals(context.Background(), os.Exit)
	defer stop()
	a := &app{connectors: list, in: in, out: out, errOut: &screen{w: errOut, tty: isTerminal(errOut)}, args: args, tty: isTerminal(errOut)}
	a.by, a.dir, a.asks = operator(), workingDir(), isTerminal(in) && isTerminal(errOut)
	if isTerminal(out) {
		a.columns = terminalWidth(out)
	}
	return a.main(ctx)
}

func (a *app) main(ctx context.Context) int {
	root := a.root()
	root.SetArgs(a.args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	err := root.ExecuteContext(ctx)
	code := exitCode(err)
	switch {
	case err == nil, errors.Is(err, errRemote): // the daemon has already said what is wrong
	case a.json:
		writeJSON(a.errOut, map[string]any{"error": a.sentence(ctx, err), "exit": code})
	default:
		fmt.Fprintln(a.errOut, "millrace:", a.sentence(ctx, err))
	}
	return code
}

// sentence is what a person reads of err. A command that was stopped ends with whatever call was under way; what
// matters then is what to do next.
func (a *app) sentence(ctx context.Context, err error) string {
	switch {
	case ctx.Err() == nil || !errors.Is(err, context.Canceled):
		return err.Error()
	case a.within != nil:
		return "the process that did the work is stopping; run the command again"
	}
	return "stopped; nothing is lost, run it again to go on"
}

// signals returns a context that ends at the first SIGINT or SIGTERM, to drain; the second one stops at once.
func signals(parent context.Context, exit func(int)) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		defer close(done)
		seen := false
		for range ch {
			if seen {
				exit(exitRuntime)
			}
			seen = true
			cancel()
		}
	}()
	return ctx, func() { signal.Stop(ch); close(ch); <-done; cancel() }
}
