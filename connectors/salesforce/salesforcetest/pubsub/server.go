package pubsub

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/millrace/millrace/connectors/salesforce/eventbus"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// Options configures a simulated event bus; the zero value tells everything of every object and has no faults.
type Options struct {
	Clock     *sandbox.Clock // the organization's; nil is the machine's
	Retention time.Duration  // of events and replay ids; 0 = 72 h
	// Keepalive is how long a subscription is quiet before it is sent an empty answer, in real time; 0 = 270 s.
	Keepalive time.Duration
	// Captured are the objects selected for change data capture; nil = all.
	Captured []string
	// Channels are custom channels: "/data/Sales__chn" and its objects.
	Channels map[string][]string
	// Gap makes of a change that it picks a gap event, which has no fields; nil picks none.
	Gap func(salesforcetest.Change) bool
	// Lose drops the event of a change for good, as the vendor says happens rarely; nil drops none.
	Lose func(salesforcetest.Change) bool
	// DropEvery ends each stream with UNAVAILABLE after so many events; 0 = never.
	DropEvery int
	// Batch is the most events in one answer; 0 = as many as were asked for.
	Batch int
	// TLS has the server speak TLS, which the vendor's always does; nil = it does not, for an address of this machine.
	TLS *tls.Config
	// DailyEvents is how many events are delivered before the limit of 24 hours is reached; 0 = no limit.
	DailyEvents int
}

// Server is one organization's part of the event bus. Its methods are safe for concurrent use.
type Server struct {
	eventbus.UnimplementedPubSubServer
	org *salesforcetest.Server
	opt Options

	mu      sync.Mutex
	bus     bus
	schemas map[string]*eventSchema // by id
	current map[string]*eventSchema // by object
	more    chan struct{}           // closed when an event comes, or the streams are to end
	broken  int                     // times the streams were ended
	told    int                     // events delivered
	commits int64
	most    atomic.Int64 // events a client had asked for and not been sent

	grpc *grpc.Server
	done chan error
}

// New returns an event bus that hears of every change of the organization from now on.
func New(org *salesforcetest.Server, opt Options) *Server {
	opt.Retention = cmp.Or(opt.Retention, 72*time.Hour)
	opt.Keepalive = cmp.Or(opt.Keepalive, 270*time.Second)
	s := &Server{org: org, opt: opt, schemas: map[string]*eventSchema{}, current: map[string]*eventSchema{}, more: make(chan struct{}), bus: newBus()}
	org.OnChange(s.change)
	return s
}

// Listen serves on addr and returns the endpoint as it is configured: http://host:port, or host:port with TLS. An empty addr
// is a free port of 127.0.0.1. The caller closes the server.
func (s *Server) Listen(addr string) (string, error) {
	ln, err := net.Listen("tcp", cmp.Or(addr, "127.0.0.1:0"))
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	endpoint, creds := "http://"+ln.Addr().String(), insecure.NewCredentials()
	if s.opt.TLS != nil {
		endpoint, creds = ln.Addr().String(), credentials.NewTLS(s.opt.TLS)
	}
	s.grpc, s.done = grpc.NewServer(grpc.Creds(creds)), make(chan error, 1)
	eventbus.RegisterPubSubServer(s.grpc, s)
	go func() { s.done <- s.grpc.Serve(ln) }()
	return endpoint, nil
}

// Close ends the server and its connections at once; calling it again is harmless.
func (s *Server) Close() error {
	s.grpc.Stop()
	err := <-s.done
	s.done <- nil
	return err
}

// change tells a committed change.
func (s *Server) change(c salesforcetest.Change) {
	if s.opt.Captured != nil && !slices.Contains(s.opt.Captured, c.Object) || s.opt.Lose != nil && s.opt.Lose(c) {
		return
	}
	if s.opt.Gap != nil && s.opt.Gap(c) {
		c.Type, c.Changed, c.Fields, c.Sequence = "GAP_"+c.Type, nil, nil, 1
	}
	s.publish(c)
}

// Tell publishes an event that has only a header: an overflow ("GAP_OVERFLOW" and no ids), or the conversion of a field's
// type ("UPDATE" and an id like "001*").
func (s *Server) Tell(object, changeType string, ids ...string) {
	s.publish(salesforcetest.Change{Object: object, Type: changeType, IDs: ids, At: s.opt.Clock.Now(), Sequence: 1,
		Transaction: "0000f1f0-0000-4000-8000-000000000000"})
}

// ForgetSchema has the bus no longer know the schema of an object's events that were told so far.
func (s *Server) ForgetSchema(object string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.current[object]; e != nil {
		delete(s.schemas, e.id)
	}
}

func (s *Server) publish(c salesforcetest.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	schema := s.schemaOf(c.Object)
	if schema == nil {
		return
	}
	s.commits++
	payload, err := schema.encode(c, s.commits)
	if err != nil {
		panic(fmt.Sprintf("salesforcetest/pubsub: encode a change of %s: %v", c.Object, err)) // the simulator's mistake
	}
	s.bus.add(event{object: c.Object, schema: schema.id, payload: payload}, s.opt.Clock.Now())
	s.wake()
}

// wake lets the streams look; the caller holds mu.
func (s *Server) wake() {
	close(s.more)
	s.more = make(chan struct{})
}

// Drop ends every stream, as a deployment at the vendor does.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken++
	s.wake()
}

// Move moves the organization to another instance: the streams end and no replay id is known any more
// (https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-message-durability.html).
func (s *Server) Move() {
	s.mu.Lock()
	s.bus = newBus()
	s.mu.Unlock()
	s.Drop()
}

// Told returns how many events were delivered, again and again ones included.
func (s *Server) Told() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.told
}

// Most returns the most events that a client has ever had outstanding; over a hundred is against the rules.
func (s *Server) Most() int { return int(s.most.Load()) }
