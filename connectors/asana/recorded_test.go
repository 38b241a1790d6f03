package asana

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
)

// recording is one exchange with the real Asana.
type recording struct {
	Method, Path string
	Status       int
	Body         json.RawMessage `json:"response_body"`
}

// replay answers every request with one recording.
type replay struct{ recording }

func (r replay) RoundTrip(q *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: r.Status, Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}},
		Body: io.NopCloser(strings.NewReader(string(r.Body))), ContentLength: int64(len(r.Body)), Request: q}, nil
}

func recordings(t *testing.T) []recording {
	t.Helper()
	f, err := os.Open(Shared(t, "recorded/asana/exchanges.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	var all []recording
	for lines.Scan() {
		var r recording
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		t.Fatal("no recordings")
	}
	return all
}

// TestRecordedExchangesDecode: what the real Asana answered is read without an error and without losing its gids.
func TestRecordedExchangesDecode(t *testing.T) {
	lists, singles := 0, 0
	for _, r := range recordings(t) {
		c := newClient(connectors.Env{HTTP: &http.Client{Transport: replay{r}}}, defaultBase)
		if strings.HasPrefix(string(r.Body), `{"data": [`) {
			lists++
			checkList(t, c, r)
			continue
		}
		singles++
		checkSingle(t, c, r)
	}
	if lists < 10 || singles < 8 {
		t.Errorf("got %d lists and %d single objects, want at least 10 and 8", lists, singles)
	}
}

func checkList(t *testing.T, c client, r recording) {
	t.Helper()
	want := strings.Count(string(r.Body), `{"gid": "`)
	tasks, err := list[shownTask](context.Background(), c, "read", r.Path, nil, "")
	if err != nil {
		t.Errorf("%s %s: %v", r.Method, r.Path, err)
	}
	projects, err := list[listedProject](context.Background(), c, "read", r.Path, nil, "")
	if err != nil || len(projects.Data) != len(tasks.Data) || len(projects.Data) > want {
		t.Errorf("%s %s: got %d elements and %v", r.Method, r.Path, len(projects.Data), err)
	}
	for i, p := range projects.Data {
		if p.GID == "" || p.GID != tasks.Data[i].GID || p.Name == "" {
			t.Errorf("%s %s: element %d has no gid or name", r.Method, r.Path, i)
		}
	}
}

func checkSingle(t *testing.T, c client, r recording) {
	t.Helper()
	var task shownTask
	if err := c.do(context.Background(), action{op: "replay", method: r.Method, path: r.Path}, &task); err != nil {
		t.Errorf("%s %s: %v", r.Method, r.Path, err)
		return
	}
	if string(r.Body) != `{"data": {}}` && (task.GID == "" || task.Name == "") {
		t.Errorf("%s %s: got no gid or name", r.Method, r.Path)
	}
	if strings.Contains(string(r.Body), `"created_at"`) && task.Created.IsZero() {
		t.Errorf("%s %s: got no creation time", r.Method, r.Path)
	}
}

// TestRecordedErrors: the refusals that Asana documents are of the right kind. No refusal of the real Asana is recorded.
func TestRecordedErrors(t *testing.T) {
	text, err := os.ReadFile(Shared(t, "recorded/asana/errors/doc-401-400-500.json"))
	if err != nil {
		t.Fatal(err)
	}
	var bodies map[string]json.RawMessage
	if err := json.Unmarshal(text, &bodies); err != nil {
		t.Fatal(err)
	}
	for status, want := range map[int]connectors.Kind{401: connectors.Denied, 400: connectors.Rejected, 500: connectors.Temporary} {
		body := bodies[strconv.Itoa(status)]
		c := newClient(connectors.Env{HTTP: &http.Client{Transport: replay{recording{Status: status, Body: body}}}}, defaultBase)
		got := c.get(context.Background(), "read", "/tasks/1", nil, nil)
		if connectors.KindOf(got) != want {
			t.Errorf("%d: got %v, want %v", status, got, want)
		}
	}
}
