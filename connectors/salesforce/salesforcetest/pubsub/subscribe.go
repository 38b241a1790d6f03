package pubsub

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/millrace/millrace/connectors/salesforce/eventbus"
)

// window is the most events that may be outstanding; more asked for is taken for it.
const window = 100

// allEvents is the standard channel.
const allEvents = "/data/ChangeEvents"

type stream = grpc.BidiStreamingServer[eventbus.FetchRequest, eventbus.FetchResponse]

// subscriber is one stream.
type subscriber struct {
	s      *Server
	stream stream
	topic  string
	at     uint64
	broken int
	credit int
	sent   int
	rpc    string
}

// ask is what came from the client: a request, or the end.
type ask struct {
	*eventbus.FetchRequest
	err error
}

// Subscribe is the vendor's call of that name.
func (s *Server) Subscribe(st stream) error {
	if !s.signedIn(st.Context()) {
		return noSignIn.end(st)
	}
	first, err := st.Recv()
	if err != nil {
		return err
	}
	sub := &subscriber{s: s, stream: st, topic: first.GetTopicName(), rpc: "rpc"}
	if refused := sub.begin(first); refused != nil {
		return refused.end(st)
	}
	asks := make(chan ask)
	go func() {
		for {
			r, err := st.Recv()
			select {
			case asks <- ask{r, err}:
			case <-st.Context().Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return sub.run(asks)
}

// begin takes the first request, which alone says where to begin.
func (u *subscriber) begin(first *eventbus.FetchRequest) *refusal {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	now := u.s.opt.Clock.Now()
	u.s.bus.expire(now.Add(-u.s.opt.Retention))
	u.broken = u.s.broken
	if !u.s.hasTopic(u.topic) {
		return &noTopic
	}
	switch first.GetReplayPreset() {
	case eventbus.ReplayPreset_LATEST:
		u.at = u.s.bus.tip(now)
	case eventbus.ReplayPreset_CUSTOM:
		at, ok := positionOf(first.GetReplayId())
		switch {
		case len(first.GetReplayId()) == 0:
			return &noReplay
		case !ok || !u.s.bus.knows(at):
			return &badReplay
		}
		u.at = at
	}
	return u.grant(first)
}

// grant adds what a request asks for.
func (u *subscriber) grant(r *eventbus.FetchRequest) *refusal {
	switch {
	case r.GetTopicName() != "" && r.GetTopicName() != u.topic:
		return &otherTopic
	case r.GetNumRequested() <= 0:
		return &badRequest
	}
	asked := int64(u.credit) + int64(r.GetNumRequested())
	for most := u.s.most.Load(); asked > most && !u.s.most.CompareAndSwap(most, asked); most = u.s.most.Load() {
	}
	u.credit = int(min(asked, window))
	return nil
}

// run delivers until the client ends, or the vendor does.
func (u *subscriber) run(asks <-chan ask) error {
	quiet := time.NewTimer(u.s.opt.Keepalive)
	defer quiet.Stop()
	for {
		answer, more, refused := u.look()
		if refused != nil {
			return refused.end(u.stream)
		}
		if answer != nil {
			if err := u.stream.Send(answer); err != nil {
				return err
			}
			quiet.Reset(u.s.opt.Keepalive)
			continue
		}
		select {
		case a := <-asks:
			if a.err == io.EOF {
				return nil
			}
			if a.err != nil {
				return a.err
			}
			if refused := u.grant(a.FetchRequest); refused != nil {
				return refused.end(u.stream)
			}
		case <-more:
		case <-quiet.C:
			if err := u.stream.Send(u.keepalive()); err != nil {
				return err
			}
			quiet.Reset(u.s.opt.Keepalive)
		case <-u.stream.Context().Done():
			return u.stream.Context().Err()
		}
	}
}

// look returns the next events that were asked for, nil when there are none, and a channel that says when to look again.
func (u *subscriber) look() (*eventbus.FetchResponse, <-chan struct{}, *refusal) {
	s := u.s
	if !s.signedIn(u.stream.Context()) { // the session ended meanwhile
		return nil, nil, &noSignIn
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	most := u.credit
	if s.opt.Batch > 0 {
		most = min(most, s.opt.Batch)
	}
	switch {
	case u.broken != s.broken, s.opt.DropEvery > 0 && u.sent >= s.opt.DropEvery:
		return nil, nil, &unavailable
	case s.opt.DailyEvents > 0 && s.told >= s.opt.DailyEvents:
		return nil, nil, &limitReached
	}
	answer := &eventbus.FetchResponse{RpcId: u.rpc}
	for _, p := range s.bus.after(u.at) {
		if len(answer.Events) == most {
			break
		}
		u.at = p.at
		if p.payload == nil || !s.tells(u.topic, p.object) {
			continue
		}
		answer.Events = append(answer.Events, &eventbus.ConsumerEvent{ReplayId: replayID(p.at),
			Event: &eventbus.ProducerEvent{Id: "event", SchemaId: p.schema, Payload: p.payload}})
	}
	n := len(answer.Events)
	if n == 0 {
		return nil, s.more, nil
	}
	u.credit, u.sent, s.told = u.credit-n, u.sent+n, s.told+n
	answer.LatestReplayId, answer.PendingNumRequested = replayID(u.at), int32(u.credit)
	return answer, nil, nil
}

// keepalive is an answer without events, which makes the client's place young again.
func (u *subscriber) keepalive() *eventbus.FetchResponse {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	if rest := u.s.bus.after(u.at); !slices.ContainsFunc(rest, func(p place) bool { return p.payload != nil }) {
		u.at = u.s.bus.tip(u.s.opt.Clock.Now())
	}
	return &eventbus.FetchResponse{RpcId: u.rpc, LatestReplayId: replayID(u.at), PendingNumRequested: int32(u.credit)}
}

// hasTopic reports whether a topic is there.
func (s *Server) hasTopic(topic string) bool {
	if _, custom := s.opt.Channels[topic]; custom || topic == allEvents {
		return true
	}
	object := objectOf(topic)
	return object != "" && s.org.Fields(object) != nil && (s.opt.Captured == nil || slices.Contains(s.opt.Captured, object))
}

// tells reports whether events of an object are on a topic.
func (s *Server) tells(topic, object string) bool {
	if list, custom := s.opt.Channels[topic]; custom {
		return slices.Contains(list, object)
	}
	return topic == allEvents || objectOf(topic) == object
}

// objectOf returns the object of /data/AccountChangeEvent or /data/Invoice__ChangeEvent, "" for another topic.
func objectOf(topic string) string {
	name, ok := strings.CutPrefix(topic, "/data/")
	if !ok {
		return ""
	}
	if custom, ok := strings.CutSuffix(name, "__ChangeEvent"); ok {
		return custom + "__c"
	}
	standard, _ := strings.CutSuffix(name, "ChangeEvent")
	if standard == name {
		return ""
	}
	return standard
}

// GetSchema is the vendor's call of that name.
func (s *Server) GetSchema(ctx context.Context, r *eventbus.SchemaRequest) (*eventbus.SchemaInfo, error) {
	if !s.signedIn(ctx) {
		return nil, noSignIn.fail(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	schema := s.schemas[r.GetSchemaId()]
	if schema == nil {
		return nil, noSchema.fail(ctx)
	}
	return &eventbus.SchemaInfo{SchemaJson: schema.text, SchemaId: schema.id, RpcId: "rpc"}, nil
}

// GetTopic is the vendor's call of that name.
func (s *Server) GetTopic(ctx context.Context, r *eventbus.TopicRequest) (*eventbus.TopicInfo, error) {
	if !s.signedIn(ctx) {
		return nil, noSignIn.fail(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hasTopic(r.GetTopicName()) {
		return nil, noTopic.fail(ctx)
	}
	info := &eventbus.TopicInfo{TopicName: r.GetTopicName(), CanSubscribe: true, RpcId: "rpc"}
	if object := objectOf(r.GetTopicName()); object != "" && r.GetTopicName() != allEvents {
		info.SchemaId = s.schemaOf(object).id
	}
	return info, nil
}
