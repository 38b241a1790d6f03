package crashtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/world"
)

// few customers make a round short and the same ones change again and again; many make a first pass of several pages.
const few, many = 40, 1000

// indexLag is how late HubSpot's search sees a change here; the program is told that it may be three times as late.
const indexLag = 300 * time.Millisecond

// scene is two vendors, colleagues who work in HubSpot, and a program that dies again and again.
type scene struct {
	t      *testing.T
	seed   uint64
	rng    *rand.Rand
	world  *world.World
	traps  *traps
	people *people
	config string
	check  func() []string // what is wrong on the board
	begin  func()          // when not nil, what happens before the program starts

	requests []request // at which the program may die
	first    int       // which of them to begin with
	at       string    // round and kill point, for the message of a failure
	points   map[string]int
}

func newScene(t *testing.T, mode string, customers int, sweep string, more uint64) *scene {
	t.Helper()
	s := emptyScene(t, world.Options{Only: []string{world.HubSpot, world.Asana}, Customers: customers}, requests, mode, more)
	s.people = &people{h: s.world.HubSpot, rng: rand.New(rand.NewPCG(s.seed, 7))}
	s.config = configure(t, s.world, mode, sweep)
	s.check = s.differences
	return s
}

// emptyScene is a world in which nobody works yet.
func emptyScene(t *testing.T, o world.Options, at []request, mode string, more uint64) *scene {
	t.Helper()
	s := &scene{t: t, seed: fromEnv(t, "MILLRACE_SEED", 1) + more, traps: &traps{}, points: map[string]int{}, requests: at}
	s.rng = rand.New(rand.NewPCG(s.seed, uint64(len(mode))))
	s.first = s.rng.IntN(len(at))
	o.Seed, o.IndexLag, o.Around = s.seed, indexLag, s.traps.around
	var err error
	if s.world, err = world.Start(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.world.Close() })
	addRenewals(s.world.HubSpot)
	return s
}

// configure writes what a person would write, but for the intervals.
func configure(t testing.TB, w *world.World, mode, sweep string) string {
	t.Helper()
	return configureWith(t, w, mode, sweep, "")
}

// configureWith writes more than what all have.
func configureWith(t testing.TB, w *world.World, mode, sweep, more string) string {
	t.Helper()
	dir := t.TempDir()
	hs, as := w.Access()[world.HubSpot], w.Access()[world.Asana]
	signIn := func(a map[string]string) string {
		if mode == "token" {
			return fmt.Sprintf("token: %q", a["token"])
		}
		return fmt.Sprintf("client_id: %q, client_secret: %q, refresh_token: %q", a["client_id"], a["client_secret"], a["refresh_token"])
	}
	yaml := fmt.Sprintf(`
data: ./data
connections:
  hubspot: {connector: hubspot, %s, base_url: %q, index_lag: 1s, overlap: 500ms, every: 200ms, sweep: %s, requests_per_10s: 100000, searches_per_second: 1000}
  asana: {connector: asana, %s, base_url: %q, workspace: %q, requests_per_minute: 600000}
%s%sdelivery: {close_share: 1, recheck: 3s}
admin: {listen: ""}
log: {level: info, format: text}
`, signIn(hs), hs["base_url"], sweep, signIn(as), as["base_url"], as["workspace"], others(w, mode, sweep), more)
	path := filepath.Join(dir, "millrace.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// others are the connections of the vendors that only some worlds have.
func others(w *world.World, mode, sweep string) (yaml string) {
	if sf := w.Access()[world.Salesforce]; sf != nil {
		signIn := "sign_in: client_credentials"
		if mode != "token" { // and with change events, which are only ever faster than polls
			signIn = fmt.Sprintf("refresh_token: %q, cdc: true, pubsub_endpoint: %q", sf["refresh_token"], sf["pubsub_endpoint"])
		}
		yaml += fmt.Sprintf("  salesforce: {connector: salesforce, %s, client_id: %q, client_secret: %q, login_url: %q, base_url: %q, commit_lag: 0s, overlap: 3s, every: 200ms, sweep: %s}\n",
			signIn, sf["client_id"], sf["client_secret"], sf["login_url"], sf["base_url"], sweep)
	}
	if zd := w.Access()[world.Zendesk]; zd != nil {
		signIn := fmt.Sprintf("email: %q, api_token: %q", zd["email"], zd["api_token"])
		if mode != "token" {
			signIn = fmt.Sprintf("client_id: %q, client_secret: %q, refresh_token: %q", zd["client_id"], zd["client_secret"], zd["refresh_token"])
		}
		yaml += fmt.Sprintf("  zendesk: {connector: zendesk, %s, base_url: %q, every: 200ms, sweep: %s, requests_per_minute: 600000, exports_per_minute: 600000}\n",
			signIn, zd["base_url"], sweep)
	}
	return yaml
}

func fromEnv(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q is not a number", name, text)
	}
	return n
}

// TestKillsLoseAndDoubleNothing is the promise of the whole: whenever the program dies, and whatever the vendors do
// meanwhile, in the end the project tool shows HubSpot's newest state, everything once.
func TestKillsLoseAndDoubleNothing(t *testing.T) {
	kills := int(fromEnv(t, "MILLRACE_KILLS", 12))
	for _, mode := range []string{"token", "oauth"} { // the key of a task is a custom field, or Asana's external id
		t.Run(mode, func(t *testing.T) {
			s := newScene(t, mode, few, "700ms", 0)
			for round := range (kills + 1) / 2 {
				s.round(round)
			}
			s.settle()
		})
	}
}

// TestKillsDuringTheFirstPass has no full comparison that would heal what a page lost: everything hangs on the cursor,
// which moves in the transaction that stores the page (invariant 1). Customers change only in ways that polls show. When
// the first pass is over, the next account begins.
func TestKillsDuringTheFirstPass(t *testing.T) {
	kills := int(fromEnv(t, "MILLRACE_KILLS", 12))
	var s *scene
	for round := range (kills + 1) / 2 {
		if s == nil {
			s = newScene(t, "token", many, "never", uint64(round))
			s.people.polled = true
		}
		s.at = fmt.Sprintf("first pass, round %d", round)
		if s.dieListing() {
			continue
		}
		s.settle()
		s = nil
	}
	if s != nil {
		s.settle()
	}
}

// dieListing runs a backfill that is killed at a request for the next page, which is made while the one before it is
// being stored, and reports whether it came so far.
func (s *scene) dieListing() bool {
	s.t.Helper()
	path := regexp.MustCompile(`/crm/objects/[^/]+/(contacts|companies|deals|tickets)$`)
	trap := &trap{request: request{vendor: "hubspot", method: "GET", path: path.String()}, path: path, done: make(chan struct{}),
		when: []moment{before, after}[s.rng.IntN(2)], count: 1 + s.rng.IntN(6)}
	s.die([]string{"backfill", "--give-up", "1m"}, trap, time.Minute)
	for range 3 {
		if err := s.people.change(); err != nil {
			s.fail("change: %v", err)
		}
	}
	return trap.taken
}

// round runs the program until it is killed at one point, while customers change and the vendors misbehave.
func (s *scene) round(n int) {
	s.t.Helper()
	if err := misbehave(s.rng, s.world); err != nil {
		s.t.Fatal(err)
	}
	for range s.rng.IntN(6) {
		if err := s.people.change(); err != nil {
			s.fail("change: %v", err)
		}
	}
	stop, worked := make(chan struct{}), make(chan error, 1)
	go func() { worked <- s.people.work(stop) }()
	s.killOnce(n)
	close(stop)
	if err := <-worked; err != nil {
		s.fail("change: %v", err)
	}
	behave(s.world)
}

// longest is how long a round waits for its kill point before it kills anyway.
const longest = 2 * time.Second

// killOnce starts the program and kills it.
func (s *scene) killOnce(n int) {
	s.t.Helper()
	args := []string{"daemon"}
	if s.rng.IntN(2) == 0 {
		args = []string{"backfill", "--give-up", "1m"}
	}
	var t *trap
	wait := longest
	if n%3 == 0 {
		wait = time.Duration(s.rng.Int64N(int64(longest)))
	} else {
		t = newTrap(s.rng, s.requests, s.first+n)
	}
	s.at = fmt.Sprintf("round %d, %s killed after at most %s", n, args[0], wait)
	if t != nil {
		s.at += ", at " + t.String()
	}
	s.die(args, t, wait)
}

// die runs a command line until the trap kills it, or the clock.
func (s *scene) die(args []string, t *trap, wait time.Duration) {
	s.t.Helper()
	p := s.launch(args, t)
	_, err := p.wait(wait)
	s.traps.arm(nil)
	if err != nil {
		p.kill()
	}
	if t != nil && t.taken {
		<-t.done
		s.points[t.vendor+" "+string(t.when)]++
	} else {
		s.points["by the clock"]++
	}
	s.complain(p)
}

// launch starts the program with a trap set for it.
func (s *scene) launch(args []string, t *trap) *program {
	if s.begin != nil {
		s.begin()
	}
	if t == nil {
		return start(s.t, s.config, args)
	}
	started := make(chan struct{})
	var p *program
	t.kill = func() { <-started; p.kill() }
	s.traps.arm(t)
	p = start(s.t, s.config, args)
	close(started)
	return p
}

// complain fails when the program ended by itself in another way than it may: done, or killed.
func (s *scene) complain(p *program) {
	s.t.Helper()
	if code := p.cmd.ProcessState.ExitCode(); code != 0 && code != -1 {
		s.fail("the program ended with exit code %d:\n%s%s", code, p.stdout.String(), p.stderr.String())
	}
}

// settle lets the program catch up undisturbed and compares.
func (s *scene) settle() {
	s.t.Helper()
	s.at += ", then undisturbed"
	out, code := ask(s.t, s.config, 2*time.Minute, "backfill", "--give-up", "90s", "--json")
	if code != 0 {
		s.fail("backfill after the last kill: exit code %d, want 0:\n%s", code, out)
	}
	p := s.daemon()
	var left []string
	same := until(90*time.Second, func() bool {
		left = s.check()
		return len(left) == 0
	})
	if !same {
		s.fail("%d differences:\n%s\ndaemon:\n%s", len(left), strings.Join(left, "\n"), p.stderr.String())
	}
	s.stop(p)
	if out, _ := ask(s.t, s.config, time.Minute, "dead", "list", "--json"); strings.Contains(out, `"cause"`) {
		s.fail("there are dead letters though no record and no item is wrong:\n%s", out)
	}
	s.retired()
	s.t.Logf("%s: %d tasks, killed %v", s.t.Name(), s.world.Asana.Count(), s.points)
}

// daemon starts one that answers.
func (s *scene) daemon() *program {
	s.t.Helper()
	p := start(s.t, s.config, []string{"daemon"})
	if !until(30*time.Second, func() bool { return strings.Contains(p.stderr.String(), "msg=started") }) {
		s.fail("the daemon does not start:\n%s", p.stderr.String())
	}
	return p
}

func (s *scene) stop(p *program) {
	s.t.Helper()
	if code, err := p.stop(30 * time.Second); code != 0 || err != nil {
		s.fail("stop of the daemon: exit code %d, %v; want 0:\n%s", code, err, p.stderr.String())
	}
}

// mostRetired is how many doubles the second look may have had to mend in one run: only a vendor that handles a request later
// than the program waits for it makes any, which the simulators do when the machine starves them and never else.
const mostRetired = 1

// retired counts the doubles that were mended.
func (s *scene) retired() {
	s.t.Helper()
	n := 0
	for _, task := range s.world.Asana.Tasks() {
		if world.Retired(task) {
			n++
			s.t.Logf("task %s %q was made twice, and retired", task.GID, task.Name)
		}
	}
	if n > mostRetired {
		s.fail("%d tasks were made twice and retired, want %d at most", n, mostRetired)
	}
}

// differences compares the whole project tool with HubSpot.
func (s *scene) differences() []string {
	left := differences(s.world)
	if missing, doubles := s.world.Audit(); missing+doubles > 0 && len(left) == 0 {
		left = []string{fmt.Sprintf("the world counts %d missing and %d duplicates", missing, doubles)}
	}
	return left
}

// fail ends the test with all that helps to find out why.
func (s *scene) fail(format string, args ...any) {
	s.t.Helper()
	status, _ := ask(s.t, s.config, 30*time.Second, "status", "--json")
	dead, _ := ask(s.t, s.config, 30*time.Second, "dead", "list", "--json")
	s.t.Fatalf("seed %d, %s: %s\nlast changes:\n%s\nstatus:\n%s\ndead letters:\n%s", s.seed, s.at, fmt.Sprintf(format, args...),
		strings.Join(s.people.about(400), "\n"), status, dead)
}
