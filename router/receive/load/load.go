package load

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Offer is what is offered, and for how long. To, Path, Secret, Clients and one of Length and Count are required.
type Offer struct {
	To      string // host:port
	Path    string // of the connection: /hooks/zendesk
	Secret  string // with which the bodies are signed, as Zendesk does it
	Clients int
	Size    int  // of a body, bytes beyond its ticket
	Fresh   bool // a connection for each delivery
	// Rate is how many deliveries a second are due, of all clients together; 0 = each when the one before is answered.
	Rate float64
	// FromDue counts the time of a delivery from when it was due, though its client was still busy with the one before.
	// Without it, it counts from when it was sent.
	FromDue bool
	Length  time.Duration
	Count   int64 // it ends when so many were acknowledged; 0 = at the end of Length
	Tickets int64 // how many tickets the bodies are about; 0 = each about another
	// Rest is how long a client waits after an answer that is no acknowledgement.
	Rest time.Duration
	// After is the number of the last delivery of an offer before this one: what is the same within a second is a repetition.
	After int64
	// Acked is called with the number of each acknowledged delivery, by several at once; nil = nobody wants to know. Numbers
	// follow After, and are the tickets' where each delivery is about another.
	Acked func(number int64)
}

// Result is what came of an offer.
type Result struct {
	Took     time.Duration // from the first to the last
	Codes    map[int]int64 // answers by status; 0 = none, the connection failed
	P50, P99 time.Duration // of what was acknowledged
}

// Acked returns how many deliveries were answered 200.
func (r Result) Acked() int64 { return r.Codes[http.StatusOK] }

// PutOff returns how many were told to come again.
func (r Result) PutOff() int64 {
	return r.Codes[http.StatusTooManyRequests] + r.Codes[http.StatusServiceUnavailable]
}

// PerSecond returns the rate of acknowledgements.
func (r Result) PerSecond() float64 { return float64(r.Acked()) / r.Took.Seconds() }

// Sent returns how many were sent, whatever became of them. So many numbers are used up.
func (r Result) Sent() (n int64) {
	for _, some := range r.Codes {
		n += some
	}
	return n
}

// Offered returns the rate of all that was sent.
func (r Result) Offered() float64 { return float64(r.Sent()) / r.Took.Seconds() }

// mostTimes bounds how many times are kept by one client: what runs for millions of deliveries is not measured for its times.
const mostTimes = 1 << 16

// Run offers until the end of the offer or of ctx, and waits for all answers. It is an error when nothing was acknowledged.
func Run(ctx context.Context, o Offer) (Result, error) {
	if o.Length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Length)
		defer cancel()
	}
	s := &shared{Offer: o, began: time.Now()}
	s.number.Store(o.After)
	clients := make([]*client, o.Clients)
	var all sync.WaitGroup
	for i := range clients {
		clients[i] = newClient(s, i)
		all.Go(func() { clients[i].run(ctx) })
	}
	all.Wait()
	res := Result{Took: time.Since(s.began), Codes: map[int]int64{}}
	var times []time.Duration
	for _, c := range clients {
		times = append(times, c.times...)
		for code, n := range c.codes {
			res.Codes[code] += n
		}
	}
	if len(times) == 0 {
		return res, errors.New("nothing was acknowledged")
	}
	slices.Sort(times)
	res.P50, res.P99 = times[len(times)/2], times[len(times)*99/100]
	return res, nil
}

// shared is what the clients have in common.
type shared struct {
	Offer
	began  time.Time
	number atomic.Int64
	acked  atomic.Int64
}

// enough reports whether as many were acknowledged as are wanted.
func (s *shared) enough() bool { return s.Count > 0 && s.acked.Load() >= s.Count }
