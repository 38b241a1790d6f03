// Command millrace keeps a project tool up to date with what sales, support and marketing tools know about each
// customer. See README.md; `millrace help` lists the commands.
//
// This package is flags, wiring, signals and exit codes. What it runs is in router; what it may be told is in config.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signals(context.Background(), os.Exit)
	code := Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Main runs one command line and returns the exit code. Tests and the daemon's socket call it too.
func Main(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{in: in, out: out, errOut: errOut, args: args, tty: isTerminal(out)}
	return a.main(ctx)
}

func (a *app) main(ctx context.Context) int {
	root := a.root()
	root.SetArgs(a.args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	code := exitCode(err)
	if a.json {
		writeJSON(a.errOut, map[string]any{"error": err.Error(), "exit": code})
	} else {
		fmt.Fprintln(a.errOut, "millrace:", err)
	}
	return code
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
