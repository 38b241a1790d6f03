package asana

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// listCursor is the form of a List cursor: a project's gid and Asana's own offset, which expires after a while.
type listCursor struct {
	Version int    `json:"v"`
	Project string `json:"project"`
	Offset  string `json:"offset"`
}

// List implements connectors.Lister. An expired cursor is a Gone error: start again from "".
func (t *target) List(ctx context.Context, project string, since time.Time, after connectors.Cursor) ([]connectors.Shown, connectors.Cursor, error) {
	at := listCursor{Version: 1}
	var err error
	if after == "" {
		if at.Project, err = t.knownProject(ctx, name(project)); err == nil && at.Project != "" {
			err = t.learnPlan(ctx)
		}
	} else {
		err = json.Unmarshal([]byte(after), &at)
		if err != nil || at.Version != 1 || at.Project == "" {
			err = &connectors.Error{Kind: connectors.Gone, Op: "list tasks", Reason: "the cursor is none of this connector"}
		}
	}
	if err != nil || at.Project == "" {
		return nil, "", err
	}
	p, err := list[shownTask](ctx, t.client, "list tasks", "/tasks", listQuery(at.Project, since, t.listParts()), at.Offset)
	if err != nil {
		return nil, "", expired(err, after)
	}
	shown := make([]connectors.Shown, 0, len(p.Data))
	for _, task := range p.Data {
		if key := t.shownKey(task); key != "" {
			shown = append(shown, connectors.Shown{Key: key, Link: connectors.Link(task.GID), Completed: task.Completed})
		}
	}
	if at.Offset = p.offset(); at.Offset == "" {
		return shown, "", nil
	}
	next, err := json.Marshal(at)
	return shown, connectors.Cursor(next), err
}

// learnPlan finds out once whether the plan has custom fields, which decides where the keys are.
func (t *target) learnPlan(ctx context.Context) error {
	if t.config.external || t.names.isPlain() {
		return nil
	}
	if err := t.names.take(ctx); err != nil {
		return err
	}
	defer t.names.give()
	_, err := t.findField(ctx, t.config.hubField)
	if needsPaid(err) {
		t.names.setPlain()
		return nil
	}
	return err
}

// listParts asks for the notes only on a plan without custom fields: a hundred descriptions can be megabytes.
func (t *target) listParts() string {
	switch {
	case t.config.external:
		return "completed,external"
	case t.names.isPlain():
		return keyParts + ",notes"
	}
	return keyParts
}

func (t *target) shownKey(task shownTask) string {
	if !t.config.external {
		return t.keyOf(task)
	}
	if task.External == nil {
		return ""
	}
	return task.External.GID
}

// expired makes the refusal of an old offset a Gone error, so that the caller starts anew
// (https://developers.asana.com/docs/pagination).
func expired(err error, after connectors.Cursor) error {
	if after != "" && status(err) == http.StatusBadRequest && !strings.Contains(err.Error(), "project:") {
		return &connectors.Error{Kind: connectors.Gone, Op: "list tasks", Status: http.StatusBadRequest,
			Reason: "the page token has expired; start again", Err: err}
	}
	return err
}
