package receive

import (
	"context"
	"errors"
	"time"

	"github.com/millrace/millrace/router/ledger"
)

const (
	// mostWaiting is how many deliveries may wait for the disk. Beyond it the answer is 503 at once: a vendor that is told
	// to come again does so, one that is kept waiting gives up after seconds and comes again as well. It is what one commit
	// takes, so that nobody waits for more than two.
	mostWaiting = 256
	// mostTogether and mostBytes bound one commit.
	mostTogether = 256
	mostBytes    = 4 << 20
)

var (
	errBusy   = errors.New("too many deliveries wait for the disk")
	errClosed = errors.New("the receiver is stopping")
)

// pump stores deliveries in commits that are shared by all who wait: while one is written, the next gathers.
type pump struct {
	store   Store
	stored  func()
	metrics *Metrics
	queue   chan *job
	closed  chan struct{}
	ended   chan struct{}
}

// job is one delivery on its way to the disk.
type job struct {
	arrival ledger.Arrival
	done    chan error
}

func startPump(s Store, stored func(), m *Metrics) *pump {
	p := &pump{store: s, stored: stored, metrics: m, queue: make(chan *job, mostWaiting), closed: make(chan struct{}), ended: make(chan struct{})}
	go p.run()
	return p
}

// put returns when the delivery is durable or cannot be stored.
func (p *pump) put(a ledger.Arrival) error {
	j := &job{arrival: a, done: make(chan error, 1)}
	select {
	case <-p.closed:
		return errClosed
	default:
	}
	select {
	case p.queue <- j:
	default:
		return errBusy
	}
	select {
	case err := <-j.done:
		return err
	case <-p.ended: // it was put between the last look at the queue and the end
		select {
		case err := <-j.done:
			return err
		default:
			return errClosed
		}
	}
}

func (p *pump) stop() {
	close(p.closed)
	<-p.ended
}

func (p *pump) run() {
	defer close(p.ended)
	for {
		select {
		case j := <-p.queue:
			p.commit(p.gather(j))
		case <-p.closed:
			p.rest()
			return
		}
	}
}

// rest stores what is still in the queue.
func (p *pump) rest() {
	for {
		select {
		case j := <-p.queue:
			p.commit(p.gather(j))
		default:
			return
		}
	}
}

// gather returns the job and those that wait with it.
func (p *pump) gather(j *job) []*job {
	list, bytes := []*job{j}, len(j.arrival.Request.Body)
	for len(list) < mostTogether && bytes < mostBytes {
		select {
		case j := <-p.queue:
			list, bytes = append(list, j), bytes+len(j.arrival.Request.Body)
		default:
			return list
		}
	}
	return list
}

func (p *pump) commit(list []*job) {
	arrivals := make([]ledger.Arrival, len(list))
	for i, j := range list {
		arrivals[i] = j.arrival
	}
	began := time.Now()
	err := p.store.Put(context.Background(), arrivals)
	p.metrics.commit.Observe(time.Since(began).Seconds())
	for _, j := range list {
		j.done <- err
	}
	if err == nil && p.stored != nil {
		p.stored()
	}
}
