package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/router/ledger"
)

// A person must see when a feed last said anything, and a machine the same by name.
func TestStatusShowsFeeds(t *testing.T) {
	at := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	live := ledger.Feed{Connection: "sf", Feed: "ChangeEvents", Event: at, Contact: at.Add(time.Minute), Hints: 17}
	broken := ledger.Feed{Connection: "sf", Feed: "Sales__chn", Failure: ledger.Failure{Attempts: 3, Error: "denied: no scope"}}
	rep := statusReport{Feeds: []feedReport{{live, feedState(live, true)}, {broken, feedState(broken, true)}}}
	var out bytes.Buffer
	if err := printStatus(&out, rep, at); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sf/ChangeEvents  2026-11-30 09:00:00Z  2026-11-30 09:01:00Z  17", "ok\n", "fails (3 tries): denied: no scope"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	text, err := json.Marshal(rep)
	if err != nil || !strings.Contains(string(text), `"feed":"ChangeEvents"`) || !strings.Contains(string(text), `"state":"ok"`) {
		t.Errorf("as JSON: %s, %v", text, err)
	}
	for state, want := range map[string]string{feedState(live, false): "a daemon follows it, and none runs", feedState(ledger.Feed{}, true): "nothing was told yet"} {
		if state != want {
			t.Errorf("state %q, want %q", state, want)
		}
	}
}
