package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/sandbox/world"
)

// hookWatch follows changes from the vendor where they are made to the tool that shows them, by looking at the requests
// that reach the simulators.
type hookWatch struct {
	tool *asanatest.Server

	mu   sync.Mutex
	made []hookChange
	open map[string][]int // object -> numbers of its changes that are not shown, ascending
}

// hookChange is one change; its number is its place in hookWatch.made, and stands in the name it gives the object.
type hookChange struct {
	at, asked, sent, shown time.Time // made; first fetched after that; the write that shows it begun and done
	joined                 bool      // a later change of the object was shown with it
}

// hookName is how a change names its object, so that the task's title tells what it shows.
func hookName(number int) string { return "Nr" + strconv.Itoa(number) }

var hookNumber = regexp.MustCompile(`\bNr(\d+)\b`)

// begin notes that a change is made now, of an object that is known or comes into being with it.
func (w *hookWatch) begin(object string) (number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	number = len(w.made)
	w.made = append(w.made, hookChange{at: time.Now()})
	w.of(number, object)
	return number
}

// born names the object that a change has made.
func (w *hookWatch) born(number int, object string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of(number, object)
}

func (w *hookWatch) of(number int, object string) {
	if object != "" {
		w.open[object] = append(w.open[object], number)
	}
}

// around is world.Options.Around.
func (w *hookWatch) around(vendor string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		began := time.Now()
		switch vendor {
		case world.HubSpot:
			w.hubspot(r, began)
		case world.Zendesk:
			w.zendesk(r, began)
		case world.Asana:
			if r.Method == http.MethodPost || r.Method == http.MethodPut {
				rw = &answerCopy{ResponseWriter: rw}
			}
		}
		next.ServeHTTP(rw, r)
		if answer, ok := rw.(*answerCopy); ok {
			w.written(answer.body.Bytes(), began, time.Now())
		}
	})
}

// hubspot notes whose records are asked for: POST …/OBJECT/batch/read.
func (w *hookWatch) hubspot(r *http.Request, at time.Time) {
	path, ok := strings.CutSuffix(r.URL.Path, "/batch/read")
	if !ok || strings.Contains(path, "associations") {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var ids []string
	for _, id := range gjson.GetBytes(body, "inputs.#.id").Array() {
		ids = append(ids, id.String())
	}
	w.fetched(world.HubSpot+"/"+path[strings.LastIndexByte(path, '/')+1:], ids, at)
}

// zendesk notes whose records are asked for: GET …/OBJECT/show_many.
func (w *hookWatch) zendesk(r *http.Request, at time.Time) {
	if path, ok := strings.CutSuffix(r.URL.Path, "/show_many"); ok {
		w.fetched(world.Zendesk+"/"+path[strings.LastIndexByte(path, '/')+1:], strings.Split(r.URL.Query().Get("ids"), ","), at)
	}
}

func (w *hookWatch) fetched(object string, ids []string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		for _, number := range w.open[object+"/"+id] {
			if c := &w.made[number]; c.asked.IsZero() {
				c.asked = at
			}
		}
	}
}

// written looks what the tasks show now that an answer of the tool names, alone or in a batch.
func (w *hookWatch) written(answer []byte, began, done time.Time) {
	for _, at := range []string{"data.gid", "data.#.body.data.gid"} {
		found := gjson.GetBytes(answer, at)
		if !found.Exists() {
			continue
		}
		for _, gid := range found.Array() {
			if task, ok := w.tool.Task(gid.String()); ok {
				w.shows(task.Name, began, done)
			}
		}
	}
}

// shows notes that a task has a title: it shows the change that the title tells, and all earlier ones of its object.
func (w *hookWatch) shows(title string, began, done time.Time) {
	m := hookNumber.FindStringSubmatch(title)
	if m == nil {
		return
	}
	number, _ := strconv.Atoi(m[1])
	w.mu.Lock()
	defer w.mu.Unlock()
	for object, open := range w.open {
		i := 0
		for i < len(open) && open[i] <= number {
			i++
		}
		if i == 0 || open[i-1] != number {
			continue
		}
		for _, n := range open[:i] {
			c := &w.made[n]
			c.sent, c.shown, c.joined = began, done, n != number
		}
		if w.open[object] = open[i:]; i == len(open) {
			delete(w.open, object)
		}
		return
	}
}

// left returns how many changes are not shown.
func (w *hookWatch) left() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, open := range w.open {
		n += len(open)
	}
	return n
}

// await returns when everything is shown, or after most.
func (w *hookWatch) await(ctx context.Context, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for w.left() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// answerCopy keeps what is answered.
type answerCopy struct {
	http.ResponseWriter
	body bytes.Buffer
}

// Write implements io.Writer.
func (a *answerCopy) Write(b []byte) (int, error) {
	a.body.Write(b)
	return a.ResponseWriter.Write(b)
}
