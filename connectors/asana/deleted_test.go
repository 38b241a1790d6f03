package asana_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// deal is an item with every part filled.
func deal(n int) connectors.Item {
	return connectors.Item{
		Key: fmt.Sprintf("deals/%04d", n), Project: "Deals", Section: "New", Sections: []string{"New", "Offer", "Won"},
		Title: fmt.Sprintf("Acme – order %d", n), Assignee: person, Due: "2026-12-24", Notes: "Customer: Acme",
		Fields: []connectors.Field{
			{Name: "Amount", Kind: connectors.NumberField, Value: "1200.5"},
			{Name: "Closes", Kind: connectors.DateField, Value: "2026-12-31"},
			{Name: "Customer", Kind: connectors.TextField, Value: "Acme"},
			{Name: "Stage", Kind: connectors.EnumField, Value: "New"},
		},
	}
}

// both is what the connector opens.
type both interface {
	connectors.Target
	connectors.Batcher
	connectors.Lister
	connectors.Checker
}

func open(t testing.TB, w *world) both {
	t.Helper()
	return connectortest.Open(t, w).(both)
}

func upsert(t testing.TB, target connectors.Target, want connectors.Want) connectors.Link {
	t.Helper()
	link, err := target.Upsert(context.Background(), want)
	if err != nil {
		t.Fatalf("upsert %s: %v", want.Item.Key, err)
	}
	return link
}

// only returns the one task that carries the key.
func only(t *testing.T, w *world, key string) connectortest.Task {
	t.Helper()
	tasks := w.Tasks(t, key)
	if len(tasks) != 1 {
		t.Fatalf("got %d tasks with the key %s, want 1", len(tasks), key)
	}
	return tasks[0]
}

// destructions are what a person can take away from under a running connection.
var destructions = []struct {
	name string
	do   func(t *testing.T, w *world)
}{
	{"project", func(t *testing.T, w *world) {
		if err := w.human.DeleteProject(w.projectGIDs("Deals")[0]); err != nil {
			t.Fatal(err)
		}
	}},
	{"section", func(t *testing.T, w *world) {
		project := w.projectGIDs("Deals")[0]
		var sections []object
		w.get("/projects/"+project+"/sections?limit=100", &sections)
		other := ""
		for _, s := range sections {
			if s.Name != "New" {
				other = s.GID
			}
		}
		for _, task := range w.sim.Tasks() {
			if err := w.human.Move(task.GID, other); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range sections {
			if s.Name == "New" {
				w.call("DELETE", "/sections/"+s.GID, "", &struct{}{})
			}
		}
	}},
	{"field", func(t *testing.T, w *world) {
		if err := w.human.DeleteField("Stage"); err != nil {
			t.Fatal(err)
		}
	}},
	{"field detached", func(t *testing.T, w *world) {
		w.call("POST", "/projects/"+w.projectGIDs("Deals")[0]+"/removeCustomFieldSetting",
			`{"data":{"custom_field":"`+w.field(t, "Amount").GID+`"}}`, &struct{}{})
	}},
	{"option", func(t *testing.T, w *world) {
		for _, o := range w.field(t, "Stage").Options {
			w.call("PUT", "/enum_options/"+o.GID, `{"data":{"enabled":false}}`, &struct{}{})
		}
	}},
}

type customField struct {
	object
	Options   []object `json:"enum_options"`
	Precision int      `json:"precision"`
}

// A count is shown as 3 and an amount as 1200.50: Asana shows a number with its field's precision.
func TestCountsHaveNoDecimals(t *testing.T) {
	w := newWorld(t, false, nil)
	item := deal(1)
	item.Fields = append(item.Fields[:2:2], connectors.Field{Name: "Open tickets", Kind: connectors.CountField, Value: "3"})
	upsert(t, open(t, w), connectors.Want{Item: item})
	if count, amount := w.field(t, "Open tickets").Precision, w.field(t, "Amount").Precision; count != 0 || amount != 2 {
		t.Errorf("got precision %d and %d, want 0 for the count and 2 for the amount", count, amount)
	}
}

func (w *world) field(t *testing.T, name string) customField {
	t.Helper()
	var all []customField
	w.get("/workspaces/"+w.sim.Workspace()+"/custom_fields?limit=100&opt_fields=name,precision,enum_options", &all)
	found := customField{}
	for _, f := range all {
		if f.Name == name {
			if found.GID != "" {
				t.Fatalf("two fields are named %q", name)
			}
			found = f
		}
	}
	return found
}

// TestDeletedByPeople: what was looked up an hour ago may be gone. The next write must make it again and succeed in the
// same call, alone and in a batch.
func TestDeletedByPeople(t *testing.T) {
	for _, d := range destructions {
		t.Run(d.name, func(t *testing.T) {
			w := newWorld(t, true, nil)
			target := open(t, w)
			upsert(t, target, connectors.Want{Item: deal(1)})
			d.do(t, w)
			upsert(t, target, connectors.Want{Item: deal(2)})
			checkDeal(t, w, 2)
		})
		t.Run(d.name+" in a batch", func(t *testing.T) {
			w := newWorld(t, false, nil)
			target := open(t, w)
			upsert(t, target, connectors.Want{Item: deal(1)})
			d.do(t, w)
			for i, r := range target.UpsertBatch(context.Background(), []connectors.Want{{Item: deal(2)}, {Item: deal(3)}}) {
				if r.Err != nil || r.Link == "" {
					t.Fatalf("item %d: got link %q and error %v", i, r.Link, r.Err)
				}
				checkDeal(t, w, i+2)
			}
		})
		t.Run(d.name+" under an update", func(t *testing.T) {
			w := newWorld(t, true, nil)
			target, last := open(t, w), deal(1)
			link := upsert(t, target, connectors.Want{Item: last})
			d.do(t, w)
			now := deal(1)
			now.Section, now.Fields[0].Value, now.Fields[3].Value = "New", "1300.5", "New"
			last.Section, last.Fields[3].Value = "Offer", "Offer" // what was shown before
			_, err := target.Upsert(context.Background(), connectors.Want{Item: now, Link: link, Last: &last})
			if d.name == "project" { // its tasks are deleted with it; whether to show them again is the router's to decide
				if connectors.KindOf(err) != connectors.NotFound {
					t.Fatalf("got %v, want not found", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := only(t, w, now.Key); got.Section != "New" || got.Fields["Amount"] != "1300.5" || got.Fields["Stage"] != "New" {
				t.Errorf("got %+v, want the section New, the amount 1300.5 and the stage New", got)
			}
		})
	}
}

func checkDeal(t *testing.T, w *world, n int) {
	t.Helper()
	want, got := deal(n), only(t, w, deal(n).Key)
	if got.Project != want.Project || got.Section != want.Section || got.Title != want.Title || got.Assignee != person {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, f := range want.Fields {
		if got.Fields[f.Name] != f.Value {
			t.Errorf("field %s: got %q, want %q", f.Name, got.Fields[f.Name], f.Value)
		}
	}
	if gids := w.projectGIDs(want.Project); len(gids) != 1 {
		t.Errorf("got %d projects named %s, want 1", len(gids), want.Project)
	}
	if options := w.field(t, "Stage").Options; len(options) != 1 {
		t.Errorf("got the options %v, want one", options)
	}
}

// TestUserUnknownOrGone: an owner who left must not block the deal; the fallback gets it.
func TestUserUnknownOrGone(t *testing.T) {
	w := newWorld(t, true, nil)
	w.extra["unassigned"] = "lin@acme.example"
	target := open(t, w)
	for i, email := range []string{"", "left@acme.example", "ADA@acme.example"} {
		it := deal(i)
		it.Assignee = email
		upsert(t, target, connectors.Want{Item: it})
		want := "lin@acme.example"
		if i == 2 {
			want = person
		}
		if got := only(t, w, it.Key).Assignee; got != want {
			t.Errorf("assignee for %q: got %q, want %q", email, got, want)
		}
	}
}

// TestMovesToAnotherProject: a task follows its rule, keeps people's other projects and leaves ours.
func TestMovesToAnotherProject(t *testing.T) {
	w := newWorld(t, false, nil)
	target, last := open(t, w), deal(1)
	link := upsert(t, target, connectors.Want{Item: last})
	theirs, _ := w.human.AddProject("Ada's list")
	w.call("POST", "/tasks/"+string(link)+"/addProject", `{"data":{"project":"`+theirs+`"}}`, &struct{}{})
	now := last
	now.Project, now.Section, now.Title = "Onboarding", "Kick-off", "Acme – welcome"
	now.Sections = []string{"Kick-off", "Done"}
	for i, r := range target.UpsertBatch(context.Background(), []connectors.Want{{Item: now, Link: link, Last: &last}, {Item: deal(2)}}) {
		if r.Err != nil {
			t.Fatalf("item %d: %v", i, r.Err)
		}
	}
	task, _ := w.sim.Task(string(link))
	places := map[string]string{}
	for _, p := range task.Places {
		places[p.Project] = p.Section
	}
	if len(places) != 2 || places["Onboarding"] != "Kick-off" || places["Ada's list"] == "" {
		t.Errorf("got the places %v, want Onboarding/Kick-off and Ada's list", places)
	}
	if task.Name != now.Title || task.Fields["Hub ID"] != now.Key || task.Fields["Customer"] != "Acme" {
		t.Errorf("got %+v after the move", task)
	}
}
