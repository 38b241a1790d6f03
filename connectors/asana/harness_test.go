package asana_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/asana"
	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/sandbox"
)

const person = "ada@acme.example"

// world is one simulated Asana behind a real server, and how we sign in to it.
type world struct {
	t     testing.TB
	sim   *asanatest.Server
	url   string
	human asanatest.Human
	clock *sandbox.Clock
	plan  *sandbox.Plan
	log   *sandbox.Log
	oauth bool
	token string
	extra map[string]any // more settings
}

// newWorld starts a workspace; before, if any, stands in front of the simulator. With oauth the connection signs in as an
// app and keys are external ids, else with a token and keys are a custom field.
func newWorld(t testing.TB, oauth bool, before func(http.Handler) http.Handler) *world {
	t.Helper()
	return newWorldWith(t, oauth, asanatest.Options{}, before)
}

func newWorldWith(t testing.TB, oauth bool, opt asanatest.Options, before func(http.Handler) http.Handler) *world {
	t.Helper()
	w := &world{t: t, clock: sandbox.NewClock(time.Time{}), plan: sandbox.NewPlan(1), log: sandbox.NewLog(5000),
		oauth: oauth, token: asanatest.DefaultToken, extra: map[string]any{}}
	w.log.Bodies = true
	opt.Now, opt.Apps = w.clock.Now, []asanatest.App{{ClientID: "hub", ClientSecret: "hub-secret"}}
	w.sim = asanatest.New(opt)
	handler := w.sim.Handler()
	if before != nil {
		handler = before(handler)
	}
	server, err := sandbox.Listen(sandbox.Wrap(handler, sandbox.Options{Clock: w.clock, Plan: w.plan, Log: w.log}), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w.url = server.URL
	if w.human, err = w.sim.Human(person); err != nil {
		t.Fatal(err)
	}
	if oauth {
		w.token = w.grant()
	}
	w.log.Reset()
	return w
}

// grant gets an access token the way a browser would.
func (w *world) grant() string {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	q := url.Values{"client_id": {"hub"}, "redirect_uri": {"http://127.0.0.1/back"}, "response_type": {"code"}}
	answer, err := client.Get(w.url + "/-/oauth_authorize?" + q.Encode())
	if err != nil {
		w.t.Fatal(err)
	}
	_ = answer.Body.Close()
	back, err := answer.Location()
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err = client.PostForm(w.url+"/-/oauth_token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"hub"},
		"client_secret": {"hub-secret"}, "redirect_uri": {"http://127.0.0.1/back"}, "code": {back.Query().Get("code")}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || got.AccessToken == "" {
		w.t.Fatalf("no access token: %v", err)
	}
	return got.AccessToken
}

func (w *world) Connector() connectors.Connector { return asana.Connector }
func (w *world) Token() string                   { return w.token }
func (w *world) Clock() *sandbox.Clock           { return w.clock }
func (w *world) Plan() *sandbox.Plan             { return w.plan }
func (w *world) Log() *sandbox.Log               { return w.log }
func (w *world) User() string                    { return person }

func (w *world) Settings() map[string]any {
	s := map[string]any{"base_url": w.url + "/api/1.0", "workspace": w.sim.Workspace()}
	if w.oauth {
		s["client_id"], s["client_secret"], s["refresh_token"] = "hub", "hub-secret", "a-refresh-token"
	} else {
		s["token"] = w.token
	}
	for key, v := range w.extra {
		s[key] = v
	}
	return s
}

func (w *world) keyOf(task asanatest.Task) string {
	if w.oauth {
		return task.External.GID
	}
	if key := task.Fields["Hub ID"]; key != "" {
		return key
	}
	_, rest, _ := strings.Cut(task.Notes, "Hub ID: ")
	key, _, _ := strings.Cut(rest, "\n")
	return key
}

func (w *world) Tasks(_ *testing.T, key string) []connectortest.Task {
	var out []connectortest.Task
	for _, task := range w.sim.Tasks() {
		if w.keyOf(task) == key {
			out = append(out, shown(task))
		}
	}
	return out
}

func shown(task asanatest.Task) connectortest.Task {
	s := connectortest.Task{Link: connectors.Link(task.GID), Title: task.Name, Assignee: task.Assignee, Due: task.DueOn,
		Notes: task.Notes, Completed: task.Completed, Fields: map[string]string{}}
	for name, text := range task.Fields {
		if strings.Contains(text, ".") { // Asana shows a number with all its decimals
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		s.Fields[name] = text
	}
	if len(task.Fields) == 0 { // a plan without custom fields: they are the last lines of our block
		paragraphs := strings.Split(task.Notes, "\n\n")
		for line := range strings.Lines(lastWith(paragraphs, "Hub ID: ")) {
			if name, text, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
				s.Fields[name] = text
			}
		}
	}
	if len(task.Places) > 0 {
		s.Project, s.Section = task.Places[0].Project, task.Places[0].Section
	}
	return s
}

func lastWith(texts []string, part string) string {
	for i := len(texts) - 1; i >= 0; i-- {
		if strings.Contains(texts[i], part) {
			return texts[i]
		}
	}
	return ""
}

// get reads the simulator's API without leaving a trace in the log.
func (w *world) get(path string, out any) {
	w.t.Helper()
	w.call(http.MethodGet, path, "", out)
}

func (w *world) call(method, path, body string, out any) {
	w.t.Helper()
	r, err := http.NewRequest(method, "http://sim/api/1.0"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+asanatest.DefaultToken)
	r.Header.Set("Content-Type", "application/json")
	answer := record(w.sim.Handler(), r)
	if answer.Code < 200 || answer.Code > 299 {
		w.t.Fatalf("%s %s: got %d: %s", method, path, answer.Code, answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &struct {
		Data any `json:"data"`
	}{out}); err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
}

type object struct {
	GID  string `json:"gid"`
	Name string `json:"name"`
}

func (w *world) Projects(_ *testing.T, name string) (int, []string) {
	gids := w.projectGIDs(name)
	if len(gids) == 0 {
		return 0, nil
	}
	var found []object
	w.get("/projects/"+gids[0]+"/sections?limit=100", &found)
	sections := make([]string, len(found))
	for i, s := range found {
		sections[i] = s.Name
	}
	return len(gids), sections
}

func (w *world) projectGIDs(name string) []string {
	var all []object
	w.get("/workspaces/"+w.sim.Workspace()+"/projects?limit=100", &all)
	var gids []string
	for _, p := range all {
		if p.Name == name {
			gids = append(gids, p.GID)
		}
	}
	return gids
}

// HumanEdits writes around our block, comments, and adds a tag of the person's own.
func (w *world) HumanEdits(t *testing.T, link connectors.Link) func() error {
	id := string(link)
	task, ok := w.sim.Task(id)
	if !ok {
		t.Fatalf("no task %s", id)
	}
	above, below := "Called them on Monday.\r\n\n", "\n\n— my own list —\n * one\n * two  "
	for _, err := range []error{w.human.SetNotes(id, above+task.Notes+below), w.human.Comment(id, "They want it in May.")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return func() error {
		now, _ := w.sim.Task(id)
		if !strings.HasPrefix(now.Notes, above) || !strings.HasSuffix(now.Notes, below) {
			return fmt.Errorf("the description is now %q", now.Notes)
		}
		if len(now.Comments) != 1 {
			return fmt.Errorf("the comments are now %q", now.Comments)
		}
		return nil
	}
}

func (w *world) Remove(t *testing.T, link connectors.Link) {
	if err := w.human.DeleteTask(string(link)); err != nil {
		t.Fatal(err)
	}
}

// Texts is a connectortest.Witness: the task and its feed, which Asana's users can read.
func (w *world) Texts(t *testing.T, link connectors.Link) []string {
	task, ok := w.sim.Task(string(link))
	if !ok {
		t.Fatalf("no task %s", link)
	}
	texts := []string{task.Name, task.Notes, task.DueOn, task.External.GID, task.External.Data}
	for _, v := range task.Fields {
		texts = append(texts, v)
	}
	var feed []struct {
		Text string `json:"text"`
	}
	w.get("/tasks/"+task.GID+"/stories?limit=100&opt_fields=text", &feed)
	for _, s := range feed {
		texts = append(texts, s.Text)
	}
	return texts
}

func (w *world) Completed(t *testing.T, link connectors.Link) bool {
	task, _ := w.sim.Task(string(link))
	return task.Completed
}

// Comments is a connectortest.Listener.
func (w *world) Comments(t *testing.T, link connectors.Link) []string {
	task, ok := w.sim.Task(string(link))
	if !ok {
		t.Fatalf("no task %s", link)
	}
	return task.Comments
}

func (w *world) Tells() sandbox.Match {
	return sandbox.Match{Method: "POST", Path: `/(stories|batch)$`}
}

func (w *world) Creates() sandbox.Match {
	return sandbox.Match{Method: "POST", Path: `/(tasks|batch)$`}
}
func (w *world) Updates() sandbox.Match {
	return sandbox.Match{Method: "PUT", Path: `/tasks/\d+$`}
}

func TestTarget(t *testing.T) {
	for name, oauth := range map[string]bool{"external id": true, "custom field": false} {
		t.Run(name, func(t *testing.T) {
			connectortest.Target(t, func(t *testing.T) connectortest.TargetHarness { return newWorld(t, oauth, nil) })
		})
	}
	t.Run("free plan", func(t *testing.T) {
		connectortest.Target(t, func(t *testing.T) connectortest.TargetHarness { return newWorld(t, false, freePlan) })
	})
}
