package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// vendor counts what it handles and answers a fixed body.
type vendor struct{ handled atomic.Int32 }

const answered = `{"results":[{"id":"1"},{"id":"2"}]}`

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	v.handled.Add(1)
	_, _ = io.WriteString(w, answered)
}

func listen(t *testing.T, h http.Handler) string {
	t.Helper()
	s, err := sandbox.Listen(h, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.URL
}

// call posts to path and returns the status (0 without an answer), the body, and the error of reading it.
func call(t *testing.T, url string) (int, string, error) {
	t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(`{"q":1}`))
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		fault   sandbox.Fault
		status  int
		handled int32
		broken  bool
	}{
		{sandbox.Fault{Kind: "503"}, 503, 0, false},
		{sandbox.Fault{Kind: "401"}, 401, 0, false},
		{sandbox.Fault{Kind: sandbox.HTML}, 200, 0, false},
		{sandbox.Fault{Kind: sandbox.Drop}, 0, 0, true},
		{sandbox.Fault{Kind: sandbox.Lost}, 0, 1, true},
		{sandbox.Fault{Kind: sandbox.Lost500}, 500, 1, false},
		{sandbox.Fault{Kind: sandbox.Truncate}, 200, 1, true},
		{sandbox.Fault{Kind: sandbox.Slow, Delay: sandbox.Duration(time.Millisecond)}, 200, 1, false},
	} {
		t.Run(tc.fault.Kind, func(t *testing.T) {
			v, plan, log := &vendor{}, sandbox.NewPlan(1), sandbox.NewLog(0)
			tc.fault.Times = 1
			if err := plan.Add(tc.fault); err != nil {
				t.Fatal(err)
			}
			url := listen(t, sandbox.Wrap(v, sandbox.Options{Plan: plan, Log: log}))
			status, _, err := call(t, url+"/things")
			if status != tc.status || (err != nil) != tc.broken || v.handled.Load() != tc.handled {
				t.Errorf("got status %d, error %v, handled %d; want %d, broken %v, %d", status, err, v.handled.Load(), tc.status, tc.broken, tc.handled)
			}
			if status, body, err := call(t, url+"/things"); status != 200 || body != answered || err != nil {
				t.Errorf("after the fault: got %d %q %v, want a whole answer", status, body, err)
			}
			if got := log.Recent()[0].Fault; got != tc.fault.Kind {
				t.Errorf("logged fault: got %q, want %q", got, tc.fault.Kind)
			}
		})
	}
}

func TestPlanMatchesSkipsAndForgets(t *testing.T) {
	v, plan := &vendor{}, sandbox.NewPlan(1)
	if err := plan.Add(sandbox.Fault{Match: sandbox.Match{Method: "POST", Path: "^/a/"}, Kind: "500", Skip: 1, Times: 2}); err != nil {
		t.Fatal(err)
	}
	url := listen(t, sandbox.Wrap(v, sandbox.Options{Plan: plan}))
	var got []int
	for _, path := range []string{"/b/1", "/a/1", "/a/2", "/b/2", "/a/3", "/a/4"} {
		status, _, _ := call(t, url+path)
		got = append(got, status)
	}
	if want := []int{200, 200, 500, 200, 500, 200}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if left := plan.Faults(); len(left) != 0 {
		t.Errorf("faults left: got %v, want none", left)
	}
}

func TestProbabilityFollowsTheSeed(t *testing.T) {
	run := func(seed uint64) string {
		plan := sandbox.NewPlan(seed)
		if err := plan.Add(sandbox.Fault{Kind: "500", Probability: 0.5}); err != nil {
			t.Fatal(err)
		}
		h := sandbox.Wrap(&vendor{}, sandbox.Options{Plan: plan})
		var out strings.Builder
		for range 40 {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader("")))
			fmt.Fprint(&out, w.Code, " ")
		}
		return out.String()
	}
	if a, b := run(3), run(3); a != b || !strings.Contains(a, "200") || !strings.Contains(a, "500") {
		t.Errorf("seed 3 twice: got\n%s\n%s\nwant the same mixture", a, b)
	}
}

func TestQuotaRefusesAndRefills(t *testing.T) {
	now := time.Now()
	q := &sandbox.Quota{Rate: sandbox.NewBucket(10, 2), Now: func() time.Time { return now }, RefusedCosts: true}
	log := sandbox.NewLog(0)
	h := sandbox.Wrap(&vendor{}, sandbox.Options{Quota: q, Log: log})
	do := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader("")))
		return w
	}
	for i, want := range []int{200, 200, 429, 429} {
		w := do()
		if w.Code != want {
			t.Errorf("request %d: got %d, want %d", i+1, w.Code, want)
		}
		if want == 429 && w.Header().Get("Retry-After") != "1" {
			t.Errorf("request %d: got Retry-After %q, want 1", i+1, w.Header().Get("Retry-After"))
		}
	}
	now = now.Add(100 * time.Millisecond)
	if w := do(); w.Code != 200 {
		t.Errorf("after a tenth of a second: got %d, want 200", w.Code)
	}
	if got := log.Totals().Limited; got != 2 {
		t.Errorf("limited: got %d, want 2", got)
	}
}

func TestQuotaLimitsFlight(t *testing.T) {
	enter, leave := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { enter <- struct{}{}; <-leave })
	h := sandbox.Wrap(slow, sandbox.Options{Quota: &sandbox.Quota{Writes: 1}})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
	}()
	<-enter
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
	if w.Code != 429 {
		t.Errorf("second write at once: got %d, want 429", w.Code)
	}
	close(leave)
	<-ended
}

func TestLogCountsByClassAndForgetsBeyondItsRing(t *testing.T) {
	log := sandbox.NewLog(3)
	log.Bodies = true
	url := listen(t, sandbox.Wrap(&vendor{}, sandbox.Options{Log: log}))
	for i := range 5 {
		if status, _, err := call(t, fmt.Sprintf("%s/contacts/%d", url, i)); status != 200 {
			t.Fatalf("call %d: got %d %v, want 200", i, status, err)
		}
	}
	if got := log.Count("POST", "/contacts/{id}"); got != 5 {
		t.Errorf("count: got %d, want 5", got)
	}
	recent := log.Recent()
	if len(recent) != 3 || recent[0].Path != "/contacts/2" || recent[2].Body != `{"q":1}` {
		t.Errorf("recent: got %+v, want the last three, oldest first, with bodies", recent)
	}
	if tot := log.Totals(); tot.Connections < 1 || tot.MaxInFlightWrites != 1 || tot.Requests != 5 {
		t.Errorf("totals: got %+v, want a connection, one write in flight, 5 requests", tot)
	}
}

func TestControl(t *testing.T) {
	clock := sandbox.NewClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	h := sandbox.Wrap(&vendor{}, sandbox.Options{Clock: clock, Plan: sandbox.NewPlan(1), Log: sandbox.NewLog(0), State: func() any { return "dump" }})
	do := func(from, host, method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.RemoteAddr, r.Host = from, host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	const here, us = "127.0.0.1:999", "localhost:80"
	if w := do("192.0.2.1:999", us, "GET", "/__sandbox/state", ""); w.Code != 403 {
		t.Errorf("from another machine: got %d, want 403", w.Code)
	}
	if w := do(here, "rebound.example", "GET", "/__sandbox/state", ""); w.Code != 403 {
		t.Errorf("by another name: got %d, want 403", w.Code)
	}
	if w := do(here, us, "GET", "/__sandbox/state", ""); strings.TrimSpace(w.Body.String()) != `"dump"` {
		t.Errorf("state: got %d %s, want the dump", w.Code, w.Body)
	}
	if w := do(here, us, "POST", "/__sandbox/faults", `[{"kind":"500","times":1}]`); w.Code != 200 {
		t.Errorf("add fault: got %d %s, want 200", w.Code, w.Body)
	}
	if w := do(here, us, "GET", "/anything", ""); w.Code != 500 {
		t.Errorf("under the fault: got %d, want 500", w.Code)
	}
	if w := do(here, us, "POST", "/__sandbox/faults", `[{"kind":"no"}]`); w.Code != 400 {
		t.Errorf("bad fault: got %d, want 400", w.Code)
	}
	before := clock.Now()
	do(here, us, "POST", "/__sandbox/clock", `{"advance":"1h","freeze":true}`)
	if got := clock.Now().Sub(before); got < time.Hour || got > time.Hour+time.Minute {
		t.Errorf("clock moved by %v, want 1h", got)
	}
	var log struct{ Totals sandbox.Totals }
	if err := json.Unmarshal(do(here, us, "GET", "/__sandbox/log", "").Body.Bytes(), &log); err != nil || log.Totals.Requests != 1 {
		t.Errorf("log: got %+v %v, want one request, those to the control not counted", log, err)
	}
}
