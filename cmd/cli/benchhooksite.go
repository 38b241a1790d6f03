package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox/world"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// hookSite is a hub, and perhaps a receiver in front of it, as processes of their own.
type hookSite struct {
	dir, self string
	hub, door *hookProcess
}

// hookPublic is the address that vendors sign.
const hookPublic = "https://hooks.example.com"

// openHookSite starts a daemon at the vendors of a world, and a receiver of its own when one is asked for.
func openHookSite(ctx context.Context, w *world.World, alone bool) (s *hookSite, err error) {
	s = &hookSite{}
	if s.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "millrace-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	hs, zd, as := w.Access()[world.HubSpot], w.Access()[world.Zendesk], w.Access()[world.Asana]
	text := fmt.Sprintf(`
data: hub
connections:
  hubspot: {connector: hubspot, token: %q, base_url: %q, webhook_secret: %q, every: 24h, index_lag: 1s, requests_per_10s: 100000, searches_per_second: 1000}
  zendesk: {connector: zendesk, token: %q, base_url: %q, webhook_secret: %q, every: 24h, requests_per_minute: 600000, exports_per_minute: 600000}
  asana: {connector: asana, client_id: %q, client_secret: %q, refresh_token: %q, base_url: %q, workspace: %q, requests_per_minute: %d}
webhooks: {listen: "127.0.0.1:0", public_url: %q, receive: [hubspot, zendesk], forward: {key: %q}}
admin: {listen: ""}
log: {level: info, format: text}
`, hs["token"], hs["base_url"], hookSecret, zd["token"], zd["base_url"], hookSecret, as["client_id"], as["client_secret"], as["refresh_token"], as["base_url"],
		as["workspace"], untilRefused, hookPublic, hookForward)
	if s.hub, err = s.start(ctx, "daemon", text); err != nil || !alone {
		return s, err
	}
	text = fmt.Sprintf(`
data: receiver
connections:
  hubspot: {connector: hubspot, webhook_secret: %q}
  zendesk: {connector: zendesk, webhook_secret: %q}
webhooks: {listen: "127.0.0.1:0", public_url: %q, forward: {key: %q, to: "http://%s/forward"}}
admin: {listen: ""}
log: {level: info, format: text}
`, hookSecret, hookSecret, hookPublic, hookForward, s.hub.address)
	s.door, err = s.start(ctx, "webhook", text)
	return s, err
}

// hookProcess is one started command line that receives webhooks.
type hookProcess struct {
	cmd     *exec.Cmd
	log     hookLog
	address string
}

var hookListens = regexp.MustCompile(`\bwebhooks=(127\.0\.0\.1:\d+)`)

// start runs a command with a configuration and returns when it listens.
func (s *hookSite) start(ctx context.Context, command, text string) (*hookProcess, error) {
	path := s.config(command)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, err
	}
	p := &hookProcess{cmd: exec.CommandContext(ctx, s.self, command, "--config", path)}
	p.cmd.Stderr, p.cmd.Dir = &p.log, s.dir
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		if m := hookListens.FindStringSubmatch(p.log.String()); m != nil {
			p.address = m[1]
			return p, nil
		}
	}
	kill(p.cmd)
	return nil, fmt.Errorf("%s does not begin to listen: %s", command, p.log.String())
}

func (s *hookSite) config(command string) string { return filepath.Join(s.dir, command+".yaml") }

// backfill is a command that the daemon carries out.
func (s *hookSite) backfill(ctx context.Context, flags ...string) *exec.Cmd {
	return exec.CommandContext(ctx, s.self, append([]string{"backfill", "--json", "--config", s.config("daemon")}, flags...)...)
}

// catchUp returns when the project tool shows all there is.
func (s *hookSite) catchUp(ctx context.Context) error {
	_, err := measure(s.backfill(ctx))
	return err
}

// readAgain has the daemon read everything again and returns a context that ends when it is done.
func (s *hookSite) readAgain(ctx context.Context) (context.Context, error) {
	cmd := s.backfill(ctx, "--since", "2000-01-01")
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	during, ended := context.WithCancelCause(ctx)
	go func() { ended(cmd.Wait()) }()
	return during, nil
}

// subscribe has the vendors tell of everything from now on.
func (s *hookSite) subscribe(w *world.World) {
	door := s.hub
	if s.door != nil {
		door = s.door
	}
	w.HubSpot.Subscribe(hubspottest.Subscription{URL: "http://" + door.address + "/hooks/hubspot", Public: hookPublic + "/hooks/hubspot", Secret: hookSecret, Types: []string{"*"}})
	w.Zendesk.Subscribe(zendesktest.Webhook{Endpoint: "http://" + door.address + "/hooks/zendesk", Secret: hookSecret, Subscriptions: []string{"*"}})
}

// close ends the processes, the receiver first, and removes what they left.
func (s *hookSite) close() {
	for _, p := range []*hookProcess{s.door, s.hub} {
		if p != nil {
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
			_ = p.cmd.Wait()
		}
	}
	_ = os.RemoveAll(s.dir)
}

// hookLog is what a process said, for a regular expression and for errors.
type hookLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer. After a mebibyte nobody reads what comes.
func (l *hookLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() < 1<<20 {
		l.text.Write(b)
	}
	return len(b), nil
}

// String returns what was said so far.
func (l *hookLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
