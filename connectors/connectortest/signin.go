package connectortest

import (
	"context"
	"math"
	"sync"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
	"github.com/millrace/millrace/connectors/transport"
)

// signIn gives env the client that the hub would give it, but for retries and pacing, and the sign-in behind it.
func signIn(t testing.TB, spec connectors.Spec, env *connectors.Env) {
	t.Helper()
	client, source, err := transport.Open(transport.Config{Connection: env.Connection, Spec: spec, Values: env.Settings,
		Tokens: &tokenShelf{}, Now: env.Now, Safe: spec.Safe, Retries: -1, BreakAfter: math.MaxInt})
	if err != nil {
		t.Fatalf("sign in: %v", err)
	}
	t.Cleanup(client.CloseIdleConnections)
	env.HTTP = client
	if source != nil {
		env.Tokens = source
	}
}

// tokenShelf keeps one connection's token in memory.
type tokenShelf struct {
	mu    sync.Mutex
	token oauth.Token
}

// Load implements oauth.Store.
func (s *tokenShelf) Load(context.Context, string) (oauth.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, nil
}

// Save implements oauth.Store.
func (s *tokenShelf) Save(_ context.Context, _ string, t oauth.Token) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = t
	return nil
}
