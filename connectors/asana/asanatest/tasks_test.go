package asanatest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

func TestTaskIsStoredAndShown(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	got := w.ok(201, "POST", "/tasks", `{"data":{"name":"Grüße 你好 <b>","notes":"call & ask","due_on":"2026-12-31","completed":true,
		"assignee":"lin@acme.example","memberships":[{"project":"`+w.project+`","section":"`+w.sections[1]+`"}]}}`)
	id := got["gid"].(string)
	for _, data := range []map[string]any{got, w.ok(200, "GET", "/tasks/"+id, "")} {
		if data["name"] != "Grüße 你好 <b>" || data["notes"] != "call & ask" || data["due_on"] != "2026-12-31" || data["completed"] != true {
			t.Errorf("got %v, want what was written", data)
		}
		if data["completed_at"] != "2026-11-22T09:00:00.000Z" {
			t.Errorf("got completed_at %v, want the vendor's clock in milliseconds", data["completed_at"])
		}
		if who := data["assignee"].(map[string]any); who["name"] != "Lin Wei" {
			t.Errorf("got assignee %v, want the user with the address", who)
		}
		place := data["memberships"].([]any)[0].(map[string]any)
		if place["section"].(map[string]any)["gid"] != w.sections[1] {
			t.Errorf("got place %v, want section %s", place, w.sections[1])
		}
	}
	html := w.ok(200, "GET", "/tasks/"+id+"?opt_fields=html_notes", "")
	if html["html_notes"] != "<body>call &amp; ask</body>" || html["gid"] != id || len(html) != 2 {
		t.Errorf("got %v, want html_notes and gid only", html)
	}
}

func TestUpdateTouchesOnlyGivenFields(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	id := w.add("one")
	w.ok(200, "PUT", "/tasks/"+id, `{"data":{"notes":"human text","due_on":"2026-12-01"}}`)
	w.clock.Advance(time.Second)
	got := w.ok(200, "PUT", "/tasks/"+id, `{"data":{"name":"","due_on":null}}`)
	if got["notes"] != "human text" || got["name"] != "" || got["due_on"] != nil {
		t.Errorf("got %v, want notes kept, name empty, due date cleared", got)
	}
	stamp := got["modified_at"]
	w.clock.Advance(time.Second)
	if again := w.ok(200, "PUT", "/tasks/"+id, `{"data":{"name":""}}`); again["modified_at"] != stamp {
		t.Errorf("got modified_at %v after a change of nothing, want %v", again["modified_at"], stamp)
	}
}

func TestDeletedTaskIsGone(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	id, other := w.add("one"), w.add("two")
	w.ok(200, "DELETE", "/tasks/"+id, "")
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if m := w.refused(404, method, "/tasks/"+id, `{"data":{}}`); m != "task: Unknown object: "+id {
			t.Errorf("%s: got %q", method, m)
		}
	}
	if got := w.get("/tasks?limit=10&project=" + w.project).list("gid"); !slices.Equal(got, []string{other}) {
		t.Errorf("got %v, want only %s", got, other)
	}
}

// TestRefusals is the table of requests that must change nothing.
func TestRefusals(t *testing.T) {
	w := newWorld(t, asanatest.Options{DemandTeam: true})
	id := w.add("kept")
	stray := w.ok(201, "POST", "/custom_fields", `{"data":{"workspace":"`+w.srv.Workspace()+`","name":"Stray","type":"text"}}`)["gid"].(string)
	cases := []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"POST", "/tasks", `{"data":{"name":"x"}}`, 400, "You should specify one of workspace, parent, projects"},
		{"POST", "/projects", `{"data":{"name":"x"}}`, 400, "workspace: Missing input"},
		{"POST", "/projects", `{"data":{"name":"x","workspace":"` + w.srv.Workspace() + `"}}`, 400, "team: Missing input"},
		{"POST", "/tasks", `{"data":`, 400, "Could not parse request data, invalid JSON"},
		{"POST", "/tasks", `{"data":{"projects":"1"}}`, 400, "projects: Not an array"},
		{"POST", "/tasks", `{"data":{"projects":["123"]}}`, 400, "projects: [0]: Unknown object: 123"},
		{"PUT", "/tasks/" + id, `{"data":{"due_on":"31.12.2026"}}`, 400, "due_on: Not a valid date, it must be YYYY-MM-DD"},
		{"PUT", "/tasks/" + id, `{"data":{"due_on":"2026-02-30"}}`, 400, "due_on: Not a valid date, it must be YYYY-MM-DD"},
		{"PUT", "/tasks/" + id, `{"data":{"assignee":"nobody@x.example"}}`, 400, "assignee: Unknown object: nobody@x.example"},
		{"PUT", "/tasks/" + id, `{"data":{"assignee":"bob"}}`, 400, "assignee: Not an email, gid, or the word 'me': bob"},
		{"PUT", "/tasks/" + id, `{"data":{"html_notes":"<body>a <b>bold</b></body>"}}`, 400, "html_notes: XML is invalid: element not supported: b"},
		{"PUT", "/tasks/" + id, `{"data":{"html_notes":"<body>a & b</body>"}}`, 400, "html_notes: XML is invalid: not well-formed"},
		{"PUT", "/tasks/" + id, `{"data":{"name":"` + strings.Repeat("x", 1025) + `"}}`, 400, "name: Value is too long"},
		{"PUT", "/tasks/" + id, `{"data":{"nmae":"typo"}}`, 400, "nmae: Unrecognized property"},
		{"PUT", "/tasks/" + id, `{"data":{"custom_fields":{"` + stray + `":"v"}}}`, 400, "Custom field with ID " + stray + " is not on given object"},
		{"PUT", "/tasks/" + id, `{"data":{"external":{"gid":"k"}}}`, 403, "external: External data requires authentication with OAuth"},
		{"GET", "/tasks/abc", "", 400, "task: Not a recognized ID: abc"},
		{"GET", "/tasks/external:k", "", 404, "task: Unknown object: external:k"},
		{"GET", "/tasks", "", 400, "Must specify exactly one of project, tag, section, user task list, or assignee + workspace"},
		{"GET", "/tasks?assignee=me", "", 400, "workspace: Missing input"},
		{"GET", "/tasks?project=" + w.project + "&limit=0", "", 400, "limit: Must be between 1 and 100"},
		{"GET", "/tasks?project=" + w.project + "&limit=101", "", 400, "limit: Must be between 1 and 100"},
		{"GET", "/tasks?project=" + w.project + "&limit=5&offset=made-up", "", 400, "offset: Your pagination token is invalid."},
		{"GET", "/no/such/route", "", 404, "No matching route for request"},
		{"PATCH", "/tasks/" + id, "", 404, "No matching route for request"},
		{"GET", "/workspaces/" + w.srv.Workspace() + "/tasks/search", "", 402, "Search is only available to premium users."},
	}
	for _, c := range cases {
		if got := w.refused(c.status, c.method, c.path, c.body); got != c.message {
			t.Errorf("%s %s: got message %q, want %q", c.method, c.path, got, c.message)
		}
	}
	if got := w.srv.Tasks(); len(got) != 1 || got[0].Name != "kept" {
		t.Errorf("got tasks %+v, want the one task unchanged", got)
	}
}

func TestPagingShowsEachTaskOnceWhileOthersMove(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	want := []string{}
	for i := range 25 {
		want = append(want, w.add(fmt.Sprint(i)))
	}
	slices.Reverse(want) // new tasks come to the top
	path := "/projects/" + w.project + "/tasks?limit=10"
	page := w.get(path)
	got := page.list("gid")
	w.ok(200, "DELETE", "/tasks/"+got[9], "") // the place the offset points at
	w.ok(200, "DELETE", "/tasks/"+want[10], "")
	w.add("new at the top")
	w.ok(200, "POST", "/sections/"+w.sections[1]+"/addTask", `{"data":{"task":"`+want[24]+`"}}`)
	for page.offset() != "" {
		page = w.get(path + "&offset=" + page.offset())
		got = append(got, page.list("gid")...)
	}
	want = slices.Delete(want, 10, 11)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestOffsetExpiresAndBelongsToItsRequest(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	w.add("a")
	w.add("b")
	path := "/tasks?limit=1&project=" + w.project
	offset := w.get(path).offset()
	if got := w.refused(400, "GET", "/tasks?limit=1&section="+w.sections[0]+"&offset="+offset, ""); got != "offset: Your pagination token is invalid." {
		t.Errorf("another request: got %q", got)
	}
	w.clock.Advance(time.Hour)
	if got := w.refused(400, "GET", path+"&offset="+offset, ""); got != "offset: Your pagination token has expired." {
		t.Errorf("an hour later: got %q", got)
	}
}

func TestListWithoutLimitIsRefusedOrCut(t *testing.T) {
	for _, cut := range []bool{false, true} {
		w := newWorld(t, asanatest.Options{TruncateUnlimited: cut})
		for range 1001 {
			w.srv.AddTask(w.sections[0], "x")
		}
		a := w.get("/tasks?project=" + w.project)
		if _, paged := a.body["next_page"]; paged {
			t.Error("got next_page without limit, want none")
		}
		if cut && len(a.list("gid")) != 1000 || !cut && a.status != 400 {
			t.Errorf("cut %v: got %d and %d tasks, want 1000 tasks or a refusal", cut, a.status, len(a.list("gid")))
		}
	}
}

func TestFiltersByTimeAndAssignee(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	old := w.add("old")
	w.ok(200, "PUT", "/tasks/"+old, `{"data":{"assignee":"me","completed":true}}`)
	w.clock.Advance(time.Minute)
	fresh := w.add("fresh")
	since := w.clock.Now().Format(time.RFC3339Nano)
	base := "/tasks?limit=10&project=" + w.project
	check := func(path string, want ...string) {
		t.Helper()
		if got := w.get(path).list("gid"); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	check(base+"&modified_since="+since, fresh)
	check(base+"&completed_since=now", fresh)
	check("/tasks?limit=10&assignee=me&workspace="+w.srv.Workspace(), old)
	check("/tasks?limit=10&assignee=null&workspace="+w.srv.Workspace(), fresh)
	w.clock.Advance(time.Minute)
	w.ok(201, "POST", "/tasks/"+old+"/stories", `{"data":{"text":"a comment counts as a modification"}}`)
	check(base+"&modified_since="+w.clock.Now().Format(time.RFC3339Nano), old)
}

func TestSubtasksAndTheirParent(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	parent := w.add("parent")
	child := w.ok(201, "POST", "/tasks/"+parent+"/subtasks", `{"data":{"name":"child"}}`)["gid"].(string)
	if got := w.get("/tasks/" + parent + "/subtasks").list("gid"); !slices.Equal(got, []string{child}) {
		t.Errorf("got subtasks %v, want %s", got, child)
	}
	if got := w.refused(400, "POST", "/tasks/"+parent+"/setParent", `{"data":{"parent":"`+child+`"}}`); !strings.Contains(got, "ancestor") {
		t.Errorf("a loop of parents: got %q", got)
	}
	w.ok(200, "DELETE", "/tasks/"+parent, "")
	w.refused(404, "GET", "/tasks/"+child, "")
}

func TestMovesKeepOnePlacePerProject(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	a, b := w.add("a"), w.add("b")
	w.ok(200, "POST", "/sections/"+w.sections[1]+"/addTask", `{"data":{"task":"`+a+`"}}`)
	w.ok(200, "POST", "/sections/"+w.sections[1]+"/addTask", `{"data":{"task":"`+b+`","insert_after":"`+a+`"}}`)
	if got := w.get("/sections/" + w.sections[1] + "/tasks").list("gid"); !slices.Equal(got, []string{a, b}) {
		t.Errorf("got %v, want %v", got, []string{a, b})
	}
	if got := w.get("/sections/" + w.sections[0] + "/tasks").list("gid"); len(got) != 0 {
		t.Errorf("got %v left in the first section, want none", got)
	}
	other, _ := w.human.AddProject("Second")
	w.ok(200, "POST", "/tasks/"+a+"/addProject", `{"data":{"project":"`+other+`"}}`)
	w.ok(200, "POST", "/tasks/"+a+"/removeProject", `{"data":{"project":"`+w.project+`"}}`)
	if got := w.get("/tasks/" + a + "/projects").list("gid"); !slices.Equal(got, []string{other}) {
		t.Errorf("got projects %v, want %s", got, other)
	}
}

func TestDeletedProjectTakesItsOwnTasks(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	other, _ := w.human.AddProject("Second")
	own, shared := w.add("own"), w.add("shared")
	w.ok(200, "POST", "/tasks/"+shared+"/addProject", `{"data":{"project":"`+other+`"}}`)
	if err := w.human.DeleteProject(w.project); err != nil {
		t.Fatal(err)
	}
	w.refused(404, "GET", "/projects/"+w.project, "")
	w.refused(404, "GET", "/sections/"+w.sections[0], "")
	w.refused(404, "GET", "/tasks/"+own, "")
	if got := w.get("/tasks/" + shared + "/projects").list("gid"); !slices.Equal(got, []string{other}) {
		t.Errorf("got projects %v of the shared task, want %s", got, other)
	}
}
