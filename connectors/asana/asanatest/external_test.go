package asanatest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

func (w *world) addExternal(name, id string) answer {
	return w.post("/tasks", `{"data":{"name":"`+name+`","projects":["`+w.project+`"],"external":{"gid":"`+id+`","data":"{}"}}}`)
}

func TestExternalNamesBelongToOneApp(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	w.asApp("hub")
	first := w.addExternal("one", "deal:7/α")
	if first.status != 201 {
		t.Fatalf("got %d %v, want 201", first.status, first.body)
	}
	id := first.body["data"].(map[string]any)["gid"].(string)
	path := "/tasks/external:deal:7%2F%CE%B1"
	if got := w.ok(200, "GET", path, ""); got["gid"] != id || got["external"].(map[string]any)["gid"] != "deal:7/α" {
		t.Errorf("got %v, want task %s with its external data", got, id)
	}
	w.ok(200, "PUT", path, `{"data":{"name":"renamed"}}`)
	w.ok(201, "POST", path+"/stories", `{"data":{"text":"hello"}}`)
	if got := w.addExternal("two", "deal:7/α"); got.status != 400 {
		t.Errorf("a second task of the same name: got %d, want 400", got.status)
	}

	w.asApp("rival")
	w.refused(404, "GET", path, "")
	if got := w.ok(200, "GET", "/tasks/"+id, ""); got["external"] != nil {
		t.Errorf("another app: got external %v, want none", got["external"])
	}
	w.ok(200, "PUT", "/tasks/"+id, `{"data":{"external":{"gid":"mine"}}}`)
	if got := w.ok(200, "GET", "/tasks/external:mine", ""); got["gid"] != id {
		t.Errorf("another app's own name: got %v, want task %s", got["gid"], id)
	}
	w.token = asanatest.DefaultToken
	w.refused(404, "GET", path, "")

	w.asApp("hub")
	w.ok(200, "DELETE", path, "")
	w.refused(404, "GET", path, "")
	if got := w.addExternal("three", "deal:7/α"); got.status != 201 {
		t.Errorf("the name of a deleted task: got %d, want 201", got.status)
	}
}

func TestExternalBounds(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	w.asApp("hub")
	if got := w.addExternal("one", strings.Repeat("x", 1025)); got.status != 400 {
		t.Errorf("a gid of 1025 characters: got %d, want 400", got.status)
	}
	if got := w.addExternal("one", strings.Repeat("x", 1024)); got.status != 201 {
		t.Errorf("a gid of 1024 characters: got %d, want 201", got.status)
	}
}

func TestDuplicatesAreFound(t *testing.T) {
	w := newWorld(t, asanatest.Options{AllowDuplicateExternal: true})
	f := w.field("Hub ID", "text", "")["gid"].(string)
	for _, hub := range []string{"c-1", "c-2", "c-1"} {
		w.ok(201, "POST", "/tasks", `{"data":{"name":"`+hub+`","projects":["`+w.project+`"],"custom_fields":{"`+f+`":"`+hub+`"}}}`)
	}
	w.add("no identity")
	w.add("no identity")
	groups := w.srv.Duplicates("Hub ID")
	if len(groups) != 1 || len(groups[0]) != 2 || groups[0][0].Fields["Hub ID"] != "c-1" {
		t.Errorf("got %+v, want one pair of c-1", groups)
	}
	w.asApp("hub")
	w.addExternal("a", "k")
	w.addExternal("b", "k")
	groups = w.srv.Duplicates("external")
	if len(groups) != 1 || len(groups[0]) != 2 {
		t.Fatalf("got %+v, want one pair of k", groups)
	}
	if err := w.human.DeleteTask(groups[0][1].GID); err != nil {
		t.Fatal(err)
	}
	if groups = w.srv.Duplicates("external"); len(groups) != 0 {
		t.Errorf("got %+v after the deletion of one, want none", groups)
	}
}

func TestHumanEditsAreSeen(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	id := w.add("one")
	for _, err := range []error{
		w.human.SetNotes(id, "mine"), w.human.Rename(id, "two"), w.human.Complete(id, true), w.human.SetDue(id, "2027-01-01"),
		w.human.Assign(id, "lin@acme.example"), w.human.Comment(id, "hi"), w.human.Move(id, w.sections[1]),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, _ := w.srv.Task(id)
	if got.Notes != "mine" || got.Name != "two" || !got.Completed || got.DueOn != "2027-01-01" || got.Assignee != "lin@acme.example" ||
		!slices.Equal(got.Comments, []string{"hi"}) || got.Places[0].Section != "Active" {
		t.Errorf("got %+v, want every edit", got)
	}
	kinds := w.get("/tasks/" + id + "/stories").list("resource_subtype")
	for _, want := range []string{"comment_added", "marked_complete", "name_changed", "section_changed"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("got stories %v, want %s among them", kinds, want)
		}
	}
}
