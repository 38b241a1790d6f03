package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/receive"
)

// answer says what a receiver is to go by, once it is another than it has, or nothing has changed for a while.
func (h *Hub) answer(ctx context.Context, spool string, a Ask, signature string, hold bool) *Tell {
	tell := &Tell{}
	fresh := false
	if tell.Challenge, fresh = h.fresh.give(a.Echo, h.now()); fresh {
		done := h.heard.ask(spool, a, h.now())
		defer func() { done(h.now()) }()
		tell.Taken = a.Offer != nil && h.takeOffer(ctx, *a.Offer)
		if hold && a.Hold {
			h.hold(ctx, a.Has)
		}
		tell.Challenge, _ = h.fresh.give("", h.now())
	}
	text, tag, _ := h.told.now()
	if tell.Tag = tag; tag != a.Has {
		tell.Sealed = h.seals.told.Seal(nil, nil, text, []byte(signature))
	}
	return tell
}

// hold waits until receivers are to go by something else than a tag.
func (h *Hub) hold(ctx context.Context, tag string) {
	_, now, changed := h.told.now()
	if now != tag {
		return
	}
	timer := time.NewTimer(holdTime)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
	case <-h.ended:
	}
}

// takeOffer reports whether an offered secret is durable now.
func (h *Hub) takeOffer(ctx context.Context, o Offer) bool {
	text, err := h.seals.offered.Open(nil, nil, o.Sealed, []byte(o.Window))
	if err == nil {
		err = h.told.take(ctx, o.Window, connectors.NewSecret(string(text)), h.now())
	}
	if err != nil {
		h.log.Warn("a secret that a vendor offered to a receiver on another host is not taken", "error", err)
	}
	return err == nil
}

// Heard returns the receivers that were heard of, who was heard last first.
func (h *Hub) Heard() []Heard { return h.heard.all(h.now()) }

const (
	// announceTime bounds how long it is waited for receivers to go by what is new: a vendor is asked afterwards, and a person
	// may wait for it.
	announceTime = 5 * time.Second
	// returnTime is how long a receiver may take until it is heard by a hub that was started: it tries every fifteen seconds.
	returnTime = 20 * time.Second
)

// wait waits until something is met, which may be once something else is told or somebody is heard again, or for so long.
func (h *Hub) wait(most time.Duration, met func() (yes bool, noted <-chan struct{})) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	for {
		_, _, changed := h.told.now()
		yes, noted := met()
		if yes {
			return
		}
		select {
		case <-noted:
		case <-changed:
		case <-h.ended:
			return
		case <-timer.C:
			return
		}
	}
}

// Answers returns nil when a receiver that was heard of lately takes deliveries for a connection, or any for an empty one. Its error says what to do.
// A hub that was started a moment ago gives them the time to be heard.
func (h *Hub) Answers(connection string) (err error) {
	h.wait(returnTime, func() (bool, <-chan struct{}) {
		var noted <-chan struct{}
		noted, err = h.heard.answers(connection, h.now())
		return err == nil || h.now().Sub(h.began) > returnTime, noted
	})
	return err
}

// settle waits until all receivers that are there go by what is told now, and one of them takes deliveries for a connection
// unless that is empty. It reports whether one does.
func (h *Hub) settle(connection string) (some bool) {
	h.wait(announceTime, func() (bool, <-chan struct{}) {
		_, tag, _ := h.told.now()
		all, one, noted := h.heard.knows(tag, connection, h.now())
		some = one
		return all && (some || connection == ""), noted
	})
	return some
}

// Expect opens a window at a path, like receive.Receiver's, at every receiver that is there: within the next minute the first
// secret that a vendor offers there is taken, once keep has made it durable. It returns when they know of it.
func (h *Hub) Expect(path string, keep func(context.Context, connectors.Secret) error) (end func(), err error) {
	connection := receive.ConnectionOf(path)
	if err := h.Answers(connection); err != nil {
		return nil, err
	}
	name, err := h.told.expect(path, h.now(), keep)
	if err != nil {
		return nil, fmt.Errorf("connection %s: %w", connection, err)
	}
	if !h.settle(connection) {
		h.told.close(name)
		return nil, errors.New("the receiver on another host was heard of, and does not answer now; look at its log")
	}
	return func() { h.told.close(name) }, nil
}

// Trust has receivers verify deliveries at a path with these secrets, too; they replace what was told of it. It returns when
// those that are there know it, or do not for a while.
func (h *Hub) Trust(path string, secrets ...connectors.Secret) error {
	h.told.trust(path, secrets)
	h.settle("")
	return nil
}
