package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// far runs args against a daemon in dir and returns what a user would see.
func far(ctx context.Context, dir string, args ...string) (out, errOut string, code int, found bool, err error) {
	var o, e bytes.Buffer
	a := &app{out: &o, errOut: &screen{w: &e}, args: args}
	code, found, err = a.runRemote(ctx, dir)
	return o.String(), e.String(), code, found, err
}

// What a command writes to its two outputs arrives there byte for byte, with its exit code.
func TestRemoteCommandLooksLikeALocalOne(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	type piece struct {
		text  string
		isErr bool
	}
	var pieces []piece
	var end int
	stop, err := serveSocket(t.Context(), dir, func(_ context.Context, req remoteRequest, out, errOut io.Writer) int {
		if len(req.Args) != 2 || req.Args[1] != "é\x00\n" {
			t.Errorf("got arguments %q", req.Args)
		}
		for _, p := range pieces {
			if p.isErr {
				fmt.Fprint(errOut, p.text)
			} else {
				fmt.Fprint(out, p.text)
			}
		}
		return end
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	rapid.Check(t, func(rt *rapid.T) {
		pieces, end = nil, rapid.IntRange(0, 3).Draw(rt, "exit code")
		var wantOut, wantErr strings.Builder
		for range rapid.IntRange(0, 8).Draw(rt, "writes") {
			p := piece{string(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "text")), rapid.Bool().Draw(rt, "to stderr")}
			pieces = append(pieces, p)
			if p.isErr {
				wantErr.WriteString(p.text)
			} else {
				wantOut.WriteString(p.text)
			}
		}
		out, errOut, code, found, err := far(t.Context(), dir, "status", "é\x00\n")
		if err != nil || !found || code != end || out != wantOut.String() || errOut != wantErr.String() {
			rt.Fatalf("got %q, %q, %d, %v, %v; want %q, %q, %d", out, errOut, code, found, err, &wantOut, &wantErr, end)
		}
	})
}

// Without a daemon the command is run here; a socket that a killed daemon left is no daemon.
func TestNoDaemonIsFound(t *testing.T) {
	dir := t.TempDir()
	if _, _, _, found, err := far(t.Context(), dir, "status"); found || err != nil {
		t.Errorf("got found %v, %v in an empty directory", found, err)
	}
	ln, _, err := listenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(findSocket(dir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, _, found, err := far(t.Context(), dir, "status"); found || err != nil {
		t.Errorf("got found %v, %v with a dead socket", found, err)
	}
	stop, err := serveSocket(t.Context(), dir, func(context.Context, remoteRequest, io.Writer, io.Writer) int { return 0 })
	if err != nil {
		t.Fatalf("a dead socket is in the way: %v", err)
	}
	stop()
}

// Whoever stops waiting is told that the daemon goes on, and the daemon that the command is no longer wanted.
func TestStoppedClientEndsTheCommand(t *testing.T) {
	dir := t.TempDir()
	begun, ended := make(chan struct{}), make(chan struct{})
	stop, err := serveSocket(t.Context(), dir, func(ctx context.Context, _ remoteRequest, out, _ io.Writer) int {
		fmt.Fprintln(out, "on it")
		close(begun)
		<-ctx.Done()
		close(ended)
		return 1
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	if _, _, code, _, err := far(ctx, dir, "backfill"); code != exitRuntime || !errors.Is(err, errStoppedWaiting) {
		t.Errorf("got %v, want a sentence about what goes on", err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the daemon still runs the command of a client that left")
	}
}

// A daemon that stops ends the commands it runs, and they say so.
func TestStoppingDaemonEndsItsCommands(t *testing.T) {
	dir := t.TempDir()
	daemon, stopDaemon := context.WithCancel(t.Context())
	stop, err := serveSocket(daemon, dir, func(ctx context.Context, req remoteRequest, out, errOut io.Writer) int {
		stopDaemon()
		<-ctx.Done()
		a := &app{errOut: &screen{w: errOut}, within: &hub{}}
		fmt.Fprintln(errOut, a.sentence(ctx, fmt.Errorf("backfill: %w", ctx.Err())))
		return exitCode(ctx.Err())
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	_, errOut, code, _, err := far(t.Context(), dir, "backfill")
	if err != nil || code != exitRuntime || !strings.Contains(errOut, "run the command again") {
		t.Errorf("got %q, %d, %v; want exit code 1 and what to do", errOut, code, err)
	}
}

// A daemon that dies in the middle is no success.
func TestBrokenAnswerIsAnError(t *testing.T) {
	a := &app{out: io.Discard, errOut: &screen{w: io.Discard}}
	for _, answer := range []string{"", `{"out":"aGk="}`, `{"out":"aGk="}` + "\n" + `{"ex`, "<html>"} {
		if code, err := a.copyFrames(strings.NewReader(answer)); err == nil || code == 0 {
			t.Errorf("%q: got exit code %d, %v; want an error", answer, code, err)
		}
	}
}

func TestRemoteErrorIsToldOnce(t *testing.T) {
	if got := exitCode(withCode(exitConfig, errRemote)); got != exitConfig {
		t.Errorf("got exit code %d, want the daemon's", got)
	}
	if !errors.Is(withCode(1, errRemote), errRemote) {
		t.Error("a coded errRemote is not recognized")
	}
}
