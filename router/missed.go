package router

import (
	"context"
	"fmt"
	"time"

	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
)

// HooksMissed says that a connection's vendor did not deliver its webhooks, or that nobody took them, since an instant of the
// vendor's clock: each stream that is read gets a gap, and is read again from there (invariant 8). A connection that nothing is
// read from has none. It fails while the streams of a connection are not known yet, so that the caller says it again.
func (r *Router) HooksMissed(ctx context.Context, connection string, since time.Time, why string) error {
	source := false
	for i := range r.o.Sources {
		source = source || r.o.Sources[i].Name == connection
	}
	if !source {
		return nil
	}
	r.mu.Lock()
	known := r.listed[connection]
	r.mu.Unlock()
	if !known {
		return fmt.Errorf("gap of the webhooks of %s: its streams are not known yet", connection)
	}
	for _, s := range r.polls() {
		if s.source.Name != connection {
			continue
		}
		g := ledger.Gap{Connection: connection, Stream: s.def.Name, Kind: ledger.HookMissed, From: since, Reason: why}
		if _, err := r.o.Ledger.OpenGap(ctx, g); err != nil {
			return fmt.Errorf("gap of the webhooks of %s: %w", connection, err)
		}
		r.o.Metrics.opened(g)
		s.gapped.Store(true)
		r.nudge(bus.Pages, []byte(s.key()))
	}
	return nil
}
