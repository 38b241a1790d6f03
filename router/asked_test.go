package router_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router"
)

// gatedMapper keeps a page from being applied until the gate opens.
type gatedMapper struct {
	mapper
	gate chan struct{}
}

func (m gatedMapper) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	<-m.gate
	return m.mapper.Map(rec)
}

// Whoever asks for a pass while the last page is read ahead gets one more: that page does not answer the question, and
// the nudge was joined with the one for it. A one-shot backfill would wait for ever.
func TestAskedWhileTheLastPageIsReadAhead(t *testing.T) {
	w := newWorld(t)
	for i := range 10 { // two pages
		w.crm.set(fmt.Sprint(i), "P")
	}
	gate := make(chan struct{})
	w.mapper = gatedMapper{gate: gate}
	w.change = func(o *router.Options) { o.Sources[0].Every = time.Hour }
	w.start()
	w.until(func() bool { return w.crm.read() == 10 })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- w.router.ReadAll(ctx, router.Scope{}) }()
	w.until(func() bool { return w.router.Asked("crm/contacts") })
	close(gate)
	if err := <-done; err != nil {
		t.Errorf("ReadAll: %v, want it to end", err)
	}
}

// read returns how many records were read.
func (c *crm) read() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.given
}
