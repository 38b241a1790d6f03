package pubsub

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce/eventbus"
)

// window is the most events that may be asked for and not delivered yet: more is taken for a hundred
// (https://developer.salesforce.com/docs/platform/pub-sub-api/guide/flow-control.html).
const window = 100

// silence is how long the server may say nothing: an answer, possibly empty, is due every 270 seconds.
const silence = 5 * time.Minute

// Subscription is one topic being read. It is used by one goroutine.
type Subscription struct {
	client *Client
	conn   *grpc.ClientConn
	api    eventbus.PubSubClient
	stream grpc.BidiStreamingClient[eventbus.FetchRequest, eventbus.FetchResponse]
	ctx    context.Context // of the stream and of the calls beside it; carries the sign-in
	cancel context.CancelCauseFunc
	access connectors.Secret
	op     string
	last   connectors.Cursor
	asked  int // events asked for and not delivered yet
}

// Batch is what one answer told.
type Batch struct {
	Changes []Change
	// Unread counts events that cannot be decoded and never will be: what they tell is as good as lost.
	Unread int
	Next   connectors.Cursor // behind all of it
	At     time.Time         // the newest commit, zero without changes
}

// Subscribe reads the topic (`/data/ChangeEvents`) behind a cursor, or, for "", from now on. Errors of the vendor, also that
// the cursor expired, come with the first Next.
func (c *Client) Subscribe(ctx context.Context, topic string, after connectors.Cursor) (*Subscription, error) {
	replay, err := decodeCursor(after)
	if err != nil {
		return nil, err
	}
	op := "follow " + topic
	signed, access, err := c.authorized(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := c.dial()
	if err != nil {
		return nil, &connectors.Error{Kind: connectors.Temporary, Op: op, Err: err}
	}
	s := &Subscription{client: c, conn: conn, api: eventbus.NewPubSubClient(conn), access: access, op: op, last: after}
	s.ctx, s.cancel = context.WithCancelCause(signed)
	if s.stream, err = s.api.Subscribe(s.ctx); err != nil {
		err = s.failed(ctx, err)
		_ = s.Close()
		return nil, err
	}
	begin := &eventbus.FetchRequest{TopicName: topic}
	if replay != nil {
		begin.ReplayPreset, begin.ReplayId = eventbus.ReplayPreset_CUSTOM, replay
	}
	s.ask(begin)
	return s, nil
}

// ask fills up the window. When the stream has ended, what was sent before and why it ended come from Recv.
func (s *Subscription) ask(r *eventbus.FetchRequest) {
	r.NumRequested = int32(window - s.asked)
	s.asked = window
	_ = s.stream.Send(r)
}

// errSilent ends a stream on which the server says nothing any more.
var errSilent = errors.New("the server has said nothing for too long")

// Next waits for an answer. One without changes moves the cursor too: the vendor sends it so that the place of a quiet
// topic does not expire. An error ends the subscription.
func (s *Subscription) Next(ctx context.Context) (Batch, error) {
	stop := context.AfterFunc(ctx, func() { s.cancel(ctx.Err()) })
	defer stop()
	watch := time.AfterFunc(s.client.silence, func() { s.cancel(errSilent) })
	defer watch.Stop()
	answer, err := s.stream.Recv()
	if err != nil {
		return Batch{}, s.failed(ctx, err)
	}
	// The next events can be on their way while the caller stores these; no more than window are ever outstanding.
	if s.asked -= len(answer.GetEvents()); s.asked <= window*3/4 {
		s.ask(&eventbus.FetchRequest{})
	}
	b, err := s.read(answer)
	if err != nil {
		return Batch{}, s.failed(ctx, err)
	}
	s.last = b.Next
	return b, nil
}

// read decodes an answer.
func (s *Subscription) read(answer *eventbus.FetchResponse) (Batch, error) {
	b := Batch{Next: s.last}
	for _, e := range answer.GetEvents() {
		schema, err := s.client.schemaOf(s.ctx, s.api, e.GetEvent().GetSchemaId())
		if connectors.KindOf(err) == connectors.Rejected { // there is none: the event would stop the topic until it expires
			b.Unread++
			continue
		}
		if err != nil {
			return b, err
		}
		change, err := schema.decode(e.GetEvent().GetPayload())
		if err != nil {
			b.Unread++
			continue
		}
		b.Changes = append(b.Changes, change)
		if change.At.After(b.At) {
			b.At = change.At
		}
	}
	replay := answer.GetLatestReplayId()
	if n := len(answer.GetEvents()); n > 0 { // of the newest event here: the latest may be of one that is still to come
		replay = answer.GetEvents()[n-1].GetReplayId()
	}
	if len(replay) > maxReplayID {
		return b, &connectors.Error{Kind: connectors.Temporary, Op: s.op, Reason: "the replay id is too long"}
	}
	if len(replay) > 0 {
		b.Next = encodeCursor(replay)
	}
	return b, nil
}

// failed makes an error of the end of the stream. A token that is refused is given up, so that following again gets a new
// one; if there is none, asking for it is refused.
func (s *Subscription) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if cause := context.Cause(s.ctx); errors.Is(cause, errSilent) {
		return &connectors.Error{Kind: connectors.Temporary, Op: s.op, Err: cause}
	}
	var e *connectors.Error
	if !errors.As(err, &e) {
		var trailer metadata.MD
		if s.stream != nil {
			trailer = s.stream.Trailer()
		}
		e = refused(s.op, err, trailer)
	}
	if signInRefused(e) {
		s.client.tokens.Invalidate(s.access)
		e.Kind = connectors.Temporary
	}
	return e
}

// Close ends the stream, its connection and everything that runs for them.
func (s *Subscription) Close() error {
	s.cancel(context.Canceled)
	return s.conn.Close()
}
