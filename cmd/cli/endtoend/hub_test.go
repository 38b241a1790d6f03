package endtoend

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
	"github.com/millrace/millrace/router/quota"
)

// hub is a running hub whose parts a test can reach: what the daemon is, without its socket and ports.
type hub struct {
	v      *vendors
	t      testing.TB
	ledger *ledger.Ledger
	router *router.Router
	opened map[string]any // connections by name
	stop   func()         // ends it; again is harmless
}

// rulesOf is the mapping of each connection.
type rulesOf map[string]mapping.Connection

func (m rulesOf) add(c config.Connection) error {
	rules, err := mapping.Load(mapping.File{Name: c.Name, Data: c.Connector.Spec.Rules})
	vars := map[string]string{}
	for _, s := range c.Connector.Spec.Settings {
		if s.Mapped && s.Kind != connectors.ListSetting {
			vars[s.Name] = c.Values.String(s.Name)
		}
	}
	m[c.Name] = mapping.Connection{Rules: rules, Vars: vars}
	return err
}

func (m rulesOf) kind(connection, object string) canonical.Kind {
	if c := m[connection]; c.Rules != nil {
		return c.Rules.Kind(object)
	}
	return ""
}

// open starts a hub that ends with the test.
func (v *vendors) open() *hub {
	v.t.Helper()
	cfg, err := config.Load(v.config(), find)
	v.ok(err)
	h := &hub{v: v, t: v.t, opened: map[string]any{}}
	maps := rulesOf{}
	for _, c := range cfg.Connections {
		if c.Connector.Spec.Rules != nil {
			v.ok(maps.add(c))
		}
	}
	v.ok(os.MkdirAll(cfg.Data, 0o700))
	engine, err := boltkv.Open(filepath.Join(cfg.Data, "ledger.db"), boltkv.Options{Buckets: ledger.Buckets()})
	v.ok(err)
	rules, err := work.Load(workRules(v, cfg)...)
	v.ok(err)
	h.ledger, err = ledger.Open(engine, ledger.Options{Targets: cfg.Targets, Reach: rules.Watches, Mapper: mapping.NewSet(maps), Key: bytes.Repeat([]byte("k"), 32)})
	v.ok(err)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	o := router.Options{Ledger: h.ledger, Bus: bus.InProcess(log), Rules: rules, Log: log, KindOf: maps.kind}
	for _, c := range cfg.Connections {
		h.connect(c, &o)
	}
	h.router, err = router.New(o)
	v.ok(err)
	h.run(o.Bus, engine)
	return h
}

func workRules(v *vendors, cfg *config.Config) []mapping.File {
	v.t.Helper()
	var files []mapping.File
	for _, name := range cfg.Rules {
		data, err := os.ReadFile(name)
		v.ok(err)
		files = append(files, mapping.File{Name: name, Data: data})
	}
	if files == nil {
		files = append(files, work.Default())
	}
	return files
}

func find(name string) (connectors.Connector, bool) {
	for _, c := range all.List {
		if c.Spec.Name == name {
			return c, true
		}
	}
	return connectors.Connector{}, false
}

// connect opens a connection the way the program does.
func (h *hub) connect(c config.Connection, o *router.Options) {
	h.t.Helper()
	spec := c.Connector.Spec
	client, source, err := transport.Open(transport.Config{Connection: c.Name, Spec: spec, Values: c.Values, Safe: spec.Safe,
		Limiter: quota.New(quota.Config{Limits: spec.Limits(c.Values)}), Tokens: h.ledger.Tokens()})
	h.v.ok(err)
	env := connectors.Env{Connection: c.Name, Settings: c.Values, HTTP: client, Now: time.Now}
	if source != nil {
		env.Tokens = source
	}
	opened, err := c.Connector.Open(env)
	h.v.ok(err)
	h.opened[c.Name] = opened
	if w, ok := opened.(connectors.Webhook); ok && h.v.hooks {
		if o.Webhooks == nil {
			o.Webhooks = map[string]connectors.Webhook{}
		}
		o.Webhooks[c.Name] = w
	}
	if src, ok := opened.(connectors.Source); ok {
		getter, _ := opened.(connectors.Getter)
		sweeper, _ := opened.(connectors.Sweeper)
		feeder, _ := opened.(connectors.Feeder)
		o.Sources = append(o.Sources, router.SourceConn{Name: c.Name, Source: src, Getter: getter, Sweeper: sweeper, Feeder: feeder, Every: c.Every, Sweep: c.Sweep})
	}
	if target, ok := opened.(connectors.Target); ok {
		batcher, _ := opened.(connectors.Batcher)
		finder, _ := opened.(connectors.Finder)
		locator, _ := opened.(connectors.Locator)
		o.Targets = append(o.Targets, router.TargetConn{Name: c.Name, Target: target, Batcher: batcher, Finder: finder, Locator: locator,
			InFlight: 10})
	}
}

func (h *hub) run(b *bus.Bus, engine *boltkv.Engine) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.router.Run(ctx, 5*time.Second) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, b.Close(), engine.Close()); err != nil {
			h.t.Errorf("stop the hub: %v", err)
		}
	})
	h.t.Cleanup(h.stop)
}

// settle reads what is new and waits until it is shown.
func (h *hub) settle() {
	h.t.Helper()
	h.wait(func(ctx context.Context) error { return h.router.Backfill(ctx, router.Scope{}) })
}

// shown waits until everything that is known is fetched and shown; it reads nothing new by polling.
func (h *hub) shown() {
	h.t.Helper()
	h.wait(h.router.Settle)
}

func (h *hub) wait(what func(context.Context) error) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := what(ctx); err != nil {
		problems, _ := h.router.Problems(context.Background())
		totals, _ := h.ledger.Totals(context.Background())
		h.t.Fatalf("%v; problems %v, totals %+v", err, problems, totals)
	}
}

// until waits for a condition.
func (h *hub) until(what string, done func() bool) {
	h.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			st, _ := h.ledger.Status(context.Background())
			h.t.Fatalf("not within 20 s: %s; %+v", what, st)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// noProblems wants nothing left behind: no problem, no dead letter.
func (h *hub) noProblems() {
	h.t.Helper()
	problems, err := h.router.Problems(context.Background())
	h.v.ok(err)
	letters, _, err := h.ledger.DeadList(context.Background(), "", "", 10)
	h.v.ok(err)
	if len(problems)+len(letters) > 0 {
		h.t.Errorf("got the problems %v and the dead letters %+v, want none", problems, letters)
	}
}

// raw returns a record as the ledger keeps it, nil when it does not know it.
func (h *hub) raw(ref string) []byte {
	h.t.Helper()
	r, err := connectors.ParseRef(ref)
	h.v.ok(err)
	var data []byte
	err = h.ledger.Snapshot(context.Background(), func(s *ledger.Snap) error {
		var err error
		data, err = s.Raw(r)
		return err
	})
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	h.v.ok(err)
	return data
}

// linked returns the ids that the raw record lists as associated.
func (h *hub) linked(ref, to string) []string {
	h.t.Helper()
	var ids []string
	for _, id := range gjson.GetBytes(h.raw(ref), "associations."+to+".results.#.id").Array() {
		ids = append(ids, id.String())
	}
	return ids
}

func hubspotPipeline(stages []string) hubspottest.Pipeline {
	p := hubspottest.Pipeline{ID: "odd", Label: "Odd"}
	for i, label := range stages {
		p.Stages = append(p.Stages, hubspottest.Stage{ID: string(rune('a' + i)), Label: label, Probability: "0.5"})
	}
	return p
}
