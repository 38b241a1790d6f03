package connectortest

import (
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

// TestListedTwice: the check behind NoObjectIsListedTwice sees each way in which two listings could reap each other's rows.
func TestListedTwice(t *testing.T) {
	members := connectors.Stream{Name: "members", Object: "members", Sweep: time.Hour, Along: []string{"memberships"}}
	for name, c := range map[string]struct {
		other connectors.Stream
		bad   bool
	}{
		"another object":                      {connectors.Stream{Name: "lists", Object: "lists", Snapshot: true}, false},
		"the same object, without a listing":  {connectors.Stream{Name: "roles", Object: "members"}, false},
		"the same object, with a sweep":       {connectors.Stream{Name: "people", Object: "members", Sweep: time.Hour}, true},
		"the same object, by snapshots":       {connectors.Stream{Name: "people", Object: "members", Snapshot: true}, true},
		"what comes along, without a listing": {connectors.Stream{Name: "memberships", Object: "memberships"}, true},
		"what comes along, by snapshots":      {connectors.Stream{Name: "memberships", Object: "memberships", Snapshot: true}, true},
		"what comes along, along":             {connectors.Stream{Name: "lists", Object: "lists", Along: []string{"memberships"}}, true},
		"the object, along":                   {connectors.Stream{Name: "lists", Object: "lists", Along: []string{"members"}}, true},
	} {
		for _, streams := range [][]connectors.Stream{{members, c.other}, {c.other, members}} {
			if why := listedTwice(streams); (len(why) == 1) != c.bad || len(why) > 1 {
				t.Errorf("%s: got %q", name, why)
			}
		}
	}
}
