package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/register"
)

// hooksEvery is how often a daemon looks at what it registered, give or take a tenth, so that hubs that were started together
// do not ask together. A vendor that gives up on a webhook does so after hours.
const hooksEvery = time.Hour

// hooksFirst is when it looks first: streams have to be known by then, for the gaps of what was missed while it was off.
const hooksFirst = 2 * time.Minute

// registered returns the connections that something was registered for.
func (h *hub) registered(ctx context.Context) (map[string]bool, error) {
	known := map[string]bool{}
	for _, c := range h.cfg.Connections {
		if _, ok := h.conns[c.Name].opened.(connectors.Registrar); !ok {
			continue
		}
		yes, err := h.office.Known(ctx, c.Name)
		if err != nil {
			return nil, err
		}
		known[c.Name] = yes
	}
	return known, nil
}

// trustRegistered has the receiver go by the secrets that registering brought.
func (h *hub) trustRegistered(ctx context.Context, r *receiving) error {
	h.office.Receiver = r.Receiver
	if r.hub != nil {
		h.office.Receiver = register.Receivers{Own: r.Receiver, Others: r.hub}
	}
	for _, c := range h.cfg.Connections {
		one, ok := h.hookAccount(c.Name)
		if !ok || !r.mayReceive(c.Name) {
			continue
		}
		if err := h.office.Trust(ctx, one.Account); err != nil {
			return fmt.Errorf("connection %s: %w", c.Name, err)
		}
	}
	return nil
}

// keepRegistered looks now and then whether vendors still have what was registered, until ctx ends.
func (h *hub) keepRegistered(ctx context.Context) {
	if h.hooks == nil {
		return
	}
	put := putOff{store: h.ledger, since: time.Now(), seen: map[string]int64{}}
	for wait := jittered(hooksFirst); ; wait = jittered(hooksEvery) {
		if put.watch(ctx, h.hooks.Tallies, wait); ctx.Err() != nil {
			return
		}
		err := put.tell(ctx, h.hooks.Tallies(), time.Now(), func(name string, since time.Time, why string) error {
			h.log.Warn("deliveries were put off; what they told is read again", "source", name, "why", why)
			return h.missed(name)(ctx, since, why)
		})
		if err != nil && ctx.Err() == nil {
			h.log.Warn("tell of deliveries that were put off", "error", err)
		}
		for _, c := range h.cfg.Connections {
			if one, ok := h.hookAccount(c.Name); ok && h.hooks.mayReceive(c.Name) {
				h.checkRegistered(ctx, one)
			}
		}
	}
}

func jittered(d time.Duration) time.Duration {
	return d - d/10 + time.Duration(rand.Int64N(int64(d/5)))
}

// checkRegistered looks once at one connection. What it asks goes through the account's quota like everything else.
func (h *hub) checkRegistered(ctx context.Context, one hookAccount) {
	wrong, err := h.office.Check(ctx, one.Account, h.cfg.Webhooks.Repair, h.missed(one.name))
	for _, o := range wrong {
		level := h.log.Warn
		if h.cfg.Webhooks.Repair && o.Err == nil && o.Do != register.Keep {
			level = h.log.Info
		}
		level("webhook at the vendor is not as it was registered", "source", one.name, "of", o.Want.Of, "id", o.Have.ID, "why", o.Why,
			"repair", h.cfg.Webhooks.Repair, "do", o.Do, "error", o.Err)
	}
	if err != nil && ctx.Err() == nil {
		h.log.Warn("look at registered webhooks", "source", one.name, "error", err)
	}
}

// missed has the streams of a connection read again.
func (h *hub) missed(name string) register.Missed {
	return func(ctx context.Context, since time.Time, why string) error {
		return h.router.HooksMissed(ctx, name, since, why)
	}
}
