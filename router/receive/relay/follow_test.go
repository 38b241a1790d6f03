package relay_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/receive/relay"
)

const (
	path    = "/hooks/asana/1"
	secret  = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81"
	another = "another-secret-of-somebody-else"
)

// A vendor's secret is taken through a receiver on another host while the hub expects one there, once, and not before the hub
// has it.
func TestSecretIsTakenThroughAReceiver(t *testing.T) {
	hub := newHub(t, &keeper{})
	w := newWire(t, hub)
	s := newStation(t, w.URL, key, "one")
	s.run()
	within(t, "the receiver is heard", func() bool { return len(hub.Heard()) == 1 })
	if res := s.offer(path, secret); res.StatusCode != 401 {
		t.Errorf("offered before anybody registers: status %d, want 401", res.StatusCode)
	}
	k := &kept{}
	end, err := hub.Expect(path, k.keep)
	if err != nil {
		t.Fatal(err)
	}
	if res := s.offer("/hooks/asana/2", secret); res.StatusCode != 401 {
		t.Errorf("offered at another path: status %d, want 401", res.StatusCode)
	}
	res := s.offer(path, secret)
	if res.StatusCode != 200 || res.Header.Get("X-Hook-Secret") != secret || !slices.Equal(k.list, []string{secret}) {
		t.Errorf("offered: status %d, %d secrets kept", res.StatusCode, k.count())
	}
	s.want("signed with it at once", path, secret, 200)
	if res := s.offer(path, another); res.StatusCode != 401 || k.count() != 1 {
		t.Errorf("offered again: status %d, %d secrets kept", res.StatusCode, k.count())
	}
	end()
	if err := hub.Trust(path, connectors.NewSecret(secret)); err != nil {
		t.Fatal(err)
	}
	s.want("signed with it", path, secret, 200)
	s.want("signed with another", path, another, 401)
	if err := hub.Trust(path); err != nil {
		t.Fatal(err)
	}
	s.want("after it was removed", path, secret, 401)
}

// What the hub could not make durable is not accepted, and what it takes too late is not either: the vendor would sign with what
// nobody may know.
func TestNothingIsAcceptedThatTheHubHasNot(t *testing.T) {
	hub := newHub(t, &keeper{})
	w := newWire(t, hub)
	s := newStation(t, w.URL, key, "one")
	s.Patient(300 * time.Millisecond)
	s.run()
	late := make(chan struct{})
	for _, tt := range []struct {
		name string
		keep error
		do   func(http.ResponseWriter, *http.Request, relay.Batch) bool
	}{
		{name: "the ledger fails", keep: errDisk},
		{name: "the hub is away", do: func(res http.ResponseWriter, _ *http.Request, b relay.Batch) bool {
			if isOffer(b) {
				res.WriteHeader(http.StatusBadGateway)
			}
			return isOffer(b)
		}},
		{name: "the hub is late", do: func(_ http.ResponseWriter, r *http.Request, b relay.Batch) bool {
			if isOffer(b) {
				select {
				case <-late:
				case <-r.Context().Done():
				}
			}
			return isOffer(b)
		}},
		{name: "a stranger says yes", do: func(res http.ResponseWriter, _ *http.Request, b relay.Batch) bool {
			if isOffer(b) {
				fmt.Fprint(res, `{"up_to":0,"stored":0,"tell":{"challenge":"x","tag":"x","taken":true}}`)
			}
			return isOffer(b)
		}},
	} {
		k := &kept{err: tt.keep}
		end, err := hub.Expect(path, k.keep)
		if err != nil {
			t.Fatal(err)
		}
		w.do(tt.do)
		began := time.Now()
		if res := s.offer(path, secret); res.StatusCode != 503 || res.Header.Get("X-Hook-Secret") != "" || k.count() > 0 {
			t.Errorf("%s: status %d, %d secrets kept, want 503", tt.name, res.StatusCode, k.count())
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: the vendor waited %v", tt.name, took)
		}
		s.want(tt.name, path, secret, 401)
		w.do(nil)
		end()
	}
	close(late)
}

func isOffer(b relay.Batch) bool { return b.Ask != nil && b.Ask.Offer != nil }

// Strangers' offers cost the hub nothing, and where one is expected one question.
func TestStrangersDoNotReachTheHub(t *testing.T) {
	hub := newHub(t, &keeper{})
	w := newWire(t, hub)
	s := newStation(t, w.URL, key, "one")
	s.run()
	within(t, "the receiver is heard", func() bool { return len(hub.Heard()) == 1 })
	time.Sleep(200 * time.Millisecond) // its second question waits by now
	before := w.count()
	for i := range 2000 {
		if res := s.offer(fmt.Sprintf("/hooks/asana/%d", i%50), fmt.Sprintf("secret-of-a-stranger-%d", i)); res.StatusCode != 401 {
			t.Fatalf("offer %d: status %d, want 401", i, res.StatusCode)
		}
	}
	if got := w.count(); got != before {
		t.Errorf("2000 offers that nobody expects made %d requests to the hub", got-before)
	}
	k := &kept{}
	end, err := hub.Expect(path, k.keep)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() { s.offer(path, fmt.Sprintf("secret-of-a-stranger-%d", i)) })
	}
	all.Wait()
	if got := w.offers(); len(got) != 1 || k.count() != 1 {
		t.Errorf("200 offers where one is expected: %d reached the hub, %d were kept; want one", len(got), k.count())
	}
}

// What was recorded on its way is worth nothing later, in either direction.
func TestRecordedExchangesAreWorthNothing(t *testing.T) {
	at := &shifted{}
	hub := hubAt(t, at.now)
	w := newWire(t, hub)
	s := newStation(t, w.URL, key, "one")
	s.run()
	first := &kept{}
	end, err := hub.Expect(path, first.keep)
	if err != nil {
		t.Fatal(err)
	}
	s.offer(path, secret)
	end()
	if first.count() != 1 {
		t.Fatal("the offer was not taken")
	}
	if body := w.offers()[0].body; bytes.Contains(body, []byte(secret)) {
		t.Error("the secret travels as it is")
	}
	second := &kept{}
	if end, err = hub.Expect(path, second.keep); err != nil {
		t.Fatal(err)
	}
	defer end()
	if w.again(w.offers()[0]); second.count() != 0 {
		t.Error("an offer of another window was taken")
	}
	s.stop()
	gone(t, hub, at)
	at.add(3 * time.Minute)
	heard := hub.Heard()[0].At
	w.mu.Lock()
	asks := slices.Clone(w.asks)
	w.mu.Unlock()
	for _, r := range asks {
		if r.batch.Ask != nil {
			w.again(r)
		}
	}
	if got := hub.Heard()[0].At; !got.Equal(heard) {
		t.Errorf("recorded questions count as heard at %v, not %v", got, heard)
	}
	if hub.Answers("asana") == nil {
		t.Error("a receiver whose questions were recorded counts as one that answers")
	}
	// The hub ceased to trust the secret; whoever plays its older answers does not change that.
	if err := hub.Trust(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.want("after it was removed", path, secret, 401)
	for _, r := range asks {
		w.do(func(res http.ResponseWriter, _ *http.Request, _ relay.Batch) bool { replay(res, r.answer); return true })
		if err := s.Once(t.Context()); err == nil {
			t.Error("an older answer of the hub was believed")
		}
	}
	s.want("after older answers", path, secret, 401)
}

// Nobody is told anything, and nobody is believed, without the key.
func TestOtherKeys(t *testing.T) {
	hub := newHub(t, &keeper{})
	w := newWire(t, hub)
	if err := hub.Trust(path, connectors.NewSecret(secret)); err != nil {
		t.Fatal(err)
	}
	s := newStation(t, w.URL, connectors.NewSecret(strings.Repeat("x", 32)), "one")
	if err := s.Once(t.Context()); err == nil || !strings.Contains(err.Error(), "forward.key") {
		t.Errorf("another key: got %v", err)
	}
	s.want("told under another key", path, secret, 401)
	if len(hub.Heard()) != 0 {
		t.Error("somebody without the key counts as heard")
	}
}

// What was told holds after a restart while the hub is away, nobody reads it on the disk, and configured secrets hold as well.
func TestToldSecretsSurviveWithoutTheHub(t *testing.T) {
	hub := newHub(t, &keeper{})
	w := newWire(t, hub)
	if err := hub.Trust(path, connectors.NewSecret(another), connectors.NewSecret(secret)); err != nil {
		t.Fatal(err)
	}
	s := newStation(t, w.URL, key, "one")
	if err := s.Once(t.Context()); err != nil { // the challenge
		t.Fatal(err)
	}
	s.want("told", path, secret, 200)
	w.Close()
	sealed := s.vault.sealed
	if len(sealed) == 0 || bytes.Contains(sealed, []byte(secret)) || bytes.Contains(sealed, []byte("asana")) {
		t.Fatalf("%d bytes on the disk, or they show what they hold", len(sealed))
	}
	restart := func(key connectors.Secret, sealed []byte) (*station, error) {
		next := newStation(t, w.URL, key, "one")
		next.vault.sealed = sealed
		return next, next.Restore(t.Context())
	}
	next, err := restart(key, sealed)
	if err != nil {
		t.Fatal(err)
	}
	next.want("after a restart", path, secret, 200)
	next.want("the older one after a restart", path, another, 200)
	next.want("at another path after a restart", "/hooks/asana/2", secret, 401)
	for name, change := range map[string]func() (*station, error){
		"another key": func() (*station, error) { return restart(connectors.NewSecret(strings.Repeat("x", 32)), sealed) },
		"damaged":     func() (*station, error) { return restart(key, append([]byte{1}, sealed...)) },
		"not ours": func() (*station, error) {
			return restart(key, relay.SealKept(connectors.NewSecret(strings.Repeat("y", 32)), []byte("[]")))
		},
	} {
		next, err := change()
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got error %v", name, err)
		}
		next.want(name, path, secret, 401)
	}
}

// A secret that is taken is on the receiver's disk before the vendor hears that it is.
func TestTakenSecretIsOnTheDisk(t *testing.T) {
	hub := newHub(t, &keeper{})
	w := newWire(t, hub)
	s := newStation(t, w.URL, key, "one")
	s.run()
	k := &kept{}
	end, err := hub.Expect(path, k.keep)
	if err != nil {
		t.Fatal(err)
	}
	s.vault.fail(errDisk)
	if res := s.offer(path, secret); res.StatusCode != 503 || res.Header.Get("X-Hook-Secret") != "" {
		t.Errorf("the disk refuses: status %d, want 503", res.StatusCode)
	}
	end()
	s.vault.fail(nil)
	if end, err = hub.Expect(path, k.keep); err != nil {
		t.Fatal(err)
	}
	w.do(func(_ http.ResponseWriter, r *http.Request, b relay.Batch) bool { // the next answer never comes
		if !isOffer(b) {
			<-r.Context().Done()
		}
		return !isOffer(b)
	})
	if res := s.offer(path, another); res.StatusCode != 200 {
		t.Fatalf("offered: status %d", res.StatusCode)
	}
	next := newStation(t, w.URL, key, "one")
	next.vault.sealed = s.vault.sealed
	if err := next.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	next.want("after a restart", path, another, 200)
	end()
}
