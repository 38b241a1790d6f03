package hubspottest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Bounds of a delivery, from HubSpot's webhooks guide.
const (
	maxEvents   = 100
	maxAttempts = 11 // the first and ten retries
)

// Delivered says what a Deliver did.
type Delivered struct {
	Requests int // posts made
	Events   int // events that were answered 2xx
	Failed   int // events that were not, and wait for the next Deliver
	Given    int // events given up after their last attempt
}

// Deliver posts every waiting event once, in arrays of at most 100, and returns when all were answered or failed.
// Events that are not answered 2xx stay with a higher attemptNumber; each call is one round of retries, whatever the
// time. It returns an error only when ctx ends.
func (s *Server) Deliver(ctx context.Context) (Delivered, error) {
	var sum Delivered
	subs := s.receivers()
	for _, i := range slices.Sorted(maps.Keys(subs)) {
		sub := subs[i]
		waiting := s.hooks.takeAll(i)
		for chunk := range slices.Chunk(waiting, maxEvents) {
			if err := ctx.Err(); err != nil {
				s.hooks.putBack(i, chunk, false, &sum)
				continue
			}
			sum.Requests++
			if s.post(ctx, sub, chunk) {
				sum.Events += len(chunk)
				s.hooks.done(i, chunk)
				continue
			}
			s.hooks.putBack(i, chunk, true, &sum)
		}
	}
	if err := ctx.Err(); err != nil {
		return sum, fmt.Errorf("deliver webhooks: %w", err)
	}
	return sum, nil
}

// receivers returns where to deliver, by queue. The app's own is told with signatures of both versions, as HubSpot does.
func (s *Server) receivers() map[int]Subscription {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	subs := map[int]Subscription{}
	for i, sub := range s.hooks.subscriptions {
		subs[i] = sub
	}
	if target := s.hooks.app.inForce(s.opt.Clock.Now(), s.hooks.cache).settings.TargetURL; target != "" && s.auth.app != nil {
		subs[ofApp] = Subscription{URL: target, Secret: s.auth.app.ClientSecret, Signatures: []string{"v1", "v3"}}
	}
	return subs
}

// DeliverEvery delivers at an interval until ctx ends, and returns then. The caller owns the goroutine.
func (s *Server) DeliverEvery(ctx context.Context, every time.Duration) {
	sandbox.Every(ctx, every, func(ctx context.Context) { _, _ = s.Deliver(ctx) }) // what failed waits
}

// Redeliver queues the events of the last successful delivery again, unchanged: HubSpot promises no uniqueness.
// It returns how many.
func (s *Server) Redeliver() int {
	h := s.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.delivered) > 0 {
		h.queues[h.last] = append(h.queues[h.last], h.delivered...)
	}
	return len(h.delivered)
}

// ReverseEvents turns the order of all waiting events round: HubSpot promises no order.
func (s *Server) ReverseEvents() {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	for _, q := range s.hooks.queues {
		slices.Reverse(q)
	}
}

func (h *hooks) takeAll(i int) []queued {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.queues[i]
	delete(h.queues, i)
	return q
}

func (h *hooks) done(i int, chunk []queued) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.delivered, h.last = slices.Clone(chunk), i
}

// putBack keeps undelivered events in front of what came meanwhile; tried says whether the attempt counts.
func (h *hooks) putBack(i int, chunk []queued, tried bool, sum *Delivered) {
	var left []queued
	for _, q := range chunk {
		if tried {
			q.attempts++
		}
		if q.attempts >= maxAttempts {
			sum.Given++
			continue
		}
		left = append(left, q)
	}
	sum.Failed += len(left)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.queues == nil {
		h.queues = map[int][]queued{}
	}
	h.queues[i] = append(left, h.queues[i]...)
}

// post sends one array and reports whether it was answered 2xx.
func (s *Server) post(ctx context.Context, sub Subscription, chunk []queued) bool {
	events := make([]event, len(chunk))
	for i, q := range chunk {
		events[i] = event{"attemptNumber": q.attempts}
		for k, v := range q.event {
			events[i][k] = v
		}
	}
	body, err := json.Marshal(events)
	if err != nil {
		panic(err) // numbers and strings always marshal
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sub.URL, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "HubSpot Connect 2.0 (http://dev.hubspot.com/) - Webhooks")
	sub.sign(req.Header, body, s.opt.Clock.Now())
	res, err := s.opt.Deliver.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res.StatusCode/100 == 2
}

// sign sets the signature headers of the asked versions, see
// https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests.
func (sub Subscription) sign(h http.Header, body []byte, now time.Time) {
	uri := sub.Public
	if uri == "" {
		uri = sub.URL
	}
	versions := sub.Signatures
	if versions == nil {
		versions = []string{"v3"}
	}
	ts := strconv.FormatInt(now.UnixMilli(), 10)
	for _, v := range versions {
		switch v {
		case "v1":
			h.Set("X-HubSpot-Signature", SignV1(sub.Secret, body))
			h.Set("X-HubSpot-Signature-Version", "v1")
		case "v2":
			h.Set("X-HubSpot-Signature", SignV2(sub.Secret, http.MethodPost, uri, body))
			h.Set("X-HubSpot-Signature-Version", "v2")
		default:
			h.Set("X-HubSpot-Request-Timestamp", ts)
			h.Set("X-HubSpot-Signature-v3", SignV3(sub.Secret, http.MethodPost, uri, body, ts))
		}
	}
}

// SignV1 returns the signature of the first version: a hash of secret and body in hexadecimal.
func SignV1(secret string, body []byte) string {
	sum := sha256.Sum256(append([]byte(secret), body...))
	return hex.EncodeToString(sum[:])
}

// SignV2 returns the signature of the second version, which adds method and address.
func SignV2(secret, method, uri string, body []byte) string {
	sum := sha256.Sum256(append([]byte(secret+method+uri), body...))
	return hex.EncodeToString(sum[:])
}

// SignV3 returns the signature of the third version; timestamp is in milliseconds, in digits. Of the address, only
// some escapes are decoded before it is signed.
func SignV3(secret, method, uri string, body []byte, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(method + unescape.Replace(uri)))
	mac.Write(body)
	mac.Write([]byte(timestamp))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

var unescape = strings.NewReplacer("%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$", "%27", "'",
	"%28", "(", "%29", ")", "%2A", "*", "%2C", ",", "%3B", ";")
