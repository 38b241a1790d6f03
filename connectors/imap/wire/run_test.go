package wire

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// TestStuckLibraryIsLeftBehind: whatever the library waits for, a call returns soon after its context ends.
func TestStuckLibraryIsLeftBehind(t *testing.T) {
	ours, theirs := net.Pipe()
	defer func() { _ = theirs.Close() }()
	s := &Session{conn: &meter{Conn: ours}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	release := make(chan struct{})
	defer close(release)
	begin := time.Now()
	err := s.run(ctx, "wait", func() error { <-release; return nil })
	if took := time.Since(begin); took > 5*time.Second || !errors.Is(err, context.DeadlineExceeded) || !s.Failed() {
		t.Errorf("after %v: %v, failed %v", took, err, s.Failed())
	}
	s.Close()
}
