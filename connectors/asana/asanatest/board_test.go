package asanatest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

func (w *world) page(path string) (int, string) {
	w.t.Helper()
	resp, err := http.Get(w.url + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestBoardShowsAndEscapes(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	f := w.field("Hub ID", "text", "")["gid"].(string)
	id := w.add("<script>alert(1)</script>")
	w.ok(200, "PUT", "/tasks/"+id, `{"data":{"due_on":"2026-01-01","assignee":"lin@acme.example","custom_fields":{"`+f+`":"<img src=x>"}}}`)
	status, page := w.page("/board/" + w.project)
	if status != 200 {
		t.Fatalf("got %d, want 200", status)
	}
	for _, want := range []string{"&lt;script&gt;", "&lt;img src=x&gt;", "Lin Wei", "due 2026-01-01", `class="late"`, "New", "Active", "no tasks"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"<script>", "<img", "http://", "https://"} {
		if strings.Contains(page, not) {
			t.Errorf("the page contains %q", not)
		}
	}
	if _, list := w.page("/board"); !strings.Contains(list, "/board/"+w.project) {
		t.Error("the list of boards lacks the project")
	}
	if status, _ := w.page("/board/12"); status != 404 {
		t.Errorf("an unknown board: got %d, want 404", status)
	}
}

func TestBoardOfManyTasksStaysReadable(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	for range 5000 {
		w.srv.AddTask(w.sections[0], "task")
	}
	if _, page := w.page("/board/" + w.project); !strings.Contains(page, "and 4900 more") || len(page) > 200_000 {
		t.Errorf("got a page of %d bytes, want a hundred cards and a count", len(page))
	}
}
