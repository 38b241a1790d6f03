package asanatest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	heartbeat   = 8 * time.Hour // https://developers.asana.com/docs/webhook-heartbeat-events
	hookBatch   = 1000          // events in one delivery, unverified
	firstRetry  = time.Second
	longRetry   = time.Hour
	runInterval = time.Second // how often Run looks for heartbeats and retries
)

// hookClient follows no redirects and uses no proxy: a delivery goes where the subscription says or nowhere.
func hookClient() *http.Client {
	return &http.Client{
		Timeout:       hookTimeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Delivered is what one call of Deliver did.
type Delivered struct {
	Posts    int // requests answered 2xx, heartbeats included
	Events   int // events in them
	Failures int // requests answered otherwise or not at all; their events are tried again
	Removed  int // webhooks deleted because they failed for 24 hours
}

// Deliver sends every webhook what it has not had yet, and its heartbeat when that is due. A webhook that failed is left
// alone until its next attempt is due by the vendor's clock. It returns an error only when ctx ends.
func (s *Server) Deliver(ctx context.Context) (Delivered, error) {
	var sum Delivered
	s.mu.RLock()
	hooks := slices.Clone(s.st.hooks)
	s.mu.RUnlock()
	for _, h := range hooks {
		if err := s.deliverTo(ctx, h, &sum); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// Run delivers as events happen until ctx ends, which is no error. It is the caller's goroutine.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(runInterval)
	defer tick.Stop()
	for {
		if _, err := s.Deliver(ctx); err != nil && !errors.Is(err, ctx.Err()) {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// deliverTo posts until the webhook has nothing left or fails.
func (s *Server) deliverTo(ctx context.Context, h *webhook, sum *Delivered) error {
	for {
		body, seq, n, due := s.pending(h)
		if !due {
			return nil
		}
		err := s.post(ctx, h, body)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.settle(h, seq, n, err, sum)
		if err != nil || n == 0 {
			return nil
		}
	}
}

// pending makes the next body of a webhook; due is false when there is nothing to send now.
func (s *Server) pending(h *webhook) (body []byte, seq uint64, n int, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.st.stamp()
	if !slices.Contains(s.st.hooks, h) || now < h.next {
		return nil, 0, 0, false
	}
	list, seq, _ := s.st.log.since(h.seq, h.resource, hookBatch, h.wants)
	if len(list) == 0 {
		h.seq = seq // nothing of it is for this webhook; do not look at it again
	}
	if len(list) == 0 && h.beat != 0 && now.time().Sub(h.beat.time()) < heartbeat {
		return nil, 0, 0, false
	}
	events := make([]map[string]any, 0, len(list))
	for _, e := range list {
		events = append(events, s.st.compactEvent(e))
	}
	body, err := json.Marshal(map[string]any{"events": events})
	if err != nil { // maps of texts cannot fail
		panic(err)
	}
	return body, seq, len(list), true
}

// Sign returns the X-Hook-Signature of a body: hex of HMAC-SHA256 with the secret of the handshake.
// https://developers.asana.com/docs/webhooks-guide
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *Server) post(ctx context.Context, h *webhook, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.target, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the delivery: %w", err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-Hook-Signature", Sign(h.secret, body))
	resp, err := s.opt.Client.Do(r)
	if err != nil {
		return fmt.Errorf("post the delivery: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("post the delivery: the target answered %d", resp.StatusCode)
	}
	return nil
}

// settle records how a delivery went: exponential retries, and after 24 hours of failure the webhook is deleted.
func (s *Server) settle(h *webhook, seq uint64, n int, err error, sum *Delivered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.st.stamp()
	if err == nil {
		sum.Posts++
		sum.Events += n
		h.seq, h.succeeded, h.beat = seq, now, now
		h.failingSince, h.next, h.retries = 0, 0, 0
		return
	}
	sum.Failures++
	h.failed, h.failure = now, err.Error()
	if h.failingSince == 0 {
		h.failingSince = now
	}
	wait := min(firstRetry<<min(h.retries, 12), longRetry)
	h.retries++
	h.next = stampOf(now.time().Add(wait))
	if now.time().Sub(h.failingSince.time()) >= hookLifetime {
		s.st.dropHook(h)
		sum.Removed++
	}
}

// Redeliver makes the next Deliver send a webhook its last events again, n of the log at most: deliveries do repeat.
func (s *Server) Redeliver(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.st.hooks {
		h.seq -= min(uint64(max(0, n)), h.seq-1)
	}
}
