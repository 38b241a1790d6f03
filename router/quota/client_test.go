package quota_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/router/quota"
)

// throughTheClient makes n requests with 15 workers through the whole client stack to a real server, in real time.
func throughTheClient(tb testing.TB, n int, limits []connectors.Limit) result {
	tb.Helper()
	v := newVendor(500, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		o := v.begin(1)
		defer v.end(1)
		if o.Status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", fmt.Sprint(o.RetryAfter.Seconds()))
			w.WriteHeader(o.Status)
		}
		fmt.Fprint(w, `{}`)
	}))
	tb.Cleanup(s.Close)
	spec := connectors.Spec{Name: "acme", Settings: []connectors.Setting{connectors.BaseURL(s.URL)},
		Cost: func(*http.Request) connectors.Cost { return connectors.Cost{Weight: 1, Limits: []string{"calls"}} }}
	values, _ := spec.Parse(nil)
	g := quota.New(quota.Config{Limits: limits})
	h, err := transport.New(transport.Config{Connection: "acme", Spec: spec, Values: values, Limiter: g, Workers: 15})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(h.CloseIdleConnections)
	start := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 15 {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				if _, err := (rest.Client{HTTP: h, Base: s.URL}).Do(tb.Context(), "create", "POST", "/", nil, []byte(`{}`)); err != nil {
					tb.Error(err)
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	if v.most > 15 {
		tb.Errorf("got %d in flight, want at most 15", v.most)
	}
	return result{float64(v.accepted) / v.rate / took.Seconds(), float64(v.refused) / float64(v.refused+n), took}
}

func TestThroughTheClient(t *testing.T) {
	if r := throughTheClient(t, 400, limits(500, 100, 15)); r.refusals > 0.01 {
		t.Errorf("got %+v, want hardly a refusal", r)
	}
}

func BenchmarkKnownRate(b *testing.B) {
	r := throughTheClient(b, max(b.N, 1000), limits(500, 100, 15))
	b.ReportMetric(r.utilisation, "utilisation")
	b.ReportMetric(100*r.refusals, "refused-%")
}

func BenchmarkUnknownRate(b *testing.B) {
	r := throughTheClient(b, max(b.N, 5000), limits(0, 0, 15))
	b.ReportMetric(r.utilisation, "utilisation")
	b.ReportMetric(100*r.refusals, "refused-%")
}
