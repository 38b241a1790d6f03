package hubspot_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// lostPaths answers like HubSpot but has lost some paths, as after the end of an API version.
func lostPaths(t *testing.T, h *harness, part string) {
	t.Helper()
	next := h.sim.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, part) {
			http.Error(w, "no such page", http.StatusNotFound)
			return
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
}

// TestLostPathIsNoEmptyAnswer: a 404 for a collection needs a person; taken for "none of these exists" it would unlink
// every deal that changes.
func TestLostPathIsNoEmptyAnswer(t *testing.T) {
	h := newHarness(t, "deals", immediate)
	id := h.Create(t, 1)[0]
	ref := connectors.Ref{Connection: "main", Object: "deals", ID: id}
	for _, part := range []string{"/associations/", "/batch/read", "/properties/"} {
		lostPaths(t, h, part)
		src := connectortest.Open(t, h).(connectors.Getter)
		got, err := src.Get(context.Background(), []connectors.Ref{ref})
		if connectors.KindOf(err) != connectors.Gone || !strings.Contains(err.Error(), "check api_version and base_url") {
			t.Errorf("without %s: got %d records and %v, want an error of kind gone that says what to check", part, len(got), err)
		}
	}
}
