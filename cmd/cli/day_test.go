package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/sandbox/world"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// A day of the whole daemon, of all vendors that deliver webhooks and of the people who work with them, in simulated time. The
// daemon is the real one but for its sockets: configuration, connectors, transport, quotas, router, ledger on a bbolt file,
// receiver, inbox, registration and its watch.
//
// Nothing here waits for a mutex while its holder sleeps: a bubble's clock runs only while everybody waits for each other or for
// the clock (see lock).
//
// The first day is run; MILLRACE_DAY_SEED runs the day of another seed, MILLRACE_DAYS so many days from that seed on. A seed gives the same people and the same
// misfortunes; which of two things that fall together comes first is up to Go's scheduler, and the router's jitter is its own.

const (
	publicAt = "https://hooks.example.com"
	indexLag = 20 * time.Second
	// watched is how long the daemon may take until it has found and mended what is wrong at a vendor, a restart included.
	watched = 100 * time.Minute
	// calm is how long everything is left alone until the ledger must equal the vendors: two sweeps, and HubSpot's index lag.
	calm = 7 * time.Hour
	// prompt is how long it may take until the ledger has what a webhook told of. Vendors tell after some seconds; the rest is
	// requests, each with its latency, and the rates that vendors allow when much happens at once.
	prompt = 20 * time.Second
)

// day is a world in a bubble.
type day struct {
	t         *testing.T
	seed      uint64
	cables    *cables
	world     *world.World
	customers sandbox.Customers
	parties   []*party
	door      *door
	site      *station
	polls     string // how often everything is polled
	sweeps    string // how often everything is compared

	turn lock // of whoever restarts the daemon
	mu   sync.Mutex
	key  string // HubSpot's client secret
	tale []string
	harm []harm
}

// seeds are the days to be run.
func seeds(t *testing.T) (list []uint64) {
	t.Helper()
	first, n := uint64(1), 1
	if text := os.Getenv("MILLRACE_DAY_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		first, n = seed, 1
	}
	if text := os.Getenv("MILLRACE_DAYS"); text != "" {
		many, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		n = many
	}
	for i := range n {
		list = append(list, first+uint64(i))
	}
	return list
}

// each runs a test in a bubble for each seed.
func each(t *testing.T, run func(*day)) {
	for _, seed := range seeds(t) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			dir := room(t)
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)))
				d := newDay(t, seed, dir)
				defer d.tell()
				run(d)
			})
		})
	}
}

// room is a directory for a ledger, in memory where the system has that: a day commits ten thousand times, and whether they
// outlast a power failure is the crash test's question.
func room(t *testing.T) string {
	const memory = "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "millrace-day")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func newDay(t *testing.T, seed uint64, dir string) *day {
	d := &day{t: t, seed: seed, world: &world.World{}, customers: sandbox.Generate(seed, 16), key: hubspotKey, sweeps: "150m", turn: newLock(),
		cables: &cables{dice: newDice(seed, 1), hosts: map[string]http.Handler{}}}
	d.door = &door{t: t, disk: &disk{dice: newDice(seed, 2), has: map[string]int{}}}
	d.cables.hosts["hooks.example.com"] = d.door
	d.site = &station{d: d, dir: dir, key: hubspotKey, logs: &logs{}, mu: newLock()}
	for i, one := range []struct {
		name  string
		make  func(*party)
		every time.Duration
		timed bool
	}{
		{"hubspot", d.hubspotParty, 20 * time.Minute, true}, {"zendesk", d.zendeskParty, 30 * time.Second, true},
		{"mailchimp", d.mailchimpParty, 5 * time.Minute, true}, {"activecampaign", d.activecampaignParty, time.Minute, false},
		{"salesforce", d.salesforceParty, 30 * time.Second, false}, {"asana", d.asanaParty, 30 * time.Second, false},
	} {
		p := &party{name: one.name, clock: sandbox.NewClock(time.Time{}), dice: newDice(seed, uint64(10+i)), every: one.every, wake: make(chan struct{}, 1), marks: 100_000 * i}
		p.clock.SetSkew(p.dice.span(0, 3*time.Minute) - 90*time.Second)
		p.wire = &wire{name: one.name, timed: one.timed, door: d.door, dice: newDice(seed, uint64(20+i)), clock: p.clock.Now}
		if one.name == "hubspot" {
			p.wire.resign = d.resignHubSpot
		}
		one.make(p)
		d.parties = append(d.parties, p)
	}
	return d
}

func (d *day) configure(dir, key string) string {
	common := ", every: " + d.polls + ", sweep: " + d.sweeps
	return fmt.Sprintf(`
data: %q
connections:
  hubspot: {connector: hubspot, token: %q, base_url: "https://hubspot.example", webhook_secret: %q, streams: [contacts, companies, deals, tickets]%s}
  zendesk: {connector: zendesk, token: %q, base_url: "https://zendesk.example", streams: [organizations, users, tickets]%s}
  mailchimp: {connector: mailchimp, api_key: %q, base_url: "https://mailchimp.example", webhook_secret: %q, streams: [lists, members]%s}
  activecampaign: {connector: activecampaign, api_token: %q, base_url: "https://activecampaign.example", webhook_secret: %q, relist_every: 2h, streams: [accounts, contacts, deals]%s}
  salesforce: {connector: salesforce, sign_in: client_credentials, client_id: %q, client_secret: %q, login_url: "https://salesforce.example", base_url: "https://salesforce.example", webhook_secret: %q, streams: [Account, Contact, Opportunity, Case]%s}
  asana: {connector: asana, token: %q, base_url: "https://asana.example/api/1.0", workspace: %q, webhook_projects: [Sales]}
webhooks: {listen: "127.0.0.1:0", public_url: %q, receive: [hubspot, zendesk, mailchimp, activecampaign, salesforce, asana]}
delivery: {close_share: 1}
admin: {listen: ""}
`, dir, hubspottest.DefaultToken, key, common, zendesktest.DefaultToken, common, mailchimptest.DefaultKey, pathKey, common,
		activecampaigntest.DefaultToken, pathKey, common, salesforceApp.ClientID, salesforceApp.ClientSecret, pathKey, common,
		asanatest.DefaultToken, d.world.Asana.Workspace(), publicAt)
}

func (d *day) party(name string) *party {
	for _, p := range d.parties {
		if p.name == name {
			return p
		}
	}
	d.t.Fatalf("there is no %s", name)
	return nil
}

// say notes what happened, for the message of a failure.
func (d *day) say(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tale = append(d.tale, time.Now().Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

// tell prints it.
func (d *day) tell() {
	if d.t.Failed() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.t.Logf("MILLRACE_DAY_SEED=%d; what happened:\n%s", d.seed, strings.Join(d.tale, "\n"))
	}
}

func (d *day) hubspotKey() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.key
}

// ask makes a request of somebody with the vendor's API.
func (d *day) ask(method, address, header, value, body string) error {
	_, err := d.call(method, address, header, value, body)
	return err
}

func (d *day) get(address, header, value string) (gjson.Result, error) {
	return d.call(http.MethodGet, address, header, value, "")
}

func (d *day) call(method, address, header, value, body string) (gjson.Result, error) {
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return gjson.Result{}, err
	}
	req.Header.Set(header, value)
	req.Header.Set("Content-Type", "application/json")
	res, err := d.cables.RoundTrip(req)
	if err != nil {
		return gjson.Result{}, err
	}
	out, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %d: %s", method, address, res.StatusCode, out)
	}
	return gjson.ParseBytes(out), err
}

// during has everybody work until a while is over.
func (d *day) during(while time.Duration, most time.Duration, beside ...func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), while)
	defer cancel()
	var all sync.WaitGroup
	run := func(fn func(context.Context) error) {
		all.Go(func() {
			if err := fn(ctx); err != nil {
				d.t.Error(err)
			}
		})
	}
	for _, p := range d.parties {
		run(func(ctx context.Context) error { return p.work(ctx, most) })
		run(p.tell)
	}
	for _, fn := range beside {
		run(fn)
	}
	all.Wait()
	for _, p := range d.parties {
		p.wire.late.Wait()
	}
}

// rest lets the vendors deliver while nobody works.
func (d *day) rest(while time.Duration, sky weather) {
	ctx, cancel := context.WithTimeout(context.Background(), while)
	defer cancel()
	var all sync.WaitGroup
	for _, p := range d.parties {
		p.wire.set(sky)
		p.note(entry{}) // what happened last may not have been told yet
		all.Go(func() {
			if err := p.tell(ctx); err != nil {
				d.t.Error(err)
			}
		})
	}
	all.Wait()
}

func even(i int) bool { return i%2 == 0 }
func odd(i int) bool  { return i%2 == 1 }
func none(int) bool   { return false }

func digits(n int64) string { return strconv.FormatInt(n, 10) }

// TestDay: whatever becomes of deliveries, secrets, subscriptions, receiver and daemon in 24 hours, the ledger ends equal to the
// vendors, and says the truth at any time about how far it is.
func TestDay(t *testing.T) {
	if testing.Short() {
		t.Skip("a day takes too long with -short; TestDayOfWebhooks and TestDayOfPolls run")
	}
	each(t, func(d *day) {
		d.polls = []string{"5m", "11m", "23m"}[newDice(d.seed, 4).n(3)]
		d.begin(foul)
		defer d.site.end()
		mishaps := []func(context.Context) error{d.truth, d.forge, d.shut, d.restart, d.rotate, d.fill}
		for _, p := range d.parties {
			mishaps = append(mishaps, func(ctx context.Context) error { return d.outages(ctx, p) })
			if p.meddle != nil {
				mishaps = append(mishaps, func(ctx context.Context) error { return d.meddle(ctx, p) })
			}
		}
		d.during(24*time.Hour, 16*time.Minute, mishaps...)
		d.rest(calm, fair)
		d.healed()
		for _, one := range d.compare() {
			d.t.Error(one)
		}
		d.site.end()
		d.count()
	})
}

// TestDayOfWebhooks: what webhooks tell of is in the ledger within seconds, with nothing polled.
func TestDayOfWebhooks(t *testing.T) {
	each(t, func(d *day) {
		d.polls, d.sweeps = "2400h", "never"
		d.begin(fair)
		defer d.site.end()
		d.during(4*time.Hour, 5*time.Minute, d.prompt)
		d.rest(prompt, fair)
		for _, one := range d.compare("hubspot", "zendesk") { // the others tell of no deletion
			d.t.Error(one)
		}
	})
}

// TestDayOfPolls: where no webhook arrives though vendors believe that all do, polling alone brings everything.
func TestDayOfPolls(t *testing.T) {
	each(t, func(d *day) {
		d.polls = "11m"
		d.begin(night)
		defer d.site.end()
		d.during(5*time.Hour, 8*time.Minute, d.truth)
		d.rest(calm, night)
		for _, one := range d.compare() {
			d.t.Error(one)
		}
		if d.door.took > 0 {
			d.t.Errorf("%d deliveries arrived", d.door.took)
		}
	})
}

// begin has the daemon run, everything read once and the vendors told where to deliver.
func (d *day) begin(sky weather) {
	d.site.start()
	time.Sleep(10 * time.Minute)
	d.site.register()
	for _, p := range d.parties {
		p.wire.set(sky)
	}
}
