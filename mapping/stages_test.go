package mapping

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

func TestStageKindsOfTheConfiguration(t *testing.T) {
	const file = `
version: 1
objects:
  pipelines:
    kind: pipeline
    id: id
    fields:
      object: of
      stages:
        path: stages
        stage: {id: id, name: label, order: displayOrder, closed: closed}
`
	set := func(stages map[string]string) *Set {
		return NewSet(map[string]Connection{"hs-main": {Rules: load(t, file), Stages: stages}})
	}
	kinds := func(s *Set, object string) string {
		p, _, err := s.Map(connectors.Record{Ref: connectors.Ref{Connection: "hs-main", Object: "pipelines", ID: "1"},
			Data: []byte(`{"id":"1","of":"` + object + `","stages":[{"id":"appointmentscheduled","label":"A","displayOrder":0},{"id":"9","label":"Waiting on us","displayOrder":1}]}`)})
		if err != nil {
			t.Fatal(err)
		}
		var list []canonical.Stage
		if err := json.Unmarshal(p.Get("stages"), &list); err != nil || len(list) != 2 {
			t.Fatal(string(p.Get("stages")), err)
		}
		return list[0].Kind + " " + list[1].Kind
	}
	own := map[string]string{"appointmentscheduled": "proposal"}
	for _, test := range []struct {
		stages       map[string]string
		object, want string
	}{
		{nil, "deal", "initial_contact negotiation"}, {own, "deal", "proposal negotiation"}, {nil, "ticket", "new open"}, {own, "ticket", "proposal open"},
	} {
		if got := kinds(set(test.stages), test.object); got != test.want {
			t.Errorf("stages of a %s with %v are %s, want %s", test.object, test.stages, got, test.want)
		}
	}
	if a, b := set(nil).Version(), set(own).Version(); a == b || fmt.Sprint(a) == "" {
		t.Error("other kinds of stages have the same mapping version: stored pipelines would keep the old ones")
	}
}

// TestVendorSaysTheStatusOfAStage: the vendor's own word for a status goes before the label that people gave it.
func TestVendorSaysTheStatusOfAStage(t *testing.T) {
	const file = `
version: 1
objects:
  pipelines:
    kind: pipeline
    id: id
    fields:
      object: {value: ticket}
      stages:
        path: stages
        stage: {id: id, name: label, order: at, kind: category}
`
	set := NewSet(map[string]Connection{"zd": {Rules: load(t, file)}})
	p, _, err := set.Map(connectors.Record{Ref: connectors.Ref{Connection: "zd", Object: "pipelines", ID: "1"},
		Data: []byte(`{"id":"1","stages":[{"id":"7","label":"Waiting on customer","at":0,"category":"open"},
			{"id":"8","label":"New","at":1,"category":"hold"},{"id":"9","label":"Solved","at":2,"category":"someday"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	var list []canonical.Stage
	if err := json.Unmarshal(p.Get("stages"), &list); err != nil || len(list) != 3 {
		t.Fatal(string(p.Get("stages")), err)
	}
	if got := list[0].Kind + " " + list[1].Kind + " " + list[2].Kind; got != "open on_hold open" {
		t.Errorf("got %s, want what the vendor says, and the place where it says nothing known", got)
	}
}

// TestReferenceIntoWhatTheConnectionNames: which system an external id is of, only the connection knows.
func TestReferenceIntoWhatTheConnectionNames(t *testing.T) {
	const file = `
version: 1
objects:
  users:
    kind: person
    id: id
    same:
      - {path: external_id, ref: $external}
`
	for _, test := range []struct{ variable, want string }{
		{"crm:Contact", "sf-prod/Contact/003"}, {"contacts", ""}, {"other:Contact", ""}, {"crm:", ""}, {"", ""},
	} {
		set := NewSet(map[string]Connection{"zd": {Rules: load(t, file), Peers: map[string]string{"crm": "sf-prod"}, Vars: map[string]string{"external": test.variable}}})
		p, _, err := set.Map(connectors.Record{Ref: connectors.Ref{Connection: "zd", Object: "users", ID: "1"}, Data: []byte(`{"id":"1","external_id":"003"}`)})
		if got := fmt.Sprint(p.Same); err != nil || got != "["+test.want+"]" {
			t.Errorf("external %q: got %s and %v, want [%s]", test.variable, got, err, test.want)
		}
	}
}
