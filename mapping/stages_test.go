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
