package asanatest_test

import (
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// BenchmarkStoreTask is what a task costs besides HTTP and JSON; the aim is below 20 µs.
func BenchmarkStoreTask(b *testing.B) {
	srv := asanatest.New(asanatest.Options{})
	h, err := srv.Human("ada@acme.example")
	if err != nil {
		b.Fatal(err)
	}
	_, sections := h.AddProject("P", "S")
	b.ReportAllocs()
	for b.Loop() {
		srv.AddTask(sections[0], "task")
	}
}

// BenchmarkCreateRequest is the whole way through the handler.
func BenchmarkCreateRequest(b *testing.B) {
	srv := asanatest.New(asanatest.Options{})
	h, err := srv.Human("ada@acme.example")
	if err != nil {
		b.Fatal(err)
	}
	project, _ := h.AddProject("P", "S")
	body := `{"data":{"name":"task","notes":"some notes","due_on":"2026-12-01","projects":["` + project + `"]}}`
	for b.Loop() {
		r := httptest.NewRequest("POST", "/api/1.0/tasks?opt_fields=name", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+asanatest.DefaultToken)
		w := httptest.NewRecorder()
		srv.Handler().ServeHTTP(w, r)
		if w.Code != 201 {
			b.Fatal(w.Body.String())
		}
	}
}

// TestManyTasksStayCheap keeps 200,000 tasks within 1 kB each and a page of them within a bound that a walk over all of
// them would break. The time is generous, because the machine is shared.
func TestManyTasksStayCheap(t *testing.T) {
	if testing.Short() {
		t.Skip("200,000 tasks")
	}
	w := newWorld(t, asanatest.Options{})
	const tasks = 200_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range tasks {
		w.srv.AddTask(w.sections[0], fmt.Sprint("task ", i))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / tasks; got > 1024 {
		t.Errorf("got %d bytes a task, want 1024 or less", got)
	}
	t.Logf("%d bytes a task", (after.HeapAlloc-before.HeapAlloc)/tasks)
	path := "/tasks?limit=100&opt_fields=name,modified_at&project=" + w.project
	page := w.get(path)
	begin := time.Now()
	for range 50 {
		page = w.get(path + "&offset=" + page.offset())
	}
	if each := time.Since(begin) / 50; each > 100*time.Millisecond {
		t.Errorf("got %v a page, want 100 ms or less", each)
	}
}
