package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// outpost is a hub, a receiver on another host that has no secret of any vendor, and two vendors that reach only the receiver.
type outpost struct {
	t             *testing.T
	asana         *asanatest.Server
	desk          *zendesktest.Server
	section       string
	hub, receiver *site
	n             int
}

func newOutpost(t *testing.T) *outpost {
	t.Helper()
	o := &outpost{t: t, asana: asanatest.New(asanatest.Options{}),
		desk: zendesktest.New(zendesktest.Options{Clock: sandbox.NewClock(time.Now()), Subdomain: "acme", Tokens: []string{"tok"}})}
	human, err := o.asana.Human("ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	_, sections := human.AddProject("Sales", "Open")
	o.section = sections[0]
	serve := func(h http.Handler) string {
		server, err := sandbox.Listen(h, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		return server.URL
	}
	place := func(command string) *site {
		return &site{t: t, config: filepath.Join(t.TempDir(), "millrace.yaml"), args: []string{command}, front: newFront(t)}
	}
	o.hub, o.receiver = place("daemon"), place("webhook")
	write := func(s *site, format string, args ...any) {
		text := "data: ./data\nadmin: {listen: \"\"}\nlog: {level: info, format: text}\n" + fmt.Sprintf(format, args...)
		if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(o.hub, `
connections:
  desk: {connector: zendesk, subdomain: acme, token: tok, base_url: %q, requests_per_minute: 100000, every: 1h}
  tasks: {connector: asana, token: %q, base_url: "%s/api/1.0", workspace: %q, requests_per_minute: 100000, webhook_projects: [Sales]}
webhooks: {listen: "127.0.0.1:0", public_url: %q, forward: {key: %q}}
`, serve(o.desk.Handler()), asanatest.DefaultToken, serve(o.asana.Handler()), o.asana.Workspace(), o.receiver.front.URL, forwardKey)
	write(o.receiver, `
connections:
  desk: {connector: zendesk}
  tasks: {connector: asana}
webhooks: {listen: "127.0.0.1:0", public_url: %q, receive: [desk, tasks], forward: {key: %q, to: "%s/forward"}}
`, o.receiver.front.URL, forwardKey, o.hub.front.URL)
	return o
}

// command runs a command line with the hub's configuration.
func (o *outpost) command(args ...string) (out string, code int) {
	o.t.Helper()
	return ask(o.t, o.hub.config, time.Minute, args...)
}

// deliver lets something happen at both vendors and has them deliver it once; everything must be taken.
func (o *outpost) deliver(when string) {
	o.t.Helper()
	o.n++
	if _, err := o.desk.Create("users", map[string]any{"name": "Zoë", "email": fmt.Sprintf("zoe%d@initech.example", o.n)}); err != nil {
		o.t.Fatal(err)
	}
	o.asana.AddTask(o.section, fmt.Sprintf("Call Zoë %d", o.n))
	desk, err := o.desk.Deliver(context.Background())
	if err != nil || desk.Events == 0 || desk.Failed+desk.Given+desk.Broken > 0 {
		o.t.Errorf("%s: Zendesk delivered %+v, %v", when, desk, err)
	}
	tasks, err := o.asana.Deliver(context.Background())
	if err != nil || tasks.Events == 0 || tasks.Failures > 0 {
		o.t.Errorf("%s: Asana delivered %+v, %v", when, tasks, err)
	}
}

// forwarded returns what the hub says of receivers on other hosts.
func (o *outpost) forwarded() (stored int, heard []string) {
	out, _ := o.command("status", "--json")
	var rep struct {
		Forwarded struct {
			Stored    int
			Receivers []struct {
				Receiver string
				Takes    []string
			}
		}
	}
	if json.Unmarshal([]byte(out), &rep) != nil {
		return 0, nil
	}
	for _, r := range rep.Forwarded.Receivers {
		heard = append(heard, r.Receiver+" "+strings.Join(r.Takes, ","))
	}
	return rep.Forwarded.Stored, heard
}

// registered registers until nothing fails, which is at once unless something was killed before.
func (o *outpost) registered() {
	o.t.Helper()
	var out string
	ok := until(time.Minute, func() bool {
		var code int
		out, code = o.command("webhook", "register", "--yes")
		return code == 0
	})
	if !ok {
		o.t.Fatalf("registering does not come to an end:\n%s\nhub:\n%s\nreceiver:\n%s", out, o.hub.now.stderr.String(), o.receiver.now.stderr.String())
	}
}

// TestRegisterThroughAReceiver: the hub registers though vendors reach only a receiver on another host, which learns what the
// vendors' secrets are; whatever is killed meanwhile, a later run makes it right. The receiver verifies after a restart while
// the hub is away, and nothing that it took is lost.
func TestRegisterThroughAReceiver(t *testing.T) {
	o := newOutpost(t)
	o.hub.start()
	o.receiver.start()
	if out, code := o.command("webhook", "register", "--yes"); code != 0 {
		t.Fatalf("exit code %d\n%s\nreceiver:\n%s", code, out, o.receiver.now.stderr.String())
	}
	o.deliver("after registering")
	if !until(30*time.Second, func() bool { n, _ := o.forwarded(); return n >= 2 }) {
		t.Errorf("the hub has not got what was delivered:\n%s", o.receiver.now.stderr.String())
	}
	if _, heard := o.forwarded(); len(heard) != 1 || !strings.HasSuffix(heard[0], " desk,tasks") {
		t.Errorf("heard of %v, want one receiver that takes both", heard)
	}
	rng := rand.New(rand.NewPCG(fromEnv(t, "MILLRACE_SEED", 1), 7))
	for i := range max(3, int(fromEnv(t, "MILLRACE_KILLS", 12))/20) { // each starts three programs
		if out, code := o.command("webhook", "remove", "--yes"); code != 0 {
			t.Fatalf("remove: exit code %d\n%s", code, out)
		}
		run := start(t, o.hub.config, []string{"webhook", "register", "--yes"})
		time.Sleep(time.Duration(50+rng.IntN(400)) * time.Millisecond)
		victims := [][]*site{{o.hub}, {o.receiver}, {o.hub, o.receiver}}[i%3]
		for _, s := range victims {
			s.now.kill()
		}
		run.kill()
		for _, s := range victims {
			s.start()
		}
		o.registered()
		o.deliver(fmt.Sprintf("after kill %d", i))
	}
	o.withoutHub()
}

// withoutHub kills the receiver while the hub is away, and lets the hub come back.
func (o *outpost) withoutHub() {
	o.t.Helper()
	o.hub.stop()
	o.receiver.now.kill()
	o.receiver.start()
	o.deliver("with the hub away, after a restart")
	o.hub.start()
	if !until(45*time.Second, func() bool { n, _ := o.forwarded(); return n >= 2 }) {
		o.t.Errorf("the hub has not got what was delivered while it was away:\n%s", o.receiver.now.stderr.String())
	}
	if out, code := o.command("webhook", "remove", "--yes"); code != 0 {
		o.t.Errorf("remove: exit code %d\n%s", code, out)
	}
	o.receiver.stop()
	o.hub.stop()
	for name, s := range map[string]*site{"hub": o.hub, "receiver": o.receiver} {
		if log := s.now.stderr.String(); strings.Contains(log, "panic") || strings.Contains(log, forwardKey) {
			o.t.Errorf("the log of the %s:\n%s", name, log)
		}
	}
}
