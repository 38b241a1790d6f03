package relay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/receive/relay"
)

// shifted is our clock, set ahead.
type shifted struct {
	mu  sync.Mutex
	off time.Duration
}

func (s *shifted) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.off)
}

func (s *shifted) add(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off += d
}

func hubAt(t testing.TB, now func() time.Time) *relay.Hub {
	t.Helper()
	hub, err := relay.NewHub(key, &keeper{}, nil, slog.New(slog.DiscardHandler), now)
	if err != nil {
		t.Fatal(err)
	}
	return hub
}

// gone waits until no receiver counts as there.
func gone(t testing.TB, hub *relay.Hub, at *shifted) {
	t.Helper()
	within(t, "the receivers are gone", func() bool { at.add(time.Minute); return hub.Answers("asana") != nil })
}

// Nothing is created without a receiver that answers, and the error says what to do.
func TestHubKnowsWhoAnswers(t *testing.T) {
	at := &shifted{}
	hub := hubAt(t, at.now)
	at.add(time.Minute) // it was not started just now
	w := newWire(t, hub)
	says := func(what, connection, want string) {
		t.Helper()
		if err := hub.Answers(connection); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
		if _, err := hub.Expect("/hooks/"+connection+"/1", nil); err == nil {
			t.Errorf("%s: a window was opened", what)
		}
	}
	says("nobody", "asana", "start `millrace webhook` there")
	list := batch(1)
	if err := client(t, w.URL, key).Send(t.Context(), "s", list); err != nil {
		t.Fatal(err)
	}
	says("an older one", "asana", "older version")
	s := newStation(t, w.URL, key, "one")
	s.Waiting = func(context.Context) relay.Waiting { return relay.Waiting{Count: 7, Seconds: 3600} }
	s.run()
	within(t, "it is heard", func() bool { return hub.Answers("asana") == nil })
	says("one that does not take it", "desk", "add desk to the connections")
	got := hub.Heard()
	if len(got) != 2 || got[0].Receiver != "one" || got[0].Waiting != 7 || at.now().Sub(got[0].Oldest).Round(time.Minute) != time.Hour {
		t.Errorf("heard: %+v, want one with what waits there, and the older one", got)
	}
	s.stop()
	gone(t, hub, at)
	says("one that is gone", "asana", "no receiver on another host is heard of")
}

// A hub that was started a moment ago waits for its receivers.
func TestHubWaitsForItsReceivers(t *testing.T) {
	hub := newHub(t, &keeper{})
	w := newWire(t, hub)
	s := newStation(t, w.URL, key, "one")
	time.AfterFunc(100*time.Millisecond, s.run)
	if err := hub.Answers("asana"); err != nil {
		t.Error(err)
	}
}

// Whichever of several receivers a vendor comes to knows that a secret is expected, and all know it afterwards.
func TestAllReceiversKnow(t *testing.T) {
	hub := newHub(t, &keeper{})
	w := newWire(t, hub)
	var all []*station
	for _, name := range []string{"one", "two", "three"} {
		s := newStation(t, w.URL, key, name)
		s.run()
		all = append(all, s)
	}
	within(t, "they are heard", func() bool { return len(hub.Heard()) == 3 })
	k := &kept{wait: 50 * time.Millisecond}
	end, err := hub.Expect(path, k.keep)
	if err != nil {
		t.Fatal(err)
	}
	var offers sync.WaitGroup
	for i, s := range all {
		offers.Go(func() { s.offer(path, fmt.Sprintf("secret-offered-to-receiver-%d", i)) })
	}
	offers.Wait()
	end()
	if k.count() != 1 {
		t.Errorf("offered at every receiver at once: %d were kept, want one", k.count())
	}
	for i, s := range all {
		k := &kept{}
		end, err := hub.Expect(path, k.keep)
		if err != nil {
			t.Fatal(err)
		}
		if res := s.offer(path, secret); res.StatusCode != 200 || k.count() != 1 {
			t.Errorf("receiver %d: status %d, %d kept", i, res.StatusCode, k.count())
		}
		end()
		if err := hub.Trust(path, connectors.NewSecret(secret)); err != nil {
			t.Fatal(err)
		}
		for _, other := range all {
			other.want("at every receiver", path, secret, 200)
		}
		if err := hub.Trust(path); err != nil {
			t.Fatal(err)
		}
		for _, other := range all {
			other.want("removed", path, secret, 401)
		}
	}
}

// A receiver that was restarted is one receiver.
func TestRestartedReceiverIsTheSame(t *testing.T) {
	at := &shifted{}
	hub := hubAt(t, at.now)
	w := newWire(t, hub)
	ask := func(name, spool string) {
		t.Helper()
		s := newStation(t, w.URL, key, name)
		s.Spool = spool
		for range 2 { // the first learns the challenge; the second has it, and would wait for news
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			_ = s.Once(ctx)
			cancel()
		}
	}
	ask("one", "first")
	within(t, "the first is gone", func() bool { at.add(time.Minute); ask("one", "second"); return len(hub.Heard()) == 1 })
	if got := hub.Heard()[0]; got.Spool != "second" {
		t.Errorf("heard %+v, want the second start of one receiver", got)
	}
}

// A server ends at once though receivers wait for their answers.
func TestCloseEndsWaiting(t *testing.T) {
	hub := newHub(t, &keeper{})
	server := httptest.NewServer(hub)
	s := newStation(t, server.URL, key, "one")
	s.run()
	within(t, "it is heard", func() bool { return len(hub.Heard()) == 1 })
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	hub.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := server.Config.Shutdown(ctx); err != nil || time.Since(began) > 5*time.Second {
		t.Errorf("ended after %v: %v", time.Since(began), err)
	}
}

// The hub before this protocol knew batches alone. It and a receiver of that time go on to work with those of today.
func TestOlderHubsAndReceivers(t *testing.T) {
	var taken int
	older := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b struct {
			Spool string
			List  []relay.Numbered
		}
		if err := json.NewDecoder(r.Body).Decode(&b); err != nil || b.Spool == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		var upTo uint64
		for _, n := range b.List {
			upTo = n.Number
		}
		taken += len(b.List)
		body, _ := json.Marshal(map[string]any{"up_to": upTo, "stored": len(b.List)})
		w.Header().Set("Millrace-Signature", relay.SignReceipt(key, r.Header.Get("Millrace-Signature"), body))
		_, _ = w.Write(body)
	}))
	defer older.Close()
	s := newStation(t, older.URL, key, "one")
	list := batch(4, 9)
	if err := s.Client.Send(t.Context(), "s", list); err != nil || taken != 2 {
		t.Errorf("an older hub took %d deliveries, %v", taken, err)
	}
	if err := s.Once(t.Context()); err != nil {
		t.Errorf("an older hub was asked: %v", err)
	}

	k := &keeper{}
	hub := newHub(t, k)
	body, _ := json.Marshal(map[string]any{"spool": "s", "sent": time.Now().UTC(), "list": list})
	req := httptest.NewRequest("POST", "/forward", strings.NewReader(string(body)))
	req.Header.Set("Millrace-Door", relay.Door(key))
	req.Header.Set("Millrace-Signature", relay.SignBatch(key, body))
	w := httptest.NewRecorder()
	hub.ServeHTTP(w, req)
	if w.Code != 200 || k.count() != 2 || strings.TrimSpace(w.Body.String()) != `{"up_to":9,"stored":2}` ||
		w.Header().Get("Millrace-Signature") != relay.SignReceipt(key, relay.SignBatch(key, body), w.Body.Bytes()) {
		t.Errorf("an older receiver was answered %d %s", w.Code, w.Body)
	}
}
