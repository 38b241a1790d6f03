package mailchimptest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// maxAttempts is how often a delivery is tried in all: few, so that an outage loses events and polling must find them.
const maxAttempts = 3

// Delivered says what a Deliver did.
type Delivered struct {
	Requests int // sent
	Events   int // answered 2xx
	Failed   int // to be tried again
	Given    int // given up
}

// Deliver sends every delivery that waits once, one after the other. What is not answered 2xx is kept for the next Deliver
// up to three attempts in all, but an answer of 410 disables the webhook. It returns an error only when ctx ends.
func (s *Server) Deliver(ctx context.Context) (Delivered, error) {
	var sum Delivered
	h := s.hooks
	h.mu.Lock()
	due := h.waiting
	h.waiting = nil
	h.mu.Unlock()
	var done, again []delivery
	for i, d := range due {
		if ctx.Err() != nil {
			again = append(again, due[i:]...)
			break
		}
		sum.Requests++
		d.attempts++
		switch status := s.send(ctx, d); {
		case status/100 == 2:
			sum.Events++
			done = append(done, d)
		case status == http.StatusGone:
			sum.Given++
			h.disable(d.hook)
		case d.attempts < maxAttempts:
			sum.Failed++
			again = append(again, d)
		default:
			sum.Given++
		}
	}
	h.mu.Lock()
	h.delivered, h.waiting = done, append(again, h.waiting...)
	h.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return sum, fmt.Errorf("deliver webhooks: %w", err)
	}
	return sum, nil
}

// DeliverEvery delivers at an interval until ctx ends, and returns then. The caller owns the goroutine.
func (s *Server) DeliverEvery(ctx context.Context, every time.Duration) {
	sandbox.Every(ctx, every, func(ctx context.Context) { _, _ = s.Deliver(ctx) }) // what failed waits
}

// Redeliver queues the deliveries of the last Deliver again and returns how many.
func (s *Server) Redeliver() int {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	s.hooks.waiting = append(s.hooks.waiting, s.hooks.delivered...)
	return len(s.hooks.delivered)
}

// ReverseEvents turns the order of all waiting deliveries round: no order is promised.
func (s *Server) ReverseEvents() {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	slices.Reverse(s.hooks.waiting)
}

// DropEvents forgets every n-th waiting delivery, all of them for 1, and returns how many.
func (s *Server) DropEvents(n int) int {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i, before := 0, len(s.hooks.waiting)
	s.hooks.waiting = slices.DeleteFunc(s.hooks.waiting, func(delivery) bool { i++; return i%max(1, n) == 0 })
	return before - len(s.hooks.waiting)
}

// disable turns a webhook off, and forgets what waits for it.
func (h *hooks) disable(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.list {
		h.list[i].Disabled = h.list[i].Disabled || h.list[i].ID == id
	}
	h.waiting = slices.DeleteFunc(h.waiting, func(d delivery) bool { return d.hook == id })
}

// send makes one request and returns its status, 0 when there was no answer or nobody to ask.
func (s *Server) send(ctx context.Context, d delivery) int {
	s.hooks.mu.Lock()
	i := slices.IndexFunc(s.hooks.list, func(w Webhook) bool { return w.ID == d.hook })
	var hook Webhook
	if i >= 0 {
		hook = s.hooks.list[i]
	}
	s.hooks.mu.Unlock()
	if i < 0 || hook.Disabled {
		return 0
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, strings.NewReader(d.body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "MailChimp")
	if hook.Signed {
		req.Header.Set("X-Mailchimp-Signature", Sign(s.SigningSecret(hook.ID), s.now(), []byte(d.body)))
	}
	res, err := s.opt.Deliver.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res.StatusCode
}

// Sign returns the signature of a delivery. See
// https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/.
func Sign(secret string, seconds int64, body []byte) string {
	stamp := strconv.FormatInt(seconds, 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
