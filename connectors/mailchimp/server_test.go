package mailchimp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// rewriting is a proxy before the simulator that changes the query of requests.
func rewriting(t *testing.T, to string, change func(path, query string) string) string {
	t.Helper()
	target, err := url.Parse(to)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = change(r.URL.Path, r.URL.RawQuery)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// answering is a server that gives one answer, and a connection to it.
type answering struct {
	status int
	kind   string
	body   string
	header map[string]string
}

// ServeHTTP implements http.Handler.
func (a *answering) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	fmt.Fprint(w, a.body)
}

func answered(t *testing.T) (*answering, any) {
	t.Helper()
	a := &answering{status: http.StatusOK, kind: "application/json"}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	h := newHarness(t, nil)
	h.url = server.URL
	return a, connectortest.Open(t, h)
}

// TestBareForbiddenIsALimit: the edge's 403 says nothing; taken for a missing permission it would stop the connection.
func TestBareForbiddenIsALimit(t *testing.T) {
	a, src := answered(t)
	problem := func(status int, title string) string {
		return fmt.Sprintf(`{"type":"https://mailchimp.com/developer/marketing/docs/errors/","title":%q,"status":%d,"detail":"someone@private.example","instance":"55d7a0cc-5cbf-9fb4-0053-76654b0d322f"}`, title, status)
	}
	for _, c := range []struct {
		status int
		body   string
		want   connectors.Kind
	}{
		{403, "<HTML><H1>Access Denied</H1></HTML>", connectors.Limited}, {403, "", connectors.Limited}, {403, problem(403, "Forbidden"), connectors.Denied},
		{403, problem(403, "WrongDatacenter"), connectors.Denied}, {401, problem(401, "API Key Invalid"), connectors.Denied}, {429, "", connectors.Limited},
		{429, problem(429, "Too Many Requests"), connectors.Limited}, {400, problem(400, "Invalid Resource"), connectors.Rejected},
		{404, "<html>nginx</html>", connectors.Gone}, {404, problem(404, "Not Here"), connectors.Gone}, {500, problem(500, "Internal Server Error"), connectors.Temporary},
		{504, "", connectors.Temporary}, {200, "{}", connectors.Temporary}, {200, `{"lists":[]}`, connectors.Temporary}, {200, `{"total_items":3}`, connectors.Temporary},
		{200, `{"lists":[{}],"total_items":1}`, connectors.Temporary}, {200, `{"lists":[],"total_items":1}`, connectors.Temporary},
	} {
		a.status, a.body = c.status, c.body
		page, err := src.(connectors.Source).Read(t.Context(), "members", "")
		if connectors.KindOf(err) != c.want || len(page.Records) > 0 {
			t.Errorf("%d %s: got %v, want %v", c.status, c.body, err, c.want)
		}
		if err != nil && strings.ContainsAny(err.Error(), "@<") {
			t.Errorf("%d: the error shows the answer: %v", c.status, err)
		}
		if after := connectors.After(err); c.want == connectors.Limited && after == 0 {
			t.Errorf("%d %s: the error does not say how long to wait", c.status, c.body)
		}
	}
}

// TestMemberWithoutATime: a member that never changed is as old as its consent, and one without any time older than
// everything; neither stops the others.
func TestMemberWithoutATime(t *testing.T) {
	a, src := answered(t)
	a.body = `{"members":[{"id":"a","contact_id":"c1","last_changed":"","timestamp_opt":""},{"id":"b","contact_id":"c2","last_changed":"","timestamp_opt":"2020-01-02T03:04:05+00:00"},` +
		`{"id":"c","contact_id":"c3","last_changed":"2021-01-02T03:04:05+00:00"}],"total_items":3}`
	page, err := src.(connectors.Source).Read(t.Context(), "members", `{"v":1,"phase":"present","until":1796040000,"next":1796039940,"lists":[{"id":"l"}],"done":1}`)
	must(t, err)
	got := ""
	for _, r := range page.Records {
		if r.Ref.Object == "members" {
			got += fmt.Sprint(r.Version.Unix(), " ")
		}
	}
	if got != "1 1577934245 1609556645 " {
		t.Errorf("got the versions %s", got)
	}
}
