package zendesktest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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
	Given    int // given up: refused, or tried often enough
	Broken   int // dropped by an open circuit breaker
}

// Deliver sends every delivery that is due once, one after the other, and returns when all were answered or failed.
// What is answered 409, 429 or 5xx, or not at all, is kept for the next Deliver up to three attempts in all; anything
// else that is not 2xx ends a delivery. It returns an error only when ctx ends.
func (s *Server) Deliver(ctx context.Context) (Delivered, error) {
	var sum Delivered
	now := s.opt.Clock.Now()
	list := s.hooks.takeDue(now)
	var done, again []delivery
	for i, d := range list {
		if ctx.Err() != nil {
			again = append(again, list[i:]...)
			break
		}
		hook, ok := s.hooks.hook(d.hook)
		if !ok || hook.Inactive {
			sum.Given++
			continue
		}
		if !s.hooks.closed(d.hook, now) {
			sum.Broken++
			s.hooks.record(d, now, 0, statusBroken)
			continue
		}
		sum.Requests++
		d.attempts++
		status := s.send(ctx, hook, d)
		s.hooks.note(d.hook, now, status/100 == 2)
		retry := d.attempts < maxAttempts && (status == 0 || status == http.StatusConflict || status == http.StatusTooManyRequests || status >= 500)
		s.hooks.record(d, now, status, tried(status, retry))
		switch {
		case status/100 == 2:
			sum.Events++
			done = append(done, d)
		case retry:
			sum.Failed++
			again = append(again, d)
		default:
			sum.Given++
		}
	}
	s.hooks.putBack(done, again)
	if err := ctx.Err(); err != nil {
		return sum, fmt.Errorf("deliver webhooks: %w", err)
	}
	return sum, nil
}

// DeliverEvery delivers at an interval until ctx ends, and returns then. The caller owns the goroutine.
func (s *Server) DeliverEvery(ctx context.Context, every time.Duration) {
	sandbox.Every(ctx, every, func(ctx context.Context) { _, _ = s.Deliver(ctx) }) // what failed waits
}

// Redeliver queues the deliveries of the last Deliver again, with the same invocation ids. It returns how many.
func (s *Server) Redeliver() int {
	h := s.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting = append(h.waiting, h.delivered...)
	return len(h.delivered)
}

// ReverseEvents turns the order of all waiting deliveries round: no order is promised.
func (s *Server) ReverseEvents() {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	slices.Reverse(s.hooks.waiting)
}

// DropEvents forgets every n-th waiting delivery, all of them for 1, and returns how many.
func (s *Server) DropEvents(n int) int {
	h := s.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	i, before := 0, len(h.waiting)
	h.waiting = slices.DeleteFunc(h.waiting, func(delivery) bool { i++; return i%max(1, n) == 0 })
	return before - len(h.waiting)
}

func (h *hooks) takeDue(now time.Time) []delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	var due, later []delivery
	for _, d := range h.waiting {
		if d.due.After(now) {
			later = append(later, d)
			continue
		}
		due = append(due, d)
	}
	h.waiting = later
	return due
}

func (h *hooks) hook(id string) (Webhook, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.list, func(w Webhook) bool { return w.ID == id })
	if i < 0 {
		return Webhook{}, false
	}
	return h.list[i], true
}

func (h *hooks) putBack(done, again []delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.delivered = done
	h.waiting = append(again, h.waiting...)
}

// The circuit breaker: with so many failures among so many requests in five minutes a webhook gets nothing for five
// seconds, and what happens meanwhile is not sent later.
const (
	breakerSpan  = 5 * time.Minute
	breakerLeast = 100
	breakerShare = 0.7
	breakerPause = 5 * time.Second
)

// breaker counts a webhook's requests.
type breaker struct {
	begun       time.Time
	sent, wrong int
	until       time.Time
}

// closed reports whether a webhook may be sent to.
func (h *hooks) closed(id string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.breakers[id]
	return b == nil || !now.Before(b.until)
}

func (h *hooks) note(id string, now time.Time, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.breakers[id]
	if b == nil {
		b = &breaker{}
		h.breakers[id] = b
	}
	if now.Sub(b.begun) >= breakerSpan {
		*b = breaker{begun: now}
	}
	b.sent++
	if !ok {
		b.wrong++
	}
	if b.sent >= breakerLeast && float64(b.wrong) >= breakerShare*float64(b.sent) {
		*b = breaker{begun: now, until: now.Add(breakerPause)}
	}
}

// send makes one request and returns its status, 0 when there was no answer.
func (s *Server) send(ctx context.Context, w Webhook, d delivery) int {
	body := d.body
	if w.Method == http.MethodGet || w.Method == http.MethodDelete {
		body = ""
	}
	req, err := http.NewRequestWithContext(ctx, w.Method, w.Endpoint, strings.NewReader(body))
	if err != nil {
		return 0
	}
	at := s.opt.Clock.Now().UTC().Format(time.RFC3339)
	req.Header.Set("Content-Type", map[string]string{"xml": "application/xml; charset=utf-8", "form_encoded": "application/x-www-form-urlencoded; charset=utf-8"}[w.Format])
	if w.Format == "json" {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	req.Header.Set("User-Agent", "Zendesk Webhook")
	req.Header.Set("X-Zendesk-Account-Id", strconv.FormatInt(s.opt.AccountID, 10))
	req.Header.Set("X-Zendesk-Webhook-Id", w.ID)
	req.Header.Set("X-Zendesk-Webhook-Invocation-Id", d.invocation)
	req.Header.Set("X-Zendesk-Webhook-Signature-Timestamp", at)
	req.Header.Set("X-Zendesk-Webhook-Signature", Sign(w.Secret, at, []byte(body)))
	res, err := s.opt.Deliver.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res.StatusCode
}

// Sign returns the signature of a delivery: HMAC-SHA256 of the timestamp and the body, with the secret's text as key. See
// https://developer.zendesk.com/documentation/webhooks/verifying/.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
