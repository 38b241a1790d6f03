package receive

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
)

const (
	// replayWindow is how long a delivery is remembered at least, unless very many come: a signed time may be five minutes
	// ahead of our clock and is taken until it is five minutes behind it.
	replayWindow = 11 * time.Minute
	// mostReplays bounds a generation of them; there are two.
	mostReplays = 32 << 10
)

// fingerprint names a delivery.
type fingerprint [16]byte

// keyOf returns the name of a verified delivery: what its signature covers. A repetition has the same.
func keyOf(w connectors.Webhook, d connectors.Delivery) (key fingerprint) {
	identity := ""
	if i, ok := w.(connectors.Identifier); ok {
		identity = i.Identity(d)
	}
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(identity))))
	h.Write([]byte(identity))
	h.Write(d.Body)
	copy(key[:], h.Sum(nil))
	return key
}

// replays remembers the deliveries of one connection that are stored. It lives in memory: what is repeated after a restart
// costs a fetch and changes nothing, for a delivery only hints. A vendor that did not hear our 200 repeats, too, and is
// answered as the first time.
type replays struct {
	mu         sync.Mutex
	most       int
	since      time.Time // when the newer generation began
	newer, old map[fingerprint]struct{}
	flights    map[fingerprint]*flight
}

// flight is a delivery that is being stored.
type flight struct {
	done chan struct{}
	err  error // once done is closed
}

func newReplays(most int) replays {
	return replays{most: most, newer: map[fingerprint]struct{}{}, flights: map[fingerprint]*flight{}}
}

// begin returns first for a delivery that is to be stored, whose flight must be ended. Otherwise it is stored, or on its
// way in the flight that is returned.
func (r *replays) begin(key fingerprint, now time.Time) (f *flight, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.since) > replayWindow {
		r.turn()
		r.since = now
	}
	if f = r.flights[key]; f != nil {
		return f, false
	}
	_, known := r.newer[key]
	if _, was := r.old[key]; known || was {
		return nil, false
	}
	f = &flight{done: make(chan struct{})}
	r.flights[key] = f
	return f, true
}

// end says what became of a flight. What could not be stored may come again.
func (r *replays) end(key fingerprint, f *flight, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.flights, key)
	if err == nil {
		if len(r.newer) >= r.most {
			r.turn()
		}
		r.newer[key] = struct{}{}
	}
	f.err = err
	close(f.done)
}

// turn forgets the older generation.
func (r *replays) turn() { r.old, r.newer = r.newer, map[fingerprint]struct{}{} }
