package router

import (
	"testing"

	"github.com/millrace/millrace/connectors"
)

// TestFirstPassOfEveryStream: the records of one object may come by two streams (a deal, and its contact roles). What
// refers to one waits for both, in whichever order they are listed.
func TestFirstPassOfEveryStream(t *testing.T) {
	source := &SourceConn{Name: "sf"}
	open := func(name string, passed bool) *stream {
		s := &stream{source: source, def: connectors.Stream{Name: name, Object: "Opportunity"}}
		s.passed.Store(passed)
		return s
	}
	for _, c := range []struct{ rows, roles, want bool }{{true, true, false}, {true, false, true}, {false, true, true}, {false, false, true}} {
		r := &Router{sources: map[string]*SourceConn{"sf": source}, listed: map[string]bool{"sf": true}, streams: map[string]*stream{
			"sf/Opportunity": open("Opportunity", c.rows), "sf/OpportunityContactRole": open("OpportunityContactRole", c.roles)}}
		for range 20 { // maps have no order
			if got := r.firstPass("sf", "Opportunity"); got != c.want {
				t.Fatalf("rows passed %v, roles passed %v: got %v, want %v", c.rows, c.roles, got, c.want)
			}
		}
		if r.firstPass("sf", "Account") {
			t.Error("an object that no stream delivers: got true")
		}
	}
}
