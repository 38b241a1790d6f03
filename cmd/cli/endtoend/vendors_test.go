package endtoend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/cli"
	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/sandbox/world"
)

// vendors are a simulated HubSpot and Asana with the configuration that joins them.
type vendors struct {
	t         testing.TB
	dir       string
	clock     *sandbox.Clock // of both vendors
	hubspot   *hubspottest.Server
	asana     *asanatest.Server
	faults    *sandbox.Plan // of HubSpot
	calls     *sandbox.Log  // of HubSpot
	asFaults  *sandbox.Plan
	asCalls   *sandbox.Log
	tampering *tamper // between HubSpot and the hub
	hooks     bool    // the hub parses the webhooks in its inbox

	hs, as map[string]string // settings of the two connections
	extra  string            // further connections, as lines of YAML
	rules  []string          // files of work rules
}

const (
	hubspotToken  = hubspottest.DefaultToken
	asanaToken    = asanatest.DefaultToken
	webhookSecret = "the-apps-client-secret"
)

// start starts the vendors without records. change may shape the HubSpot account.
func start(t testing.TB, change ...func(*hubspottest.Options)) *vendors {
	t.Helper()
	v := &vendors{t: t, dir: t.TempDir(), clock: sandbox.NewClock(time.Time{}), faults: sandbox.NewPlan(1), calls: sandbox.NewLog(0),
		asFaults: sandbox.NewPlan(1), asCalls: sandbox.NewLog(0), tampering: &tamper{}}
	opt := hubspottest.Options{Clock: v.clock, Plan: v.faults, Log: v.calls}
	for _, c := range change {
		c(&opt)
	}
	v.hubspot = hubspottest.New(opt)
	v.tampering.next = v.hubspot.Handler()
	v.asana = asanatest.New(asanatest.Options{Now: v.clock.Now})
	wrapped := sandbox.Wrap(v.asana.Handler(), sandbox.Options{Clock: v.clock, Plan: v.asFaults, Log: v.asCalls, State: v.asana.State})
	v.hs = map[string]string{"connector": "hubspot", "token": hubspotToken, "base_url": v.listen(v.tampering), "index_lag": "0s",
		"requests_per_10s": "100000", "searches_per_second": "1000", "webhook_secret": webhookSecret}
	v.as = map[string]string{"connector": "asana", "token": asanaToken, "base_url": v.listen(wrapped) + "/api/1.0",
		"workspace": v.asana.Workspace(), "requests_per_minute": "600000"}
	return v
}

// listen serves a vendor until the test ends and returns its address.
func (v *vendors) listen(h httpHandler) string {
	v.t.Helper()
	s, err := sandbox.Listen(h, "")
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			v.t.Errorf("close vendor: %v", err)
		}
	})
	return s.URL
}

// account is a HubSpot account as somebody with its token reaches it.
type account struct {
	*hubspottest.Server
	url, token string
}

func (v *vendors) first() account { return account{v.hubspot, v.hs["base_url"], hubspotToken} }

// second starts another HubSpot account and adds it as the connection hubspot2. Its ids are the same as the first's.
func (v *vendors) second() account {
	v.t.Helper()
	a := account{token: "pat-of-the-second-account"}
	a.Server = hubspottest.New(hubspottest.Options{Clock: v.clock, PortalID: 44237314, Tokens: []string{a.token}})
	a.url = v.listen(a.Handler())
	v.extra += fmt.Sprintf("  hubspot2: {connector: hubspot, token: %s, base_url: %q, index_lag: 0s, requests_per_10s: 100000, searches_per_second: 1000}\n",
		a.token, a.url)
	return a
}

// write writes a file beside the configuration.
func (v *vendors) write(name, text string) string {
	v.t.Helper()
	path := filepath.Join(v.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		v.t.Fatal(err)
	}
	return path
}

// config writes the configuration a person would write and returns its path.
func (v *vendors) config() string {
	v.t.Helper()
	var b strings.Builder
	b.WriteString("data: data\nadmin: {listen: \"\"}\nlog: {level: error, format: json}\n")
	if len(v.rules) > 0 {
		fmt.Fprintf(&b, "rules: [%s]\n", strings.Join(v.rules, ", "))
	}
	b.WriteString("connections:\n")
	for _, c := range []struct {
		name     string
		settings map[string]string
	}{{"hubspot", v.hs}, {"asana", v.as}} {
		fmt.Fprintf(&b, "  %s:\n", c.name)
		for _, key := range slices.Sorted(maps.Keys(c.settings)) {
			value := c.settings[key]
			if !strings.HasPrefix(value, "[") { // a list is written as it is
				value = fmt.Sprintf("%q", value)
			}
			fmt.Fprintf(&b, "    %s: %s\n", key, value)
		}
	}
	b.WriteString(v.extra)
	return v.write("millrace.yaml", b.String())
}

// outcome is how a command ended.
type outcome struct {
	code     int
	out, err string
}

// millrace runs one command line.
func (v *vendors) millrace(args ...string) outcome {
	v.t.Helper()
	var out, errOut bytes.Buffer
	code := cli.Main(all.List, append([]string{"--config", v.config()}, args...), strings.NewReader(""), &out, &errOut)
	return outcome{code, out.String(), errOut.String()}
}

// summary is the last line of `backfill --json`.
type summary struct {
	Records struct{ Read, Applied, Unchanged, Stale, Filtered, Dead int64 }
	Items   struct{ Created, Updated, Closed, Dead int64 } `json:"work_items"`
	// Customers counts people and organizations.
	Customers int64
	Held      map[string]int64
}

// backfill runs a backfill that must end well.
func (v *vendors) backfill(args ...string) summary {
	v.t.Helper()
	o := v.millrace(append([]string{"backfill", "--json", "--give-up", "60s"}, args...)...)
	if o.code != 0 {
		v.t.Fatalf("backfill ended with %d, want 0:\n%s%s", o.code, o.out, o.err)
	}
	var s summary
	v.decode(o.out, &s)
	return s
}

// report is what `status --json` writes, as far as tests look at it.
type report struct {
	Ready    bool
	Problems []string
	Streams  []struct {
		Connection, Stream string
		Complete           time.Time
		Failure            struct {
			Attempts    int
			Kind, Error string
		}
	}
	Targets   []struct{ Backlog, Shown, Held int64 }
	Records   map[string]int64
	Customers int64
	Dead      int64
	Gaps      []struct{ Stream, Kind, Reason string }
}

func (v *vendors) status() report {
	v.t.Helper()
	o := v.millrace("status", "--json")
	if o.code != 0 {
		v.t.Fatalf("status ended with %d, want 0: %s", o.code, o.err)
	}
	var r report
	v.decode(o.out, &r)
	return r
}

func (v *vendors) decode(text string, into any) {
	v.t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		v.t.Fatalf("decode %q: %v", text, err)
	}
}

// create makes a HubSpot record.
func (v *vendors) create(object string, properties map[string]string) string {
	v.t.Helper()
	id, err := v.hubspot.Create(object, properties)
	v.ok(err)
	return id
}

// person makes a contact with a name and a personal address.
func (v *vendors) person(given string) string {
	v.t.Helper()
	return v.create("contacts", map[string]string{"firstname": given, "lastname": "Novak", "email": strings.ToLower(given) + "@novak.example"})
}

func (v *vendors) people(n int) []string {
	v.t.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = v.person(fmt.Sprintf("P%03d", i))
	}
	return ids
}

func (v *vendors) ok(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// later lets the vendors' clock pass the second that HTTP dates count in.
func (v *vendors) later() { v.clock.Advance(2 * time.Second) }

// audit asks the vendors: nothing missing, nothing twice.
func (v *vendors) audit() {
	v.t.Helper()
	w := world.World{HubSpot: v.hubspot, Asana: v.asana}
	if missing, doubled := w.Audit(); missing+doubled > 0 {
		v.t.Errorf("%d items are missing and %d are there twice, want 0 and 0", missing, doubled)
	}
}
