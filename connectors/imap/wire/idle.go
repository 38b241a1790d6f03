package wire

import (
	"context"
	"time"
)

// Wait waits until the open folder has new messages (RFC 2177), and reports whether it has; false after the given time,
// which must be less than the 29 minutes after which a server may end an idle connection. What comes between two calls is
// told by the second one.
func (s *Session) Wait(ctx context.Context, most time.Duration) (news bool, err error) {
	select {
	case <-s.grown:
		return true, nil
	default:
	}
	// The command outlasts the patience of run: only its beginning and its end are answered.
	var stop func() error
	err = s.run(ctx, "begin to idle", func() error {
		cmd, err := s.client.Idle()
		if err != nil {
			return err
		}
		stop = func() error {
			if err := cmd.Close(); err != nil {
				return err
			}
			return cmd.Wait()
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-s.grown:
		news = true
	case <-timer.C:
	case <-s.client.Closed():
	case <-ctx.Done():
		_ = s.conn.Close() // nobody waits for the answer
	}
	err = s.run(ctx, "idle", stop)
	return news && err == nil, err
}

// Ping asks whether the server is still there.
func (s *Session) Ping(ctx context.Context) error {
	return s.run(ctx, "ask whether the server is there", func() error { return s.client.Noop().Wait() })
}
