package register

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
)

const on, off, failing = connectors.SubscriptionOn, connectors.SubscriptionOff, connectors.SubscriptionFailing

func sub(id, of, url string, state connectors.SubscriptionState, events ...string) connectors.Subscription {
	return connectors.Subscription{ID: id, Of: of, URL: url, State: state, Events: events}
}

func TestPlan(t *testing.T) {
	want := sub("", "a", "u/a", on, "x", "y")
	for _, c := range []struct {
		name    string
		ours    []connectors.Subscription
		proof   proof
		changes bool
		expect  string
	}{
		{"nothing there", nil, proven, true, "create"},
		{"as it should be", []connectors.Subscription{sub("1", "a", "u/a", on, "x", "y")}, proven, true, "keep 1"},
		{"other address", []connectors.Subscription{sub("1", "a", "u/old", on, "x", "y")}, proven, true, "change 1"},
		{"other address that cannot be changed", []connectors.Subscription{sub("1", "a", "u/old", on, "x", "y")}, proven, false, "replace 1"},
		{"other events", []connectors.Subscription{sub("1", "a", "u/a", on, "x")}, proven, true, "change 1"},
		{"off", []connectors.Subscription{sub("1", "a", "u/a", off, "x", "y")}, proven, true, "change 1"},
		{"off and cannot be changed", []connectors.Subscription{sub("1", "a", "u/a", off, "x", "y")}, proven, false, "replace 1"},
		{"failing", []connectors.Subscription{sub("1", "a", "u/a", failing, "x", "y")}, proven, true, "keep 1"},
		{"secret lost", []connectors.Subscription{sub("1", "a", "u/a", on, "x", "y")}, lost, true, "replace 1"},
		{"secret readable", []connectors.Subscription{sub("1", "a", "u/a", on, "x", "y")}, readable, true, "learn 1"},
		{"twice", []connectors.Subscription{sub("2", "a", "u/a", on, "x", "y"), sub("1", "a", "u/a", off, "x", "y")}, proven, true, "keep 2, remove 1"},
		{"of what is not read", []connectors.Subscription{sub("1", "a", "u/a", on, "x", "y"), sub("2", "b", "u/b", on, "x")}, proven, true, "keep 1, remove 2"},
	} {
		k := know{proof: func(connectors.Subscription) proof { return c.proof }, changes: c.changes}
		got := ""
		for i, s := range plan([]connectors.Subscription{want}, c.ours, k) {
			if i > 0 {
				got += ", "
			}
			got += string(s.Do)
			if s.Have.ID != "" {
				got += " " + s.Have.ID
			}
		}
		if got != c.expect {
			t.Errorf("%s: got %s, want %s", c.name, got, c.expect)
		}
	}
}

// model carries steps out on a list, as a vendor would.
func model(list []connectors.Subscription, steps []Step, serial *int) []connectors.Subscription {
	drop := func(id string) {
		list = slices.DeleteFunc(list, func(s connectors.Subscription) bool { return s.ID == id })
	}
	for _, s := range steps {
		switch s.Do {
		case Remove:
			drop(s.Have.ID)
		case Change:
			made := s.Want
			made.ID = s.Have.ID
			drop(s.Have.ID)
			list = append(list, made)
		case Create, Replace:
			drop(s.Have.ID)
			*serial++
			made := s.Want
			made.ID = fmt.Sprint("new", *serial)
			list = append(list, made)
		}
	}
	return list
}

// One run makes what is there what is wanted, a second one finds nothing to do, and nothing but ours is in any step.
func TestPlanConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		var wanted []connectors.Subscription
		for _, o := range rapid.SliceOfNDistinct(of, 0, 3, rapid.ID[string]).Draw(t, "wanted") {
			wanted = append(wanted, sub("", o, "u/"+o, on, "x", "y"))
		}
		lostIDs := map[string]bool{}
		var ours []connectors.Subscription
		for i := range rapid.IntRange(0, 8).Draw(t, "ours") {
			o := of.Draw(t, "of")
			url := rapid.SampledFrom([]string{"u/" + o, "u/other"}).Draw(t, "url")
			state := rapid.SampledFrom([]connectors.SubscriptionState{on, off, failing}).Draw(t, "state")
			events := rapid.SampledFrom([][]string{{"x", "y"}, {"x"}, nil}).Draw(t, "events")
			ours = append(ours, sub(fmt.Sprint(i), o, url, state, events...))
			lostIDs[fmt.Sprint(i)] = rapid.Bool().Draw(t, "lost")
		}
		k := know{changes: rapid.Bool().Draw(t, "changes"), proof: func(s connectors.Subscription) proof {
			if lostIDs[s.ID] {
				return lost
			}
			return proven
		}}
		serial := 0
		steps := plan(wanted, ours, k)
		for _, s := range steps {
			if s.Have.ID != "" && !slices.ContainsFunc(ours, func(o connectors.Subscription) bool { return o.ID == s.Have.ID }) {
				t.Fatalf("step %s is about %s, which is not ours", s.Do, s.Have.ID)
			}
		}
		after := model(slices.Clone(ours), steps, &serial)
		if len(after) != len(wanted) {
			t.Fatalf("%d are there, %d are wanted: %v", len(after), len(wanted), after)
		}
		for _, w := range wanted {
			if !slices.ContainsFunc(after, func(s connectors.Subscription) bool {
				return s.Of == w.Of && s.URL == w.URL && s.State != off && slices.Equal(s.Events, w.Events) && !lostIDs[s.ID]
			}) {
				t.Fatalf("nothing tells of %s as wanted: %v", w.Of, after)
			}
		}
		if again := Drift(plan(wanted, after, k)); len(again) != 0 {
			t.Fatalf("a second run does %v", again)
		}
	})
}
