package connectors

import (
	"testing"
	"time"
)

// TestCheckStreams: the check sees each way in which two listings could reap each other's rows.
func TestCheckStreams(t *testing.T) {
	members := Stream{Name: "members", Object: "members", Sweep: time.Hour, Along: []string{"memberships"}}
	for name, c := range map[string]struct {
		other Stream
		bad   bool
	}{
		"another object":                      {Stream{Name: "lists", Object: "lists", Snapshot: true}, false},
		"the same object, without a listing":  {Stream{Name: "roles", Object: "members"}, false},
		"the same object, with a sweep":       {Stream{Name: "people", Object: "members", Sweep: time.Hour}, true},
		"the same object, by snapshots":       {Stream{Name: "people", Object: "members", Snapshot: true}, true},
		"what comes along, without a listing": {Stream{Name: "memberships", Object: "memberships"}, true},
		"what comes along, by snapshots":      {Stream{Name: "memberships", Object: "memberships", Snapshot: true}, true},
		"what comes along, along":             {Stream{Name: "lists", Object: "lists", Along: []string{"memberships"}}, true},
		"itself, along":                       {Stream{Name: "lists", Object: "lists", Along: []string{"lists"}}, true},
		"the same name":                       {Stream{Name: "members", Object: "others"}, true},
		"no object":                           {Stream{Name: "lists"}, true},
		"the object, along":                   {Stream{Name: "lists", Object: "lists", Along: []string{"members"}}, true},
	} {
		for _, streams := range [][]Stream{{members, c.other}, {c.other, members}} {
			if err := CheckStreams(streams); (err != nil) != c.bad {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}
