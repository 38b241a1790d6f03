package bus_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.uber.org/goleak"

	"github.com/millrace/millrace/router/bus"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// A handler that stops must not take the other topics with it (watermill#446).
func TestOneHandlerStoppingLeavesTheOthers(t *testing.T) {
	defer goleak.VerifyNone(t)
	b := bus.InProcess(quiet())
	r, err := message.NewRouter(message.RouterConfig{CloseTimeout: time.Second}, bus.Logger(quiet()))
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 8)
	handlers := map[string]*message.Handler{}
	for _, topic := range bus.Topics() {
		handlers[topic] = r.AddConsumerHandler(topic, topic, b.Subscriber(topic), func(m *message.Message) error {
			got <- topic + ":" + string(m.Payload)
			return nil
		})
	}
	go func() { _ = r.Run(context.Background()) }()
	<-r.Running()

	handlers[bus.Pages].Stop()
	<-handlers[bus.Pages].Stopped()
	if err := b.Publish(bus.Changes, []byte("e1")); err != nil {
		t.Fatal(err)
	}
	select {
	case s := <-got:
		if s != "changes:e1" {
			t.Errorf("got %q, want changes:e1", s)
		}
	case <-time.After(5 * time.Second):
		t.Error("the topic changes is dead after the handler of pages stopped")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestUnknownTopicIsAnError(t *testing.T) {
	b := bus.InProcess(quiet())
	defer b.Close()
	if err := b.Publish("pagse", nil); err == nil {
		t.Error("publishing to an unknown topic was accepted")
	}
}
