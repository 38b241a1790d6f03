package pubsub_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce/pubsub"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	simulator "github.com/millrace/millrace/connectors/salesforce/salesforcetest/pubsub"
	"github.com/millrace/millrace/connectors/sandbox"
)

// world is an organization with its event bus, and a client of it.
type world struct {
	*testing.T
	org    *salesforcetest.Server
	bus    *simulator.Server
	clock  *sandbox.Clock
	tokens *tokens
	client *pubsub.Client
}

// tokens hands out one access token after the other.
type tokens struct {
	mu      sync.Mutex
	list    []string
	refused []string
	extra   map[string]string
}

func (t *tokens) Token(context.Context) (connectors.SignedIn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return connectors.SignedIn{Access: connectors.NewSecret(t.list[0]), Extra: t.extra}, nil
}

func (t *tokens) Invalidate(access connectors.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = append(t.refused, access.Reveal())
	if len(t.list) > 1 && t.list[0] == access.Reveal() {
		t.list = t.list[1:]
	}
}

var start = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, o simulator.Options) *world {
	t.Helper()
	w := &world{T: t, clock: sandbox.NewClock(start)}
	w.org = salesforcetest.New(salesforcetest.Options{Clock: w.clock})
	o.Clock = w.clock
	w.bus = simulator.New(w.org, o)
	url, err := w.bus.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.bus.Close() })
	w.tokens = &tokens{list: []string{salesforcetest.DefaultToken}, extra: map[string]string{
		"instance_url": "https://acme.my.salesforce.com", "id": "https://login.salesforce.com/id/" + salesforcetest.DefaultOrgID + "/005000000000001AAA"}}
	if w.client, err = pubsub.New(pubsub.Options{Endpoint: url, Tokens: w.tokens}); err != nil {
		t.Fatal(err)
	}
	return w
}

// follow subscribes to everything and ends with the test.
func (w *world) follow(after connectors.Cursor) *pubsub.Subscription {
	w.Helper()
	s, err := w.client.Subscribe(w.Context(), "/data/ChangeEvents", after)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = s.Close() })
	return s
}

// next returns what is told next, within a while.
func (w *world) next(s *pubsub.Subscription) (pubsub.Batch, error) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 10*time.Second)
	defer cancel()
	return s.Next(ctx)
}

// changes waits for so many.
func (w *world) changes(s *pubsub.Subscription, n int) (list []pubsub.Change, cursor connectors.Cursor) {
	w.Helper()
	for deadline := time.Now().Add(10 * time.Second); len(list) < n; {
		if time.Now().After(deadline) {
			w.Fatalf("%d of %d changes came: %+v", len(list), n, list)
		}
		b, err := w.next(s)
		if err != nil {
			w.Fatalf("after %d of %d changes: %v", len(list), n, err)
		}
		list, cursor = append(list, b.Changes...), b.Next
	}
	return list, cursor
}

// young waits for a keep-alive, so that the subscription is known to have begun, and returns its cursor.
func (w *world) young(s *pubsub.Subscription) connectors.Cursor {
	w.Helper()
	b, err := w.next(s)
	if err != nil || len(b.Changes) > 0 || b.Next == "" {
		w.Fatalf("got %+v, %v; want an empty answer with a place", b, err)
	}
	return b.Next
}

func (w *world) create(object string, fields map[string]any) string {
	w.Helper()
	id, err := w.org.Create(object, fields)
	if err != nil {
		w.Fatal(err)
	}
	return id
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
