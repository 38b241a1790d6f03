package asana

import (
	"net/http"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
)

func answer(message string) []byte {
	return []byte(`{"errors":[{"message":"` + message + `","help":"read the docs"}]}`)
}

func TestExplain(t *testing.T) {
	cases := []struct {
		status  int
		message string
		kind    connectors.Kind
		reason  string
	}{
		{400, "workspace: Missing input", 0, "workspace: Missing input"},
		{400, "assignee: Not an email, gid, or the word 'me': Jane Doe <jane@example.com>", 0, "assignee: not an email"},
		{400, "name: 'Jane Doe' is too long", 0, "name: too long"},
		{400, "Custom field with ID 1200001 is not on given object", 0, "custom_field: is not on given object 1200001"},
		{400, "Jane Doe has no such thing", 0, ""},
		{404, "task: Unknown object: 12345678", 0, "task: Unknown object 12345678"},
		{402, "Search is only available to premium users.", connectors.Rejected, reasonPaid},
		{403, "This feature is not available for free workspaces", connectors.Rejected, reasonPaid},
		{403, "You do not have access to this project.", connectors.Rejected, ""},
		{403, "Forbidden", 0, "Forbidden"},
		{403, "The token lacks the scope tasks:write", 0, "scope"},
		{424, "", connectors.Rejected, ""},
		{451, "", connectors.Rejected, ""},
	}
	for _, c := range cases {
		got := explain(c.status, http.Header{}, answer(c.message))
		if got.Kind != c.kind || got.Reason != c.reason {
			t.Errorf("%d %q: got %v %q, want %v %q", c.status, c.message, got.Kind, got.Reason, c.kind, c.reason)
		}
	}
	body := []byte(`{"errors":[{"message":"Server Error","phrase":"6 sad squid snuggle softly"}]}`)
	if got := explain(500, nil, body); got.Trace != "6 sad squid snuggle softly" {
		t.Errorf("phrase: got %q", got.Trace)
	}
	if got := explain(500, nil, []byte(`{"errors":[{"phrase":"Jane Doe, jane@example.com"}]}`)); got.Trace != "" {
		t.Errorf("a phrase that is none: got %q, want nothing", got.Trace)
	}
}

// FuzzExplain: nothing of a message but our own words, a field's name and ids may come out (invariant 9).
func FuzzExplain(f *testing.F) {
	f.Add(400, "name: Jane Doe")
	f.Add(400, "jane@example.com: Not a valid email")
	f.Fuzz(func(t *testing.T, status int, message string) {
		const secret = "Jane Qwertz jane@qwertz.example"
		got := explain(status, http.Header{}, answer(message+secret))
		for _, part := range []string{"Qwertz", "jane@"} {
			if strings.Contains(got.Reason, part) && !strings.Contains(message, part) {
				t.Fatalf("the reason %q shows %q", got.Reason, part)
			}
		}
	})
}
