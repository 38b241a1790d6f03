package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
	"github.com/millrace/millrace/router/quota"
	"github.com/millrace/millrace/router/register"
)

// hub is a configuration come to life: an open ledger, a client and a quota for each connection, and the router.
type hub struct {
	cfg    *config.Config
	log    *slog.Logger
	engine *boltkv.Engine
	ledger *ledger.Ledger
	rules  *work.Rules
	maps   *mappings
	conns  map[string]*connection
	bus    *bus.Bus
	router *router.Router
	daemon bool
	hooks  *receiving // nil unless a daemon receives webhooks
	office *register.Office

	deciding sync.Mutex // held from reading what a decision is about until it is stored
}

// connection is one configured account in use.
type connection struct {
	config.Connection
	opened any // what the connector returned; implements what its Spec.Does says
	quota  *counted
	signIn *oauth.Source // nil when it does not sign in by OAuth
	clock  *transport.Clock
}

// hubOptions are what a command changes.
type hubOptions struct {
	force     bool         // lift the closing guard
	scope     router.Scope // read nothing else
	noTargets bool         // read only: nothing is delivered
	noSources bool         // nothing is read from vendors
	offline   bool         // no request is made, so secrets need not be known
	daemon    bool         // runs until stopped; others find it
	// network is what vendors are reached by; nil = connections of its own. Only tests need it.
	network http.RoundTripper
}

// openHub opens everything and starts nothing.
func openHub(ctx context.Context, cfg *config.Config, log *slog.Logger, o hubOptions) (*hub, error) {
	giveBallast()
	h := &hub{cfg: cfg, log: log, conns: map[string]*connection{}, daemon: o.daemon}
	var err error
	if h.maps, err = loadMappings(cfg); err != nil {
		return nil, withCode(exitConfig, err)
	}
	rules, notes, err := loadWork(cfg)
	if err != nil {
		return nil, withCode(exitConfig, err)
	}
	h.rules = rules
	for _, note := range notes {
		log.Warn(note)
	}
	survivors, err := loadSurvivors(cfg)
	if err != nil {
		return nil, withCode(exitConfig, err)
	}
	resolver, err := loadResolver(cfg.Identity)
	if err != nil {
		return nil, withCode(exitConfig, err)
	}
	if err := makeDataDir(cfg.Data); err != nil {
		return nil, err
	}
	key, err := sealKey(cfg)
	if err != nil {
		return nil, err
	}
	former, err := formerKeys(cfg)
	if err != nil {
		return nil, err
	}
	if h.engine, err = boltkv.Open(filepath.Join(cfg.Data, ledgerName), boltkv.Options{Buckets: ledger.Buckets()}); err != nil {
		return nil, lockedError(err, cfg.Data, o.daemon)
	}
	h.ledger, err = ledger.Open(h.engine, ledger.Options{Workspace: cfg.Workspace, KindOf: h.maps.kindOf, Key: key, Former: former,
		EraseOnWish: cfg.Privacy.EraseCustomer, Targets: cfg.Targets,
		Reach: h.rules.Watches, Mapper: h.maps, Survivorship: survivors,
		Resolver: resolver, LogKeep: cfg.Identity.LogKeep})
	if err == nil {
		h.office = &register.Office{Store: h.ledger, Now: time.Now}
		err = h.connect(ctx, o.network)
	}
	if err == nil {
		h.bus = bus.InProcess(log)
		err = h.route(o)
	}
	if err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// close ends what openHub opened. The router must have ended.
func (h *hub) close() {
	h.keepRates()
	if h.bus != nil {
		_ = h.bus.Close()
	}
	if err := h.engine.Close(); err != nil {
		h.log.Error("close ledger", "error", err)
	}
	leaveToOwner(h.cfg.Data, ledgerName, ledgerName+".pid", sealFile)
}

// connect opens every connection with its own quota and client. It makes no request.
func (h *hub) connect(ctx context.Context, network http.RoundTripper) error {
	for _, c := range h.cfg.Connections {
		spec := c.Connector.Spec
		gov := &counted{Governor: quota.New(quota.Config{Limits: spec.Limits(c.Values), Share: 1 - c.Share})}
		h.restoreRates(ctx, c.Name, gov.Governor)
		clock := &transport.Clock{}
		client, source, err := transport.Open(transport.Config{Connection: c.Name, Spec: spec, Values: c.Values, Limiter: gov, Clock: clock,
			Tokens: h.ledger.Tokens(), Logger: h.log, Version: version(), Safe: spec.Safe, Base: network})
		if err != nil {
			return withCode(exitConfig, notOpened(c, err))
		}
		env := connectors.Env{Connection: c.Name, Settings: c.Values, HTTP: client, Now: time.Now, Mapped: h.maps.members(c.Name)}
		if source != nil { // a nil *Source in an interface would be something
			env.Tokens = source
		}
		opened, err := c.Connector.Open(env)
		if err != nil {
			return withCode(exitConfig, notOpened(c, err))
		}
		h.conns[c.Name] = &connection{Connection: c, opened: opened, quota: gov, signIn: source, clock: clock}
	}
	return nil
}

// notOpened says why a connection cannot be opened, and what may be the cause where a command runs without its secrets.
func notOpened(c config.Connection, err error) error {
	if len(c.Unknown) > 0 {
		return fmt.Errorf("connection %s: %w; not known here, for its variable is not set or its file cannot be read: %s",
			c.Name, err, strings.Join(slices.Sorted(slices.Values(c.Unknown)), ", "))
	}
	return fmt.Errorf("connection %s: %w", c.Name, err)
}

// route makes the router of the connections.
func (h *hub) route(o hubOptions) error {
	ro := router.Options{KindOf: h.maps.kindOf, Ledger: h.ledger, Bus: h.bus, Rules: h.rules, Attempts: h.cfg.Delivery.Attempts,
		Share: h.cfg.Delivery.CloseShare, Recheck: h.cfg.Delivery.Recheck, Force: o.force, Once: !o.daemon, Log: h.log}
	if !o.noSources && len(o.scope.Connections)+len(o.scope.Streams) == 0 {
		ro.Webhooks = h.parsers()
	}
	for _, c := range h.cfg.Connections {
		if o.noSources {
			break
		}
		conn := h.conns[c.Name]
		streams, wanted := o.streams(c)
		if src, ok := conn.opened.(connectors.Source); ok && wanted {
			getter, _ := conn.opened.(connectors.Getter)
			sweeper, _ := conn.opened.(connectors.Sweeper)
			feeder, _ := conn.opened.(connectors.Feeder)
			ro.Sources = append(ro.Sources, router.SourceConn{Name: c.Name, Source: src, Getter: getter, Sweeper: sweeper,
				Feeder: feeder, Streams: streams, Every: c.Every, Sweep: c.Sweep})
		}
	}
	for _, name := range h.cfg.Targets {
		if o.noTargets {
			break
		}
		conn := h.conns[name]
		target := conn.opened.(connectors.Target)
		batcher, _ := conn.opened.(connectors.Batcher)
		finder, _ := conn.opened.(connectors.Finder)
		rechecker, _ := conn.opened.(connectors.Rechecker)
		redactor, _ := conn.opened.(connectors.Redactor)
		lister, _ := conn.opened.(connectors.Lister)
		locator, _ := conn.opened.(connectors.Locator)
		ro.Targets = append(ro.Targets, router.TargetConn{Name: name, Target: target, Batcher: batcher, Redactor: redactor, Finder: finder, Rechecker: rechecker, Lister: lister,
			Locator: locator, InFlight: inFlight(conn)})
	}
	var err error
	h.router, err = router.New(ro)
	return err
}

// streams returns the streams of a connection that the scope leaves, nil for all, and false when it leaves the connection
// out.
func (o hubOptions) streams(c config.Connection) ([]string, bool) {
	if len(o.scope.Connections) > 0 && !slices.Contains(o.scope.Connections, c.Name) {
		return nil, false
	}
	if len(o.scope.Streams) == 0 {
		return c.Streams, true
	}
	var list []string
	for _, name := range streamsOf(c) {
		if slices.Contains(o.scope.Streams, name) {
			list = append(list, name)
		}
	}
	return list, list != nil
}

// inFlight returns how many items may be written at once: what is configured, or the tightest limit of the account.
func inFlight(c *connection) int {
	most := c.Workers
	for _, l := range c.Connector.Spec.Limits(c.Values) {
		if l.InFlight > 0 && (most == 0 || l.InFlight < most) {
			most = l.InFlight
		}
	}
	return most
}
