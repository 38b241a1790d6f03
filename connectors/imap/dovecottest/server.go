//go:build unix

package dovecottest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Who has the mailbox.
const (
	User     = "hub@example.test"
	Password = "secret"
)

// Server is a running Dovecot.
type Server struct {
	Plain, TLS, LMTP string // addresses, host:port; Plain has STARTTLS
	CA               string // certificate that signed the server's, in PEM
	dir              string
	command          *exec.Cmd
}

// Options change how Dovecot is started.
type Options struct {
	// Introspect is where Dovecot asks whether an OAuth token is good (RFC 7662, its `introspection_mode = auth`).
	Introspect string
}

// Start starts Dovecot, which ends with the test. Where it is not installed the test is skipped, but never in CI.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	path, err := exec.LookPath("dovecot")
	if err != nil {
		path = "/usr/sbin/dovecot" // which is not in everybody's PATH
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("Dovecot is needed in CI: install dovecot-imapd and dovecot-lmtpd")
		}
		t.Skip("SKIPPED, NOTHING WAS CHECKED: Dovecot is not here; install dovecot-imapd and dovecot-lmtpd")
	}
	for try := 1; ; try++ { // a free port may be somebody else's by the time it is bound
		s, err := start(t, path, o)
		if err == nil {
			return s
		}
		if try == 3 {
			t.Fatalf("start dovecot: %v", err)
		}
	}
}

func start(t testing.TB, path string, o Options) (*Server, error) {
	s := &Server{}
	var err error
	if s.dir, err = os.MkdirTemp("/tmp", "dv"); err != nil { // short: paths of sockets have at most 108 bytes
		return nil, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	s.Plain, s.TLS, s.LMTP = loopback(ports[0]), loopback(ports[1]), loopback(ports[2])
	who, err := servant()
	if err != nil {
		return nil, err
	}
	if err := s.prepare(who, ports, o); err != nil {
		return nil, err
	}
	s.command = exec.Command(path, "-F", "-c", filepath.Join(s.dir, "dovecot.conf"))
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		s.command.SysProcAttr.Credential = &syscall.Credential{Uid: who.uid, Gid: who.gid}
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	if err := s.ready(); err != nil {
		s.stop()
		return nil, err
	}
	t.Cleanup(s.stop)
	return s, nil
}

// stop ends Dovecot and removes what it left.
func (s *Server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	ended := make(chan struct{})
	go func() { _ = s.command.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		_ = syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL)
		<-ended
	}
	_ = os.RemoveAll(s.dir)
}

// ready waits until connections are accepted.
func (s *Server) ready() error {
	for end := time.Now().Add(15 * time.Second); ; {
		missing := 0
		for _, address := range []string{s.Plain, s.TLS, s.LMTP} {
			c, err := net.DialTimeout("tcp", address, time.Second)
			if err != nil {
				missing++
				continue
			}
			_ = c.Close()
		}
		if missing == 0 {
			return nil
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("it does not listen: %s", log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Log returns what Dovecot wrote to its log.
func (s *Server) Log() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(text)
}

// person is the user that Dovecot runs as.
type person struct {
	name, group string
	uid, gid    uint32
}

// servant is nobody for root, and else who runs the test.
func servant() (p person, err error) {
	u, err := user.Current()
	if err == nil && u.Uid == "0" {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return p, err
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		return p, err
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err1 != nil || err2 != nil {
		return p, fmt.Errorf("user %s has no number", u.Username)
	}
	return person{name: u.Username, group: g.Name, uid: uint32(uid), gid: uint32(gid)}, nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePorts returns ports that nobody listens on now.
func freePorts(n int) (ports []int, err error) {
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = ln.Close() }()
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
