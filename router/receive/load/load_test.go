package load_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/router/receive/load"
)

// receiver takes deliveries; answer says what each is answered with.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	numbers map[int64]bool
	froms   map[string]bool
	odd     int // not as Zendesk would send it
}

func newReceiver(t *testing.T, answer func(w http.ResponseWriter, number int64)) *receiver {
	t.Helper()
	r := &receiver{numbers: map[int64]bool{}, froms: map[string]bool{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		mac := hmac.New(sha256.New, []byte("secret"))
		mac.Write([]byte(req.Header.Get("X-Zendesk-Webhook-Signature-Timestamp")))
		mac.Write(body)
		var one struct {
			Number int64
			Note   string
		}
		err := json.Unmarshal(body, &one)
		r.mu.Lock()
		if err != nil || len(one.Note) != 300 || req.URL.Path != "/hooks/zendesk" || req.Header.Get("X-Zendesk-Webhook-Signature") != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			r.odd++
		}
		r.numbers[one.Number], r.froms[req.RemoteAddr] = true, true
		r.mu.Unlock()
		if answer != nil {
			answer(w, one.Number)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) offer(o load.Offer) load.Offer {
	o.To, o.Path, o.Secret, o.Size = r.Listener.Addr().String(), "/hooks/zendesk", "secret", 300
	return o
}

func run(t *testing.T, o load.Offer) load.Result {
	t.Helper()
	res, err := load.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestEachDeliveryIsAnotherAndSigned(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		r := newReceiver(t, nil)
		var mu sync.Mutex
		acked := map[int64]bool{}
		res := run(t, r.offer(load.Offer{Clients: 4, Fresh: fresh, Count: 200, Acked: func(n int64) {
			mu.Lock()
			defer mu.Unlock()
			acked[n] = true
		}}))
		if n := res.Acked(); n < 200 || n > 203 || len(acked) != int(n) || len(r.numbers) != int(n) || r.odd > 0 || len(res.Codes) != 1 {
			t.Errorf("fresh %v: %d acknowledged, %d told, %d arrived, %d not as they should be, answers %v", fresh, n, len(acked), len(r.numbers), r.odd, res.Codes)
		}
		if len(r.froms) == 4 == fresh {
			t.Errorf("fresh %v: they came over %d connections of 4 clients", fresh, len(r.froms))
		}
		if res.P50 <= 0 || res.P99 < res.P50 || res.PerSecond() <= 0 || res.Offered() != res.PerSecond() {
			t.Errorf("figures: %+v", res)
		}
	}
}

// What is put off, and a connection that breaks, is counted, and the client goes on.
func TestAnswersAreCounted(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, number int64) {
		switch number % 5 {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 1:
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	})
	res := run(t, r.offer(load.Offer{Clients: 1, Count: 20, After: 1000}))
	if res.Acked() != 20 || r.numbers[1000] || !r.numbers[1001] || res.PutOff() < 18 || res.Codes[0] < 8 || r.odd > 0 {
		t.Errorf("answers %v, %d put off", res.Codes, res.PutOff())
	}
}

func TestDeliveriesAreDueAtTheirRate(t *testing.T) {
	r := newReceiver(t, nil)
	begun := time.Now()
	res := run(t, r.offer(load.Offer{Clients: 8, Rate: 200, Count: 60}))
	if took := time.Since(begun); took < 290*time.Millisecond {
		t.Errorf("%d deliveries of 200 a second took %v", res.Acked(), took)
	}
}

// A delivery that is late because the receiver was busy has waited: were it left out, whoever stalls would look quick.
func TestWaitingIsCountedFromDue(t *testing.T) {
	stall := func(_ http.ResponseWriter, number int64) {
		if number == 1 {
			time.Sleep(300 * time.Millisecond)
		}
	}
	for _, fromDue := range []bool{false, true} {
		res := run(t, newReceiver(t, stall).offer(load.Offer{Clients: 1, Rate: 100, FromDue: fromDue, Count: 20}))
		if late := res.P50 > 100*time.Millisecond; late != fromDue {
			t.Errorf("from due %v: half took longer than %v", fromDue, res.P50)
		}
	}
}

func TestNothingAcknowledgedIsAnError(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := load.Run(ctx, load.Offer{To: "127.0.0.1:1", Clients: 1, Rest: time.Millisecond}); err == nil {
		t.Error("nobody was there, and it is no error")
	}
}
