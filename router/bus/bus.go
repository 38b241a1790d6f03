// Package bus carries nudges between the parts of the router over Watermill: "this stream may have a page", "this
// connection has references to fetch", "these entities changed". Losing or doubling a nudge changes nothing, because
// whoever receives one looks at the ledger; so this bus promises neither order nor delivery.
//
// It carries no records, keeps nothing on disk and retries nothing.
package bus

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
)

// The topics and what the payload of their messages names.
const (
	Pages   = "pages"   // a stream: `connection/stream`
	Refs    = "refs"    // a connection with references to fetch
	Changes = "changes" // entities, as JSON: their ids, and whether a vendor told of them just now
)

// Topics lists all topics.
func Topics() []string { return []string{Pages, Refs, Changes} }

// Bus is a set of topics with a publisher and a subscriber each.
type Bus struct {
	topics map[string]*gochannel.GoChannel
}

// InProcess returns a bus inside this process. Every topic has its own GoChannel: a Watermill handler that stops
// closes the publisher it was given (watermill#446), and with one shared channel that would end all topics.
func InProcess(log *slog.Logger) *Bus {
	b := &Bus{topics: map[string]*gochannel.GoChannel{}}
	for _, topic := range Topics() {
		b.topics[topic] = gochannel.NewGoChannel(gochannel.Config{OutputChannelBuffer: 256}, Logger(log))
	}
	return b
}

// Publish sends a nudge. A nudge sent before anybody subscribed is dropped, which is why the router looks at the
// whole ledger once when it starts.
func (b *Bus) Publish(topic string, payload []byte) error {
	t, ok := b.topics[topic]
	if !ok {
		return fmt.Errorf("there is no topic %q", topic)
	}
	return t.Publish(topic, message.NewMessage(watermill.NewShortUUID(), payload))
}

// Subscriber returns the subscriber of a topic, for a Watermill handler.
func (b *Bus) Subscriber(topic string) message.Subscriber { return b.topics[topic] }

// Close ends all topics.
func (b *Bus) Close() error {
	var errs []error
	for _, t := range b.topics {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}
