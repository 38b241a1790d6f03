package crashtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox/world"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// registering are the requests by which webhooks are made and looked for.
var registering = []request{
	{"asana", "POST", `/webhooks$`, 1},
	{"zendesk", "POST", `/webhooks$`, 1},
	{"mailchimp", "POST", `/webhooks$`, 1},
	{"zendesk", "GET", `/signing_secret$`, 1},
	{"activecampaign", "POST", `/webhooks$`, 1},
	{"asana", "GET", `/webhooks$`, 1},
}

// registration is a daemon behind an address that stays, and vendors that are told of it.
type registration struct {
	*site
	world *world.World
	traps *traps
	place connectors.Place

	sprung int // kills at a request; the others were by the clock
}

const hookPathSecret = "0123456789abcdef-at-the-end"

func newRegistration(t *testing.T) *registration {
	t.Helper()
	r := &registration{traps: &traps{}}
	var err error
	r.world, err = world.Start(world.Options{Customers: 2, Around: r.traps.around,
		Only: []string{world.Asana, world.Zendesk, world.Mailchimp, world.ActiveCampaign}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.world.Close() })
	human, err := r.world.Asana.Human("ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	human.AddProject("Hooked", "Open")
	front := newFront(t)
	as, zd, mc, ac := r.world.Access()[world.Asana], r.world.Access()[world.Zendesk], r.world.Access()[world.Mailchimp], r.world.Access()[world.ActiveCampaign]
	yaml := fmt.Sprintf(`
data: ./data
connections:
  asana: {connector: asana, token: %q, base_url: %q, workspace: %q, webhook_projects: [Hooked], requests_per_minute: 600000}
  zendesk: {connector: zendesk, email: %q, api_token: %q, base_url: %q, every: 1h, requests_per_minute: 600000}
  mailchimp: {connector: mailchimp, api_key: %q, base_url: %q, webhook_secret: %q, every: 1h}
  activecampaign: {connector: activecampaign, api_token: %q, base_url: %q, webhook_secret: %q, every: 1h, requests_per_second: 100000}
webhooks: {listen: "127.0.0.1:0", public_url: %q, receive: [asana, zendesk, mailchimp, activecampaign]}
admin: {listen: ""}
log: {level: info, format: text}
`, as["token"], as["base_url"], as["workspace"], zd["email"], zd["api_token"], zd["base_url"], mc["api_key"], mc["base_url"], hookPathSecret,
		ac["api_token"], ac["base_url"], hookPathSecret, front.URL)
	path := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	r.site = &site{t: t, config: path, args: []string{"daemon"}, front: front}
	r.place = connectors.Place{Address: front.URL + "/hooks"}
	return r
}

// die asks the daemon to register and kills it at a request of that, or by the clock.
func (r *registration) die(rng *rand.Rand, n int, what string) {
	r.t.Helper()
	r.start()
	q := registering[n%len(registering)]
	trap := &trap{request: q, path: regexp.MustCompile(q.path), when: []moment{before, during, after}[rng.IntN(3)], kill: r.now.kill, done: make(chan struct{})}
	r.traps.arm(trap)
	asked := start(r.t, r.config, []string{"webhook", what, "--yes"})
	if _, err := asked.wait(time.Duration(50+rng.IntN(1500)) * time.Millisecond); err != nil {
		r.now.kill()
	}
	r.traps.arm(nil)
	if trap.taken {
		<-trap.done
		r.sprung++
	}
	r.now.kill()
	asked.kill()
}

// there returns what the vendors have of ours, `vendor of` each.
func (r *registration) there() (list []string) {
	for _, w := range r.world.Zendesk.Hooks() {
		if r.place.Holds(w.Endpoint) {
			list = append(list, "zendesk")
		}
	}
	for _, w := range r.world.Mailchimp.Webhooks() {
		if r.place.Holds(w.URL) {
			list = append(list, "mailchimp "+w.List)
		}
	}
	for _, w := range r.world.ActiveCampaign.Webhooks() {
		if r.place.Holds(w.URL) {
			list = append(list, "activecampaign")
		}
	}
	slices.Sort(list)
	return list
}

// TestKillsWhileRegistering kills the daemon while it registers and while it removes. Asked again, each vendor has one webhook of
// ours for each thing that it tells of, the daemon finds nothing to do, and what others made is there as it was.
func TestKillsWhileRegistering(t *testing.T) {
	seed := fromEnv(t, "MILLRACE_SEED", 1)
	rng := rand.New(rand.NewPCG(seed, 77))
	r := newRegistration(t)
	stranger := r.world.Zendesk.Subscribe(zendesktest.Webhook{Name: "Millrace: zendesk", Endpoint: "https://elsewhere.example/hooks/zendesk",
		Subscriptions: []string{"zen:event-type:user.created"}})
	for n := range max(6, int(fromEnv(t, "MILLRACE_KILLS", 12))/8) {
		what := "register"
		if n%4 == 3 {
			what = "remove"
		}
		r.die(rng, n, what)
	}
	r.start()
	defer r.now.kill()
	if out, code := ask(t, r.config, 30*time.Second, "webhook", "register", "--yes"); code != 0 {
		t.Fatalf("seed %d: register after the last kill: exit code %d:\n%s\n%s", seed, code, out, r.now.stderr.String())
	}
	there := r.there()
	t.Logf("%d kills at a request; there are %v", r.sprung, there)
	if want := slices.Compact(slices.Clone(there)); len(there) < 3 || r.sprung == 0 || len(want) != len(there) {
		t.Errorf("seed %d: the vendors have %v of ours, want each once", seed, there)
	}
	if !slices.ContainsFunc(r.world.Zendesk.Hooks(), func(w zendesktest.Webhook) bool { return w.ID == stranger }) {
		t.Errorf("seed %d: the stranger's webhook is gone", seed)
	}
	out, code := ask(t, r.config, 30*time.Second, "webhook", "list", "--json")
	if keeps := strings.Count(out, `"do":"keep"`); code != 0 || keeps != len(there)+1 || strings.Count(out, `"do":`) != keeps {
		t.Errorf("seed %d: exit code %d, want %d webhooks that are as they should be, Asana's among them:\n%s", seed, code, len(there)+1, out)
	}
	r.told(seed)
}

// told has Asana deliver its heartbeat and Zendesk what happens now: every delivery is taken, so the secrets are the right ones.
func (r *registration) told(seed uint64) {
	r.t.Helper()
	if _, err := r.world.Zendesk.Create("users", map[string]any{"name": "Zoë", "email": "zoe@initech.example"}); err != nil {
		r.t.Fatal(err)
	}
	as, err := r.world.Asana.Deliver(r.t.Context())
	if err != nil || as.Failures != 0 {
		r.t.Errorf("seed %d: Asana delivered %+v, %v", seed, as, err)
	}
	var stored string
	if !until(20*time.Second, func() bool {
		_, _ = r.world.Zendesk.Deliver(r.t.Context())
		stored, _ = ask(r.t, r.config, 30*time.Second, "status", "--json")
		return regexp.MustCompile(`"connection":"zendesk","stored":[1-9]`).MatchString(stored)
	}) {
		r.t.Errorf("seed %d: nothing of Zendesk was taken:\n%s", seed, stored)
	}
	if m := regexp.MustCompile(`"refused":[1-9]`).FindString(stored); m != "" {
		r.t.Errorf("seed %d: a delivery of ours was refused:\n%s", seed, stored)
	}
}
