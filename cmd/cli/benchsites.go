package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/router/receive/load"
)

// What the receivers that are measured have in common. The keys protect nothing: they live as long as a measurement.
const (
	hookSecret  = "the-signing-secret-of-a-measurement"
	hookForward = "the-key-of-forwarding-in-a-measurement"
	hookPath    = "/hooks/zendesk"
	noHub       = "http://127.0.0.1:1"
)

// receiverKind is a program that receives webhooks.
type receiverKind string

const (
	hookFloor  receiverKind = "floor"    // examples/webhookfloor
	hookAlone  receiverKind = "receiver" // `millrace webhook` before a hub that is away
	hookDaemon receiverKind = "daemon"   // `millrace daemon`, which parses what arrives; the vendor is away
)

// site is a running receiver in a directory of its own.
type site struct {
	dir   string
	cmd   *exec.Cmd
	hooks string // where it receives, host:port
	admin string // where its metrics are, "" for a floor
	tail  chan struct{}
}

// siteSetting is what a measurement changes.
type siteSetting struct {
	slow        time.Duration // by which each fdatasync is slower
	to          string        // the hub that is forwarded to; "" = one that is away
	spool       int64         // spool_bytes; 0 = more than any measurement needs
	rate        int           // of the connection; 0 = more than is ever reached
	connections int           // max_connections; 0 = the default
	env         []string
}

// startSite starts a receiver and returns when it receives.
func (b *bench) startSite(ctx context.Context, kind receiverKind, s siteSetting) (*site, error) {
	dir, err := os.MkdirTemp("", "millrace-bench-")
	if err != nil {
		return nil, err
	}
	t := &site{dir: dir, tail: make(chan struct{})}
	args, err := b.siteArgs(kind, dir, s)
	if err == nil {
		args, err = slowed(args, s.slow)
	}
	if err == nil {
		t.cmd = exec.CommandContext(ctx, args[0], args[1:]...)
		t.cmd.Env = append(os.Environ(), s.env...)
		err = t.start(kind)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the %s: %w", kind, err), os.RemoveAll(dir))
	}
	return t, nil
}

// siteArgs returns the command line of a receiver, whose configuration it writes.
func (b *bench) siteArgs(kind receiverKind, dir string, s siteSetting) ([]string, error) {
	if kind == hookFloor {
		return []string{b.hookFloor, "-db", filepath.Join(dir, "floor.db"), "-secret", hookSecret}, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command, zendesk, forward := "webhook", "", fmt.Sprintf("to: %q, spool_bytes: %d, ", cmp.Or(s.to, noHub+"/forward"), cmp.Or(s.spool, int64(1<<40)))
	if kind == hookDaemon {
		command, zendesk, forward = "daemon", fmt.Sprintf("email: a@example.com, api_token: none, base_url: %q, every: 1h, ", noHub), ""
	}
	text := fmt.Sprintf(`data: %q
connections:
  zendesk: {connector: zendesk, %swebhook_secret: %q}
webhooks: {listen: "127.0.0.1:0", public_url: "https://hooks.example.com", rate: %d, max_connections: %d, forward: {%skey: %q}}
admin: {listen: "127.0.0.1:0"}
log: {level: info, format: text}
`, dir, zendesk, hookSecret, cmp.Or(s.rate, 1_000_000), cmp.Or(s.connections, 512), forward, hookForward)
	config := filepath.Join(dir, "bench.yaml")
	return []string{self, command, "--config", config}, os.WriteFile(config, []byte(text), 0o600)
}

// slowed has every fdatasync of a program take longer by so much, as on a slower disk. It is strace that holds the calling
// thread, and only at that call, so that both of a pair are slowed alike, whatever they store with. The program stays our own
// child (-D).
func slowed(args []string, by time.Duration) ([]string, error) {
	if by == 0 {
		return args, nil
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		return nil, withCode(exitConfig, errors.New("strace is not installed, and nothing else slows a disk for the floor and the hub alike: apt-get install strace"))
	}
	return append([]string{strace, "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
		fmt.Sprintf("inject=fdatasync:delay_exit=%d", by.Microseconds())}, args...), nil
}

var (
	hooksAt = regexp.MustCompile(` webhooks=(127\.0\.0\.1:\d+)`)
	adminAt = regexp.MustCompile(` admin=(127\.0\.0\.1:\d+)`)
	floorAt = regexp.MustCompile(`^(127\.0\.0\.1:\d+)`)
)

// start starts the command and waits for the line that says where it receives.
func (t *site) start(kind receiverKind) error {
	pipe, line := t.cmd.StderrPipe, hooksAt
	if kind == hookFloor {
		pipe, line = t.cmd.StdoutPipe, floorAt
	}
	out, err := pipe()
	if err == nil {
		err = t.cmd.Start()
	}
	if err != nil {
		return err
	}
	in := bufio.NewScanner(out)
	var said []string
	for in.Scan() {
		said = append(said, in.Text())
		m := line.FindStringSubmatch(in.Text())
		if m == nil || !strings.Contains(in.Text(), "started") && kind != hookFloor {
			continue
		}
		t.hooks = m[1]
		if m := adminAt.FindStringSubmatch(in.Text()); m != nil {
			t.admin = m[1]
		}
		go func() { defer close(t.tail); _, _ = io.Copy(io.Discard, out) }()
		return nil
	}
	kill(t.cmd)
	return errors.New(strings.Join(said, "\n"))
}

// kill ends the receiver the hard way. What it stored is still there.
func (t *site) kill() {
	_ = t.cmd.Process.Kill()
	<-t.tail
	_ = t.cmd.Wait()
}

// close ends the receiver and removes what it stored.
func (t *site) close() {
	if t.cmd.ProcessState == nil {
		t.kill()
	}
	_ = os.RemoveAll(t.dir)
}

// offer fills in where the receiver is and what it verifies with.
func (t *site) offer(o load.Offer) load.Offer {
	o.To, o.Path, o.Secret = t.hooks, hookPath, hookSecret
	return o
}

// metrics returns the figures of the receiver that have no labels.
func (t *site) metrics(ctx context.Context) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.admin+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	found := map[string]float64{}
	for in := bufio.NewScanner(res.Body); in.Scan(); {
		if name, value, ok := strings.Cut(in.Text(), " "); ok {
			if v, err := strconv.ParseFloat(value, 64); err == nil {
				found[name] = v
			}
		}
	}
	return found, nil
}
