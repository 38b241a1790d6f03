package spool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
	"github.com/millrace/millrace/router/receive"
	"github.com/millrace/millrace/router/receive/relay"
	"github.com/millrace/millrace/router/receive/spool"
)

var _ receive.Store = (*spool.Spool)(nil)

func open(t testing.TB, path string, most int64) *spool.Spool {
	t.Helper()
	s, err := spool.Open(path, most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func arrivals(from, n, size int) (list []ledger.Arrival) {
	for i := range n {
		list = append(list, ledger.Arrival{Connection: "crm", Request: connectors.Delivery{Method: "POST", URL: "https://hooks.example.com/hooks/crm",
			Body: append(fmt.Appendf(nil, "%06d ", from+i), bytes.Repeat([]byte("x"), size)...), Received: time.Now()}})
	}
	return list
}

// drain takes everything, as a hub that stores it would.
func drain(t testing.TB, s *spool.Spool) (spools []string, bodies []string, numbers []uint64) {
	t.Helper()
	for {
		b, err := s.Take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(b.List) == 0 {
			return spools, bodies, numbers
		}
		for _, n := range b.List {
			bodies, numbers = append(bodies, string(n.Request.Body[:6])), append(numbers, n.Number)
		}
		spools = append(spools, b.Spool)
		if err := s.Forget(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSpoolKeepsTheOrderAcrossRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spool.db")
	s := open(t, path, 1<<30)
	for i := range 700 {
		if err := s.Put(t.Context(), arrivals(i, 1, 10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, 1<<30)
	if err := s.Put(t.Context(), arrivals(700, 100, 10)); err != nil {
		t.Fatal(err)
	}
	if w, err := s.Waiting(t.Context()); err != nil || w.Count != 800 || w.Oldest.IsZero() || w.Full {
		t.Errorf("waiting: %+v and %v, want 800", w, err)
	}
	spools, bodies, numbers := drain(t, s)
	if len(bodies) != 800 {
		t.Fatalf("%d deliveries, want 800", len(bodies))
	}
	for i, body := range bodies {
		if body != fmt.Sprintf("%06d", i) || i > 0 && numbers[i] <= numbers[i-1] {
			t.Fatalf("delivery %d is %s with number %d", i, body, numbers[i])
		}
	}
	// Were the name the same, a spool restored from a backup would number new deliveries like ones that the hub has.
	if len(spools) != 3 || spools[0] != spools[1] || spools[1] == spools[2] {
		t.Errorf("batches of the spools %v, want two of the first and one of the second, which has another name", spools)
	}
	if w, err := s.Waiting(t.Context()); err != nil || w.Count != 0 || w.Bytes != 0 {
		t.Errorf("waiting in the end: %+v and %v", w, err)
	}
}

// A number that was given once may be known to the hub, whatever became of the commit.
func TestNumbersAreNeverGivenTwice(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "spool.db"), 1<<30)
	ended, end := context.WithCancel(context.Background())
	end()
	if err := s.Put(ended, arrivals(0, 5, 10)); err == nil {
		t.Fatal("stored though the context had ended")
	}
	if err := s.Put(t.Context(), arrivals(5, 1, 10)); err != nil {
		t.Fatal(err)
	}
	if _, _, numbers := drain(t, s); len(numbers) != 1 || numbers[0] != 6 {
		t.Errorf("numbers %v, want 6 behind the five that failed", numbers)
	}
}

func TestFullSpoolRefuses(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "spool.db"), 100_000)
	stored := 0
	var err error
	for ; err == nil && stored < 1000; stored++ {
		err = s.Put(t.Context(), arrivals(stored, 1, 1000))
	}
	if stored--; !errors.Is(err, spool.ErrFull) || stored < 50 || stored > 100 {
		t.Fatalf("after %d deliveries of a kilobyte: %v, want %v", stored, err, spool.ErrFull)
	}
	if w, _ := s.Waiting(t.Context()); !w.Full || w.Bytes > 100_000 {
		t.Errorf("waiting: %+v, want it full", w)
	}
	if _, bodies, _ := drain(t, s); len(bodies) != stored {
		t.Errorf("%d deliveries, want the %d that were stored", len(bodies), stored)
	}
	if err := s.Put(t.Context(), arrivals(0, 1, 1000)); err != nil {
		t.Errorf("after it was emptied: %v", err)
	}
}

func TestRoomIsGivenBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spool.db")
	s := open(t, path, 1<<30)
	for i := range 50 {
		if err := s.Put(t.Context(), arrivals(i*100, 100, 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	before := size(t, path)
	drain(t, s)
	if err := s.Shrink(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := size(t, path); before < 45<<20 || after > 17<<20 { // bbolt grows by 16 MiB at a time
		t.Errorf("the file had %d bytes and has %d when nothing waits", before, after)
	}
	if err := s.Put(t.Context(), arrivals(0, 1, 10)); err != nil {
		t.Error(err)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

type noMapper struct{}

func (noMapper) Version() string { return "1" }
func (noMapper) Map(connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	return canonical.Profile{}, mapping.Outcome{}, nil
}

// hub is a hub's ledger behind a network that loses answers.
type hub struct {
	*ledger.Ledger
	away, lossy atomic.Bool
	requests    atomic.Int64
}

func newHub(t *testing.T) *hub {
	t.Helper()
	engine, err := boltkv.Open(filepath.Join(t.TempDir(), "ledger.db"), boltkv.Options{Buckets: ledger.Buckets()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	l, err := ledger.Open(engine, ledger.Options{Mapper: noMapper{}})
	if err != nil {
		t.Fatal(err)
	}
	return &hub{Ledger: l}
}

func (h *hub) PutForwarded(ctx context.Context, spool string, list []ledger.Forwarded) (int, error) {
	n := h.requests.Add(1)
	if h.away.Load() {
		return 0, errors.New("away")
	}
	stored, err := h.Ledger.PutForwarded(ctx, spool, list)
	if err == nil && h.lossy.Load() && n%2 == 0 {
		return 0, errors.New("the answer was lost")
	}
	return stored, err
}

// Whatever the network does, every delivery is in the hub once, and the spool is empty.
func TestForwardedOnceThroughABadNetwork(t *testing.T) {
	key := connectors.NewSecret(strings.Repeat("k", 32))
	h := newHub(t)
	h.away.Store(true)
	handler, err := relay.NewHub(key, h, nil, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	client, err := relay.NewClient(server.URL, key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	s := open(t, filepath.Join(t.TempDir(), "spool.db"), 1<<30)
	f := &spool.Forwarder{Spool: s, To: client, Log: slog.New(slog.DiscardHandler)}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { f.Run(ctx) })
	defer func() { stop(); all.Wait() }()
	put := func(from, n int) {
		for i := range n {
			if err := s.Put(t.Context(), arrivals(from+i, 1, 100)); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(0, 600)
	within(t, "the forwarder has noticed", func() bool { _, err := f.Trouble(); return err != nil })
	h.lossy.Store(true)
	h.away.Store(false)
	put(600, 600)
	within(t, "the spool is empty", func() bool { w, _ := s.Waiting(t.Context()); return w.Count == 0 })
	counts := map[string]int{}
	for {
		list, err := h.TakeInbox(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		var parsed []ledger.Parsed
		for _, d := range list {
			counts[string(d.Request.Body[:6])]++
			parsed = append(parsed, ledger.Parsed{ID: d.ID})
		}
		if err := h.SettleInbox(t.Context(), parsed); err != nil {
			t.Fatal(err)
		}
	}
	for body, n := range counts {
		if n != 1 {
			t.Errorf("delivery %s is there %d times", body, n)
		}
	}
	if len(counts) != 1200 {
		t.Errorf("%d deliveries in the hub, want 1200", len(counts))
	}
	if since, err := f.Trouble(); err != nil || !since.IsZero() {
		t.Errorf("in the end there is still trouble since %v: %v", since, err)
	}
}

func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
