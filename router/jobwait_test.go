package router

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
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

// vendorJob is a source whose second page the vendor still works on.
type vendorJob struct {
	mu    sync.Mutex
	times []time.Time
}

const jobTakes = 300 * time.Millisecond

func (*vendorJob) Streams(context.Context) ([]connectors.Stream, error) {
	return []connectors.Stream{{Name: "contacts", Object: "contacts", Every: time.Hour}}, nil
}

func (s *vendorJob) Read(_ context.Context, _ string, after connectors.Cursor) (connectors.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times = append(s.times, time.Now())
	if after != "" {
		return connectors.Page{Next: after}, nil
	}
	return connectors.Page{Next: "job", More: true, Wait: jobTakes}, nil
}

func (s *vendorJob) reads() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.times
}

type noMapper struct{}

func (noMapper) Version() string { return "1" }
func (noMapper) Map(connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	return canonical.Profile{}, mapping.Outcome{}, nil
}

// TestPageThatIsNotReadyIsNotAskedFor: a page that says how long the vendor still works on the next one is followed by
// no read, neither ahead nor by a nudge, until then.
func TestPageThatIsNotReadyIsNotAskedFor(t *testing.T) {
	engine, err := boltkv.Open(filepath.Join(t.TempDir(), "ledger.db"), boltkv.Options{Buckets: ledger.Buckets()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	rules, err := work.Load(work.Default())
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(engine, ledger.Options{Mapper: noMapper{}, Reach: rules.Watches})
	if err != nil {
		t.Fatal(err)
	}
	log, src := slog.New(slog.NewTextHandler(io.Discard, nil)), &vendorJob{}
	r, err := New(Options{Ledger: l, Bus: bus.InProcess(log), Rules: rules, Log: log, Sources: []SourceConn{{Name: "crm", Source: src}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, time.Second) }()
	t.Cleanup(func() { cancel(); <-ended })
	within(t, "the page is read once the job is done", func() bool { return len(src.reads()) == 2 })
	if reads := src.reads(); reads[1].Sub(reads[0]) < jobTakes {
		t.Errorf("the next page was asked for %v after it was said to take %v", reads[1].Sub(reads[0]), jobTakes)
	}
}
