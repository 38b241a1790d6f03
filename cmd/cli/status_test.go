package cli

import (
	"testing"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors/hubspot"
	"github.com/millrace/millrace/router/ledger"
)

// What the configuration leaves out is nobody's trouble any more, but a person must see why it stands still.
func TestStreamsThatAreNoLongerRead(t *testing.T) {
	h := &hub{cfg: &config.Config{Connections: []config.Connection{{Name: "hs", Connector: hubspot.Connector, Streams: []string{"deals"}}}}}
	fails := ledger.Failure{Attempts: 3, Error: "poll: denied"}
	all := []ledger.Stream{{Connection: "hs", Stream: "deals", Failure: fails}, {Connection: "hs", Stream: "contacts", Failure: fails},
		{Connection: "gone", Stream: "deals", Failure: fails}}
	const left = "no longer read: the configuration leaves it out"
	for i, want := range []string{"fails (3 tries): poll: denied", left, left} {
		if got := h.streams(all)[i].State; got != want {
			t.Errorf("%s/%s: got %q, want %q", all[i].Connection, all[i].Stream, got, want)
		}
	}
	if got := failures(h.read(all)); len(got) != 1 || got[0] != "hs cannot be read: denied (deals)" {
		t.Errorf("got the problems %q, want that of deals alone", got)
	}
}
