package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// dice are random numbers that many may draw from.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func newDice(seed, of uint64) *dice { return &dice{rng: rand.New(rand.NewPCG(seed, of))} }

func (d *dice) n(most int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(most)
}

// one says yes once in n times.
func (d *dice) one(n int) bool { return d.n(n) == 0 }

// span is a duration between two others.
func (d *dice) span(least, most time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return least + time.Duration(d.rng.Int64N(int64(most-least)+1))
}

// lock is a sync.Mutex whose waiters let a bubble's clock run on: whoever holds it may have to wait for that.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

// Lock and Unlock implement sync.Locker.
func (l lock) Lock() { l <- struct{}{} }

// Unlock implements sync.Locker.
func (l lock) Unlock() { <-l }

// wait sleeps, and returns false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// cables join everybody without a socket: nothing waits for what a bubble's clock does not know of. Each request takes its
// time, so that what happens at the vendors happens between two requests.
type cables struct {
	dice  *dice
	hosts map[string]http.Handler
}

// RoundTrip implements http.RoundTripper.
func (c *cables) RoundTrip(req *http.Request) (*http.Response, error) {
	h := c.hosts[req.URL.Host]
	if h == nil {
		return nil, fmt.Errorf("there is no host %s", req.URL.Host)
	}
	if !wait(req.Context(), c.dice.span(time.Millisecond, 80*time.Millisecond)) {
		return nil, req.Context().Err()
	}
	res, err := serve(h, req)
	if err == nil && !wait(req.Context(), c.dice.span(time.Millisecond, 80*time.Millisecond)) {
		return nil, req.Context().Err()
	}
	return res, err
}

// serve has a handler answer a client's request.
func serve(h http.Handler, req *http.Request) (res *http.Response, err error) {
	var body []byte
	if req.Body != nil {
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	in := req.Clone(req.Context())
	in.Body, in.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	in.RequestURI, in.RemoteAddr, in.Host = req.URL.RequestURI(), "203.0.113.7:4711", req.URL.Host
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			res, err = nil, io.ErrUnexpectedEOF
		} else if p != nil {
			panic(p)
		}
	}()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, in)
	res = rec.Result()
	res.Request = req
	return res, nil
}
