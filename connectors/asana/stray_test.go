package asana_test

import (
	"context"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestInterruptedMoveLeavesNoStray: a move between projects is two requests. When it breaks off between them and the item
// then belongs elsewhere, the task must be there and nowhere else of ours.
func TestInterruptedMoveLeavesNoStray(t *testing.T) {
	for name, oauth := range map[string]bool{"external id": true, "custom field": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, oauth, nil)
			first, second := deal(1), deal(1)
			second.Project = "Renewals"
			link := upsert(t, open(t, w), connectors.Want{Item: first})
			err := w.plan.Add(sandbox.Fault{Match: sandbox.Match{Method: "POST", Path: `/removeProject$`}, Kind: "503", Times: 2})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := open(t, w).Upsert(context.Background(), connectors.Want{Item: second, Link: link, Last: &first}); err == nil {
				t.Fatal("the move was not interrupted")
			}
			w.plan.Clear()
			both := []string{first.Project, second.Project}
			for _, it := range []connectors.Item{first, second} {
				got := upsert(t, open(t, w), connectors.Want{Item: it, Link: link, Since: w.clock.Now().Add(-time.Minute), Sought: both})
				task, _ := w.sim.Task(string(got))
				if got != link || len(task.Places) != 1 || task.Places[0].Project != it.Project {
					t.Errorf("task %s is in %+v, want %s in %s only", got, task.Places, link, it.Project)
				}
			}
		})
	}
}
