package cli

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/receive"
)

// station is the daemon, which is stopped and started again, on a ledger that stays.
type station struct {
	d    *day
	dir  string
	key  string // HubSpot's client secret, as the operator knows it
	logs *logs

	mu       lock // held by whoever looks at the hub, and while it comes and goes
	hub      *hub
	stop     func()
	stored   int64 // by the receivers that are gone
	repeated int64
}

// start starts the daemon: everything that `millrace daemon` runs but its sockets.
func (s *station) start() {
	t := s.d.t
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	find := func(name string) (connectors.Connector, bool) {
		i := slices.IndexFunc(all.List, func(c connectors.Connector) bool { return c.Spec.Name == name })
		return all.List[max(0, i)], i >= 0
	}
	cfg, err := config.Parse(filepath.Join(s.dir, "millrace.yaml"), []byte(s.d.configure(s.dir, s.key)), find, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h, err := openHub(ctx, cfg, slog.New(s.logs), hubOptions{daemon: true, network: s.d.cables})
	if err == nil {
		err = s.receive(ctx, h)
	}
	if err != nil {
		t.Fatal(err)
	}
	var beside sync.WaitGroup
	beside.Go(func() {
		if err := h.router.Run(ctx, drainGrace); err != nil {
			t.Errorf("the router ended: %v", err)
		}
	})
	beside.Go(func() { h.keepRegistered(ctx) })
	s.hub = h
	s.stop = func() {
		s.d.door.open(nil)
		for _, one := range h.hooks.Tallies() {
			s.stored, s.repeated = s.stored+one.Stored, s.repeated+one.Repeated
		}
		cancel()
		beside.Wait()
		h.hooks.Close()
		h.close()
	}
}

// receive makes the receiver as serveWebhooks does, but for its server.
func (s *station) receive(ctx context.Context, h *hub) error {
	known, err := h.registered(ctx)
	if err != nil {
		return err
	}
	hooks, err := webhooksOf(h.cfg, known, false, func(c config.Connection) (any, error) { return h.conns[c.Name].opened, nil })
	if err != nil {
		return err
	}
	o := receiverOptions(h.cfg.Webhooks, hooks, h.log)
	s.d.door.disk.mu.Lock()
	s.d.door.disk.under = receive.Inbox{Ledger: h.ledger}
	s.d.door.disk.mu.Unlock()
	o.Store, o.Stored = s.d.door.disk, h.router.Received
	r, err := receive.New(o)
	if err != nil {
		return err
	}
	h.hooks = &receiving{Receiver: r}
	s.d.door.open(r)
	return h.trustRegistered(ctx, h.hooks)
}

// end stops the daemon.
func (s *station) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hub != nil {
		s.stop()
		s.hub = nil
	}
}

// with looks at the hub unless it is down.
func (s *station) with(fn func(h *hub)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hub != nil {
		fn(s.hub)
	}
}

// register has the vendors told where to deliver, as `millrace webhook register` does.
func (s *station) register() {
	s.d.t.Helper()
	s.with(func(h *hub) {
		for _, c := range h.cfg.Connections {
			one, ok := h.hookAccount(c.Name)
			if !ok {
				continue
			}
			list, _, err := h.office.Register(context.Background(), one.Account)
			if err != nil || len(list) == 0 {
				s.d.t.Fatalf("register %s: %v, %v", c.Name, list, err)
			}
			for _, o := range list {
				if o.Err != nil {
					s.d.t.Fatalf("register %s: %v", c.Name, o.Err)
				}
			}
		}
	})
}

// logs keeps what a daemon says that tests ask for.
type logs struct {
	mu    sync.Mutex
	lines []line
}

type line struct {
	at   time.Time
	text string
	has  map[string]string
}

func (l line) String() string { return l.at.Format("15:04:05 ") + l.text + fmt.Sprint(l.has) }

// Enabled implements slog.Handler.
func (l *logs) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle implements slog.Handler.
func (l *logs) Handle(_ context.Context, r slog.Record) error {
	one := line{at: r.Time, text: r.Message, has: map[string]string{}}
	r.Attrs(func(a slog.Attr) bool { one.has[a.Key] = a.Value.String(); return true })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, one)
	return nil
}

// WithAttrs and WithGroup implement slog.Handler; nothing uses them.
func (l *logs) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler.
func (l *logs) WithGroup(string) slog.Handler { return l }

// about returns what was said of a connection since an instant.
func (l *logs) about(source string, since time.Time) (list []line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.lines {
		if one.has["source"] == source && !one.at.Before(since) {
			list = append(list, one)
		}
	}
	return list
}

// healed reports whether a stream was read again for what its webhooks missed, from an instant or before, and the gap closed.
func (l *logs) healed(source, stream string, since time.Time) bool {
	return slices.ContainsFunc(l.about(source, since), func(one line) bool {
		return one.text == "gap healed" && one.has["stream"] == stream && one.has["gap"] == ledger.HookMissed
	})
}
