package cli

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/receive"
)

// door is where vendors find the hub: a proxy that stays while the hub behind it comes and goes.
type door struct {
	t    *testing.T
	disk *disk

	mu       sync.Mutex
	behind   *receive.Receiver // nil = nobody is there
	shut     bool
	since    time.Time              // since when the hub can be reached without a break
	seen     map[[32]byte]time.Time // what this receiver has taken
	forged   int
	outdated int
	repeated int // that the receiver had to know
	took     int
}

// open puts a receiver behind the door, nil takes it away.
func (d *door) open(r *receive.Receiver) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.behind, d.seen, d.since = r, map[[32]byte]time.Time{}, time.Now()
}

func (d *door) close(shut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut, d.since = shut, time.Now()
}

// reached returns for how long the hub can be reached.
func (d *door) reached() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut || d.behind == nil {
		return 0
	}
	return time.Since(d.since)
}

func (d *door) receiver() *receive.Receiver {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return nil
	}
	return d.behind
}

// ServeHTTP is for requests that nobody judges.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if behind := d.receiver(); behind != nil {
		behind.ServeHTTP(w, r)
		return
	}
	panic(http.ErrAbortHandler)
}

// take brings a delivery in and judges the answer: what is taken is on the disk, what is repeated is stored once, what is too
// old is refused, and what is authentic and in time is not.
func (d *door) take(w *wire, req *http.Request, p parcel, proven bool) (*http.Response, error) {
	behind := d.receiver()
	if behind == nil {
		return nil, errLost
	}
	age, mark := time.Since(p.signed), p.mark()
	stored, failures := d.disk.times(p.body), d.disk.failures()
	res, err := serve(behind, req)
	if err != nil || !p.event() {
		return res, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	at, known := d.seen[mark]
	ok := res.StatusCode == http.StatusOK
	switch {
	case w.timed && age > stale:
		if d.outdated++; ok {
			d.t.Errorf("%s: a delivery of %v ago was taken", w.name, age)
		}
	case ok && d.disk.times(p.body) == 0:
		d.t.Errorf("%s: a delivery was answered 200 before it was stored", w.name)
	case ok && known && time.Since(at) < fresh:
		if d.repeated++; behind == d.behind && stored > 0 && d.disk.times(p.body) != stored {
			d.t.Errorf("%s: a delivery was stored twice within %v", w.name, time.Since(at))
		}
	case !ok && proven && age < fresh && d.disk.failures() == failures && behind == d.behind:
		d.t.Errorf("%s: an authentic delivery of %v ago was answered %d", w.name, age, res.StatusCode)
	}
	if ok && !known && behind == d.behind {
		d.took++
		d.seen[mark] = time.Now()
	}
	return res, nil
}

// forge brings in what no vendor sent.
func (d *door) forge(req *http.Request, how string) {
	behind := d.receiver()
	if behind == nil {
		return
	}
	res, err := serve(behind, req)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.forged++; err != nil || res.StatusCode != http.StatusUnauthorized && res.StatusCode != http.StatusNotFound {
		d.t.Errorf("forged, %s, to %s: answered %v, %v", how, req.URL.Path, res, err)
	}
}

// disk is the inbox, which takes its time, refuses now and then, and remembers.
type disk struct {
	dice *dice

	mu    sync.Mutex
	under receive.Store
	full  bool
	fails int
	has   map[string]int // by body
}

var errDiskFull = errors.New("no space left on device")

// Put implements receive.Store.
func (d *disk) Put(ctx context.Context, list []ledger.Arrival) error {
	time.Sleep(d.dice.span(time.Millisecond, 20*time.Millisecond))
	d.mu.Lock()
	under, full := d.under, d.full
	if full {
		d.fails += len(list)
	}
	d.mu.Unlock()
	if full {
		return errDiskFull
	}
	if err := under.Put(ctx, list); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range list {
		d.has[string(a.Request.Body)]++
	}
	return nil
}

func (d *disk) times(body []byte) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.has[string(body)]
}

func (d *disk) failures() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fails
}

func (d *disk) fill(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}
