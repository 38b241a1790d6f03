package sandbox_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/sandbox"
)

// onePiece counts how often a body is written.
type onePiece struct {
	*httptest.ResponseRecorder
	writes int
}

func (w *onePiece) Write(b []byte) (int, error) {
	w.writes++
	return w.ResponseRecorder.Write(b)
}

// TestConsentIsOnePage: the page says who asks for what, escapes it, and comes in one piece.
func TestConsentIsOnePage(t *testing.T) {
	w := &onePiece{ResponseRecorder: httptest.NewRecorder()}
	sandbox.Consent{Vendor: "Acme", App: "<b>app</b>", Person: "Ada", Scopes: []string{"read"}}.Write(w)
	page := w.Body.String()
	for _, part := range []string{"<!doctype html>", "Acme", "&lt;b&gt;app&lt;/b&gt;", "Ada", "<li>read</li>", `value="allow"`, "</html>"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if w.writes != 1 {
		t.Errorf("the page came in %d pieces, want 1", w.writes)
	}
}
