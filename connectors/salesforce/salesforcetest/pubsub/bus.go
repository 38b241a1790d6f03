package pubsub

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"
)

// event is one change on the bus.
type event struct {
	object, schema string
	payload        []byte
}

// place is a position on the bus that a replay id stands for: of an event, or, without one, where a keep-alive was.
type place struct {
	at   uint64
	when time.Time
	event
}

// bus is the sequence of events that are retained. Positions rise by chance, because other organizations are on the same
// bus: replay ids are not contiguous.
type bus struct {
	places []place
	next   uint64
}

func newBus() bus { return bus{next: rand.Uint64N(1 << 32)} }

// add puts an event at the end and returns its position.
func (b *bus) add(e event, now time.Time) uint64 {
	b.next += 1 + rand.Uint64N(20)
	b.places = append(b.places, place{at: b.next, when: now, event: e})
	return b.next
}

// tip returns the position behind everything, as young as now.
func (b *bus) tip(now time.Time) uint64 { return b.add(event{}, now) }

// expire forgets what is older than the retention.
func (b *bus) expire(oldest time.Time) {
	n := 0
	for n < len(b.places) && b.places[n].when.Before(oldest) {
		n++
	}
	b.places = slices.Delete(b.places, 0, n)
}

// knows reports whether a position was issued and is retained.
func (b *bus) knows(at uint64) bool {
	_, found := slices.BinarySearchFunc(b.places, at, comparePlaces)
	return found
}

// after returns what lies behind a position.
func (b *bus) after(at uint64) []place {
	i, _ := slices.BinarySearchFunc(b.places, at+1, comparePlaces)
	return b.places[i:]
}

func comparePlaces(p place, at uint64) int {
	switch {
	case p.at < at:
		return -1
	case p.at > at:
		return 1
	}
	return 0
}

// replayID returns a position as clients see it: bytes that mean nothing to them.
func replayID(at uint64) []byte {
	return append(binary.BigEndian.AppendUint64(nil, at), 0, 0)
}

// positionOf reads a replay id. The last two bytes may be left out, as clients do that take it for a number.
func positionOf(id []byte) (at uint64, ok bool) {
	if len(id) != 8 && (len(id) != 10 || id[8] != 0 || id[9] != 0) {
		return 0, false
	}
	return binary.BigEndian.Uint64(id), true
}
