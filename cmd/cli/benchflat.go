package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/millrace/millrace/router/receive/load"
)

const (
	// hookParts is in how many parts memory is looked at.
	hookParts = 5
	// flatSpool is so small that the receiver never gets far ahead of the hub.
	flatSpool = 64 << 20
	// flatTickets is how many tickets the deliveries are about: a busy account's.
	flatTickets = 1000
)

// hookMemory is that of a process during one part: the most of its own pages, and the least heap, which is what was in use.
type hookMemory struct{ anon, heap float64 }

// flat is the second half of P12: memory as deliveries go by the million from a vendor through a receiver that stands alone
// and the hub that it forwards to.
func (b *bench) flat(ctx context.Context) ([]verdict, error) {
	n := b.deliveries
	hub, err := b.startSite(ctx, hookDaemon, siteSetting{})
	if err != nil {
		return nil, err
	}
	defer hub.close()
	alone, err := b.startSite(ctx, hookAlone, siteSetting{to: "http://" + hub.hooks + "/forward", spool: flatSpool})
	if err != nil {
		return nil, err
	}
	defer alone.close()
	var receiver, daemon []hookMemory
	var acked, sent int64
	begun := time.Now()
	for part := range hookParts {
		first, second := memoryOf(ctx, alone), memoryOf(ctx, hub)
		res, err := load.Run(ctx, alone.offer(load.Offer{Clients: hookClients, Size: 1 << 10, Tickets: flatTickets, Count: n / hookParts, After: sent, Rest: 50 * time.Millisecond}))
		receiver, daemon = append(receiver, first()), append(daemon, second())
		if err != nil {
			return nil, err
		}
		acked, sent = acked+res.Acked(), sent+res.Sent()
		b.note("%d deliveries, %s: receiver %v, daemon %v, put off %d", acked, time.Since(begun).Round(time.Second), receiver[part], daemon[part], res.PutOff())
	}
	parsed, err := b.settled(ctx, alone, hub)
	if err != nil {
		return nil, err
	}
	list := []verdict{notAbove("acknowledged and not parsed by the hub", float64(max(0, acked-parsed)), 0, "of %d", acked)}
	return append(append(list, flatOf("receiver", receiver)...), flatOf("daemon", daemon)...), nil
}

// flatOf judges the memory of a process, part by part. In the first ones it still learns what it has to know.
func flatOf(name string, parts []hookMemory) []verdict {
	last := parts[hookParts-1]
	return []verdict{
		notAbove("MiB RssAnon of the "+name, last.anon, mostHookMiB, "%v", parts),
		notAbove("heap of the "+name+", last ÷ second fifth", last.heap/parts[1].heap, 1.25, "%.1f MiB", last.heap),
	}
}

// String says it in MiB.
func (m hookMemory) String() string { return fmt.Sprintf("%.1f MiB, heap %.1f", m.anon, m.heap) }

// memoryOf looks at a receiver's memory until the returned function is called.
func memoryOf(ctx context.Context, t *site) func() hookMemory {
	ctx, cancel := context.WithCancel(ctx)
	peak := watch(ctx, t.cmd.Process.Pid)
	least := make(chan float64)
	go func() {
		var mib float64
		for ctx.Err() == nil {
			if m, err := t.metrics(ctx); err == nil && (mib == 0 || m["go_memstats_heap_alloc_bytes"]/(1<<20) < mib) {
				mib = m["go_memstats_heap_alloc_bytes"] / (1 << 20)
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
		}
		least <- mib
	}()
	return func() hookMemory {
		cancel()
		return hookMemory{anon: peak(), heap: <-least}
	}
}

// settled waits until spool and inbox are empty, and returns how many deliveries the hub parsed: each hints at one ticket.
func (b *bench) settled(ctx context.Context, alone, hub *site) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, stuck)
	defer cancel()
	for {
		a, err := alone.metrics(ctx)
		if err != nil {
			return 0, err
		}
		h, err := hub.metrics(ctx)
		if err != nil {
			return 0, err
		}
		if a["millrace_spool_deliveries"] == 0 && h["millrace_inbox_deliveries"] == 0 {
			h, err = hub.metrics(ctx) // those of one answer are not of one instant
			return int64(h[`millrace_webhook_hints_total{connection="zendesk",what="fetched"}`]), err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return 0, fmt.Errorf("%.0f deliveries in the spool and %.0f in the inbox: %w", a["millrace_spool_deliveries"], h["millrace_inbox_deliveries"], ctx.Err())
		}
	}
}
