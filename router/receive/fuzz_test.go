package receive_test

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/router/receive"
)

// FuzzRequests: whatever strangers send, it is refused, and nothing of it is stored or told.
func FuzzRequests(f *testing.F) {
	for _, seed := range [][4]string{{"POST", "/hooks/hubspot", "X-HubSpot-Signature-v3", "[]"}, {"GET", "/hooks/salesforce/" + secret[1:], "", ""},
		{"POST", "/hooks/asana//", "X-Hook-Secret", asanaEvents}, {"POST", "/hooks/zendesk?a=%zz", "X-Zendesk-Webhook-Signature", zendeskEvent},
		{"PUT", "/forward", "X-Forwarded-For", "x"}, {"POST", "/hooks/%68ubspot", "X-HubSpot-Signature", soapMessage}} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	var hooks []receive.Hook
	seen := map[string]bool{}
	for _, s := range schemes {
		if !seen[s.connector] && s.there() {
			hooks = append(hooks, s.hook(f, secret))
		}
		seen[s.connector] = true
	}
	store := &memory{}
	r, err := receive.New(receive.Options{Hooks: hooks, Public: public, Store: store, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(r.Close)
	f.Fuzz(func(t *testing.T, method, path, header, body string) {
		if strings.Contains(path, secret) {
			return
		}
		req := httptest.NewRequest("POST", "/", strings.NewReader(body))
		req.Method, req.URL.Path, req.URL.RawPath = method, path, path
		req.Header[header] = []string{body}
		req.Header.Set("X-Forwarded-For", header)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code < 400 || w.Body.Len() > 0 || len(store.stored()) > 0 {
			t.Errorf("%s %q: status %d with %d bytes, %d stored", method, path, w.Code, w.Body.Len(), len(store.stored()))
		}
	})
}

// FuzzDeliveries: an authentic body of any content is stored as it is. That it cannot be parsed is found out later.
func FuzzDeliveries(f *testing.F) {
	for _, s := range schemes {
		f.Add([]byte(s.body))
	}
	f.Add([]byte(`{"a":` + strings.Repeat("[", 10_000)))
	f.Add([]byte(`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>`))
	f.Add([]byte("type=x&data[a][b][c]=1&data%5B=%zz"))
	f.Add([]byte(`[{"objectId":` + strings.Repeat("9", 5000) + `}]`))
	s := schemes[0]
	hook := s.hook(f, secret)
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<20 {
			return
		}
		b := newBench(t, nil, hook)
		header := s.sign(secret, public+"/hooks/hubspot", string(body), b.clock.now())
		b.want("authentic", b.send("POST", s.path(), header, string(body)), 200, 1)
		got := b.store.stored()[0].Request
		if string(got.Body) != string(body) {
			t.Errorf("stored %d bytes instead of %d", len(got.Body), len(body))
		}
		began := time.Now()
		_, _ = hook.Webhook.Parse(got)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("parsing %d bytes took %v", len(body), took)
		}
	})
}
