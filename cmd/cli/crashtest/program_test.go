package crashtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// program is one run of the real program in a process of its own.
type program struct {
	cmd    *exec.Cmd
	stdout tail
	stderr tail
	ended  chan struct{}
}

// start runs a command line. The process is killed at the end of the test if it still runs.
func start(t testing.TB, config string, args []string, env ...string) *program {
	t.Helper()
	return startUnder(t, nil, config, args, env...)
}

// startUnder runs a command line under another program, such as strace, which ends with it.
func startUnder(t testing.TB, under []string, config string, args []string, env ...string) *program {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	line := append(append(under, exe), append(args, "--config", config)...)
	p := &program{cmd: exec.Command(line[0], line[1:]...), ended: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.Dir = filepath.Dir(config)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(p.ended); _ = p.cmd.Wait() }()
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as a power cut would, as far as the process is concerned, and waits until it is gone.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// wait returns the exit code, -1 when the process was killed, and an error when it still runs after d.
func (p *program) wait(d time.Duration) (int, error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-timer.C:
		return 0, fmt.Errorf("the program still runs after %s", d)
	}
}

// stop drains the program as a service manager would and returns its exit code.
func (p *program) stop(d time.Duration) (int, error) {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, err
	}
	return p.wait(d)
}

// ask runs a command line to its end and returns what it wrote.
func ask(t testing.TB, config string, d time.Duration, args ...string) (out string, code int) {
	t.Helper()
	p := start(t, config, args)
	code, err := p.wait(d)
	if err != nil {
		p.kill()
	}
	return p.stdout.String() + p.stderr.String(), code
}

// until waits until a condition holds, or says that it did not.
func until(d time.Duration, holds func() bool) bool {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return holds()
		case <-tick.C:
		}
	}
	return true
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const tailSize = 64 << 10

func (w *tail) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Write(b)
	if over := w.buf.Len() - tailSize; over > 0 {
		w.buf.Next(over)
	}
	return len(b), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
