package cli

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// weather is how a vendor's deliveries fare.
type weather int

const (
	fair  weather = iota // each arrives, at once and once
	foul                 // they are dropped, repeated, delayed and reordered
	night                // none arrives, and the vendor is told that all did
	storm                // none arrives, and the vendor hears nothing
)

// stale is the age from which on a delivery with a signed time must be refused, fresh until when it must be taken; what lies
// between depends on how long it was on its way.
const (
	fresh = 4*time.Minute + 50*time.Second
	stale = 5*time.Minute + 10*time.Second
)

var errLost = errors.New("nothing comes back")

// wire is the way from one vendor to the hub's front door.
type wire struct {
	name   string
	timed  bool // the vendor signs a time
	door   *door
	dice   *dice
	clock  func() time.Time            // the vendor's
	resign func(*http.Request, []byte) // signs anew with a secret that the simulator does not know of; nil = never

	mu       sync.Mutex
	sky      weather
	unproven int      // hands that changed something at the vendor, which is not mended yet
	said     []parcel // the last deliveries, for those who forge
	late     sync.WaitGroup
}

// parcel is a delivery on its way.
type parcel struct {
	method, url string
	header      http.Header
	body        []byte
	signed      time.Time // by the vendor's clock
}

// event reports whether it is a delivery, and not a question of the vendor's.
func (p parcel) event() bool {
	return p.method == http.MethodPost && p.header.Get("X-Hook-Secret") == ""
}

// mark names what was sent, with its proof.
func (p parcel) mark() [32]byte {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(p.header)) {
		if strings.HasPrefix(name, "X-") {
			h.Write([]byte(name + strings.Join(p.header[name], ",")))
		}
	}
	h.Write(p.body)
	return [32]byte(h.Sum(nil))
}

func (w *wire) set(sky weather) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sky = sky
}

// upset notes that a person changed something at the vendor, or with -1 that it is mended.
func (w *wire) upset(by int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unproven += by
}

// RoundTrip implements http.RoundTripper: it is what a vendor delivers through.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	p, err := w.pack(req)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	sky := w.sky
	if !p.event() {
		sky = fair // a vendor that asks whether somebody is there
	} else {
		w.said = append(w.said[max(0, len(w.said)-20):], p)
	}
	w.mu.Unlock()
	switch sky {
	case fair:
		return w.send(p)
	case night:
		return taken(req), nil
	case storm:
		return nil, errLost
	}
	return w.rough(req, p)
}

func (w *wire) pack(req *http.Request) (parcel, error) {
	p := parcel{method: req.Method, url: req.URL.String(), header: req.Header.Clone(), signed: w.clock()}
	if req.Body == nil {
		return p, nil
	}
	var err error
	if p.body, err = io.ReadAll(req.Body); err == nil && w.resign != nil {
		again := req.Clone(req.Context())
		w.resign(again, p.body)
		p.header = again.Header
	}
	return p, err
}

// rough is foul weather.
func (w *wire) rough(req *http.Request, p parcel) (*http.Response, error) {
	switch n := w.dice.n(100); {
	case n < 8: // dropped by something that said yes
		return taken(req), nil
	case n < 16: // dropped by something that said nothing
		return nil, errLost
	case n < 24: // it arrives, and the vendor does not hear so
		_, _ = w.send(p)
		return nil, errLost
	case n < 34: // overtaken by others
		w.later(p, time.Second, 4*time.Minute)
		return taken(req), nil
	case n < 40: // held up somewhere for hours
		w.later(p, time.Minute, 5*time.Hour)
		return nil, errLost
	case n < 48: // repeated at once, and perhaps hours later
		w.later(p, time.Second, 3*time.Minute)
		w.later(p, 2*time.Minute, 6*time.Hour)
	}
	return w.send(p)
}

// taken is the answer of something on the way.
func taken(req *http.Request) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader("")), Request: req}
}

// later has a parcel arrive after a while.
func (w *wire) later(p parcel, least, most time.Duration) {
	after := w.dice.span(least, most)
	w.late.Go(func() {
		time.Sleep(after)
		_, _ = w.send(p)
	})
}

// send brings a parcel to the door, whose answer is judged.
func (w *wire) send(p parcel) (*http.Response, error) {
	req, err := http.NewRequest(p.method, p.url, bytes.NewReader(p.body))
	if err != nil {
		return nil, err
	}
	req.Header = p.header.Clone()
	w.mu.Lock()
	proven := w.unproven == 0
	w.mu.Unlock()
	return w.door.take(w, req, p, proven)
}
