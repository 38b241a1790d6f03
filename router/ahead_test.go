package router

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
)

// twoPages is a source of two pages, polled once an hour.
type twoPages struct{ reads atomic.Int32 }

func (s *twoPages) Streams(context.Context) ([]connectors.Stream, error) {
	return []connectors.Stream{{Name: "contacts", Object: "contacts", Every: time.Hour}}, nil
}

func (s *twoPages) Read(_ context.Context, _ string, after connectors.Cursor) (connectors.Page, error) {
	s.reads.Add(1)
	if after != "" {
		return connectors.Page{Next: after}, nil
	}
	rec := connectors.Record{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: "1"}, Version: time.Unix(1, 0), Data: []byte(`{}`)}
	return connectors.Page{Records: []connectors.Record{rec}, Next: "2", More: true}, nil
}

// slowMapper maps nothing until it is let go.
type slowMapper struct {
	entered, release chan struct{}
}

func (m slowMapper) Version() string { return "1" }
func (m slowMapper) Map(connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	close(m.entered)
	<-m.release
	return canonical.Profile{Kind: canonical.Person}, mapping.Outcome{}, nil
}

// TestRequestDuringReadAhead: somebody asks for a pass while a page is applied and the next one is already being read.
// That read began earlier, so it does not satisfy him; and he must not wait for the next interval either.
func TestRequestDuringReadAhead(t *testing.T) {
	engine, err := boltkv.Open(filepath.Join(t.TempDir(), "ledger.db"), boltkv.Options{Buckets: ledger.Buckets()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	rules, err := work.Load(work.Default())
	if err != nil {
		t.Fatal(err)
	}
	m := slowMapper{make(chan struct{}), make(chan struct{})}
	l, err := ledger.Open(engine, ledger.Options{Mapper: m, Reach: rules.Watches})
	if err != nil {
		t.Fatal(err)
	}
	log, src := slog.New(slog.NewTextHandler(io.Discard, nil)), &twoPages{}
	r, err := New(Options{Ledger: l, Bus: bus.InProcess(log), Rules: rules, Log: log, Sources: []SourceConn{{Name: "crm", Source: src}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, time.Second) }()
	t.Cleanup(func() { cancel(); <-ended })

	<-m.entered
	within(t, "the second page is read ahead", func() bool { return src.reads.Load() == 2 })
	s := r.stream("crm/contacts")
	done := s.request()
	within(t, "the nudge is heard while the page is applied", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.again
	})
	close(m.release)
	select {
	case err := <-done:
		if err != nil || src.reads.Load() != 3 {
			t.Errorf("got %v after %d reads, want nil after 3", err, src.reads.Load())
		}
	case <-time.After(10 * time.Second):
		t.Error("the request was forgotten until the next interval")
	}
}

func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}
