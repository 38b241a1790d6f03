package crashtest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
)

// mailTrap stands between the program and the mailbox, which speaks no HTTP, and springs the trap at a command.
type mailTrap struct {
	to    string
	traps *traps
	host  string
	port  string
}

// newMailTrap listens until the test ends.
func newMailTrap(t *testing.T, traps *traps, host, port string) *mailTrap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailTrap{to: net.JoinHostPort(host, port), traps: traps}
	if m.host, m.port, err = net.SplitHostPort(l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { m.serve(c) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); running.Wait() })
	return m
}

// command is a line that begins a command, with what it is about.
var command = regexp.MustCompile(`^[A-Za-z0-9]+ (?:UID )?([A-Z]+)(.*)`)

// serve passes lines on. Of an answer that a trap is set for, the first part comes through before the program is dead.
func (m *mailTrap) serve(program net.Conn) {
	defer program.Close()
	server, err := net.Dial("tcp", m.to)
	if err != nil {
		return
	}
	defer server.Close()
	var spring atomic.Pointer[trap]
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		pass(program, server, &spring)
		_ = program.Close()
	}()
	defer func() { _ = server.Close(); <-answers }()
	lines := bufio.NewReader(program)
	for {
		line, err := lines.ReadString('\n')
		if t := m.take(line); t != nil {
			if t.when == before {
				t.kill()
				close(t.done)
				return
			}
			spring.Store(t)
		}
		if _, bad := io.WriteString(server, line); errors.Join(err, bad) != nil {
			return
		}
	}
}

func (m *mailTrap) take(line string) *trap {
	part := command.FindStringSubmatch(line)
	if part == nil {
		return nil
	}
	return m.traps.take("imap", part[1], part[2], func() string { return "" })
}

// pass copies answers until one is sprung.
func pass(program io.Writer, server io.Reader, spring *atomic.Pointer[trap]) {
	buf := make([]byte, 512)
	for {
		n, err := server.Read(buf)
		t := spring.Swap(nil)
		if t != nil && t.when == during {
			_, _ = program.Write(buf[:n/2])
		}
		if t != nil {
			t.kill()
			close(t.done)
			return
		}
		if _, bad := program.Write(buf[:n]); errors.Join(err, bad) != nil {
			return
		}
	}
}
