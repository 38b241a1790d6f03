package asana

import (
	"context"
	"net/http"
	"slices"

	"github.com/millrace/millrace/connectors"
)

// The operations whose 404 may be about something else than the task.
const (
	opCreate = "create task"
	opMove   = "move task"
)

// plan is what has to be written for one item: the task (empty gid: the first action creates it) and the requests.
type plan struct {
	gid     string
	actions []action
	inOrder bool // the actions build on each other and must not run in parallel
	need    need
	shape   shape
	made    int64 // of names, when planning began
}

// plan finds out what an item needs and returns the requests that are left to make. What has to be there first (project,
// sections, fields, options) is made on the way.
func (t *target) plan(ctx context.Context, want connectors.Want, look *lookup) (plan, error) {
	made := t.names.made.Load()
	p, err := t.planFor(ctx, want, look)
	p.made = made
	if err == nil && p.gid != "" && want.Comment != "" {
		err = t.remark(ctx, &p, manyLines(want.Comment))
	}
	if err == nil && p.gid != "" && want.Unsay {
		err = t.unsay(ctx, p.gid, isTold)
	}
	if err == nil && p.gid != "" {
		err = t.tell(ctx, &p, want.Comments)
	}
	return p, err
}

func (t *target) planFor(ctx context.Context, want connectors.Want, look *lookup) (plan, error) {
	gid, last := string(want.Link), want.Last
	if gid == "" && want.InDoubt {
		var err error
		if gid, err = t.find(ctx, want, look); err != nil {
			return plan{}, err
		}
		if gid != "" && want.Item.Once {
			return plan{gid: gid}, nil
		}
		last = nil // what the interrupted call wrote may be older than this item
	}
	switch {
	case gid == "":
		return t.planCreate(ctx, want.Item)
	case last != nil:
		return t.planChange(ctx, gid, want.Item, *last)
	}
	return t.planCompare(ctx, gid, want)
}

// everything is the need of a task that is created or compared.
func (t *target) everything(it connectors.Item) need {
	n := need{place: true, project: name(it.Project), section: name(it.Section), assignee: t.assignee(it), fields: it.Fields}
	for _, s := range it.Sections {
		n.sections = append(n.sections, name(s))
	}
	if !t.config.external {
		key := connectors.Field{Name: t.config.hubField, Kind: connectors.TextField, Value: it.Key}
		n.fields = append(slices.Clone(it.Fields), key)
	}
	return n
}

func (t *target) assignee(it connectors.Item) string {
	if it.Assignee == "" {
		return t.config.unassigned
	}
	return it.Assignee
}

// assigneeOf returns the user for a shape: who is named, else the fallback, else nobody.
func (t *target) assigneeOf(ctx context.Context, s shape, n need) (any, error) {
	if s.assignee != "" {
		return s.assignee, nil
	}
	if t.config.unassigned == "" || n.assignee == t.config.unassigned {
		return nil, nil
	}
	other, err := t.shape(ctx, need{assignee: t.config.unassigned})
	if err != nil || other.assignee == "" {
		return nil, err
	}
	return other.assignee, nil
}

// planCreate is one request whatever the item holds: project, section and fields in a creation's body cost nothing extra.
func (t *target) planCreate(ctx context.Context, it connectors.Item) (plan, error) {
	p := plan{need: t.everything(it)}
	var err error
	if p.shape, err = t.shape(ctx, p.need); err != nil {
		return p, err
	}
	place := map[string]any{"project": p.shape.project.gid}
	if p.shape.section != "" {
		place["section"] = p.shape.section
	}
	body := map[string]any{"name": oneLine(it.Title, maxTitle), "memberships": []map[string]any{place}}
	if notes := editNotes("", ourNotes(it, p.shape.plain, !t.config.external), ""); notes != "" {
		body["notes"] = notes
	}
	if it.Due != "" {
		body["due_on"] = it.Due
	}
	if it.Completed {
		body["completed"] = true
	}
	who, err := t.assigneeOf(ctx, p.shape, p.need)
	if err != nil {
		return p, err
	}
	if who != nil {
		body["assignee"] = who
	}
	if custom := p.shape.custom(); custom != nil {
		body["custom_fields"] = custom
	}
	if t.config.external {
		body["external"] = map[string]any{"gid": it.Key}
	}
	p.actions = []action{{op: opCreate, method: http.MethodPost, path: "/tasks", fields: "gid", data: body}}
	return p, nil
}

// planChange writes what differs from what the task was last made to show, and nothing else.
func (t *target) planChange(ctx context.Context, gid string, it, last connectors.Item) (plan, error) {
	p := plan{gid: gid, need: t.changed(it, last)}
	var err error
	if p.shape, err = t.shape(ctx, p.need); err != nil {
		return p, err
	}
	body, err := t.changedBody(ctx, p, it, last)
	if err != nil {
		return p, err
	}
	p.put(body)
	if p.need.place && name(it.Project) != name(last.Project) {
		return p, t.moveProject(ctx, &p, last)
	}
	if p.shape.section != "" && name(it.Section) != name(last.Section) {
		p.intoSection()
	}
	return p, nil
}

// changed is the need of what differs between two items.
func (t *target) changed(it, last connectors.Item) need {
	all := t.everything(it)
	n := need{project: all.project, section: all.section, sections: all.sections, fields: differing(it.Fields, last.Fields)}
	if t.assignee(it) != t.assignee(last) {
		n.assignee = all.assignee
	}
	moved := all.project != name(last.Project)
	switch {
	case moved:
		n.fields = all.fields // the key's among them
	case it.Key != last.Key && !t.config.external:
		n.fields = append(slices.Clone(n.fields), connectors.Field{Name: t.config.hubField, Kind: connectors.TextField, Value: it.Key})
	}
	n.place = moved || all.section != name(last.Section) || !slices.Equal(it.Sections, last.Sections) || len(n.fields) > 0
	return n
}

// differing returns the fields that are new or changed, and cleared ones for those that are gone.
func differing(now, before []connectors.Field) []connectors.Field {
	var out []connectors.Field
	for _, f := range now {
		if !slices.Contains(before, f) {
			out = append(out, f)
		}
	}
	for _, f := range before {
		same := func(other connectors.Field) bool { return fold(other.Name) == fold(f.Name) }
		if f.Value != "" && !slices.ContainsFunc(now, same) {
			out = append(out, connectors.Field{Name: f.Name, Kind: f.Kind})
		}
	}
	return out
}

func (t *target) changedBody(ctx context.Context, p plan, it, last connectors.Item) (map[string]any, error) {
	body := map[string]any{}
	if it.Title != last.Title {
		body["name"] = oneLine(it.Title, maxTitle)
	}
	if it.Due != last.Due {
		body["due_on"] = orNull(it.Due)
	}
	if it.Completed != last.Completed {
		body["completed"] = it.Completed
	}
	if t.assignee(it) != t.assignee(last) {
		who, err := t.assigneeOf(ctx, p.shape, p.need)
		if err != nil {
			return nil, err
		}
		body["assignee"] = who
	}
	if custom := p.shape.custom(); custom != nil {
		body["custom_fields"] = custom
	}
	if t.config.external && it.Key != last.Key {
		body["external"] = map[string]any{"gid": it.Key}
	}
	plain := t.names.isPlain() // also when this change needs no names
	now, before := ourNotes(it, plain, !t.config.external), ourNotes(last, plain, !t.config.external)
	if now == before {
		return body, nil
	}
	var task shownTask
	if err := t.client.get(ctx, "read notes of task", "/tasks/"+escape(p.gid), fieldsOf("notes"), &task); err != nil {
		return nil, err
	}
	if edited := editNotes(task.Notes, now, before); edited != task.Notes {
		body["notes"] = edited
	}
	return body, nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// put adds the request that changes the task's own fields, if any.
func (p *plan) put(body map[string]any) {
	if len(body) > 0 {
		p.actions = append(p.actions, action{op: "update task", method: http.MethodPut, path: "/tasks/" + escape(p.gid),
			fields: "gid", data: body})
	}
}

// intoSection adds the request that moves the task within its project; people's other projects of the task stay.
func (p *plan) intoSection() {
	p.actions = append(p.actions, action{op: opMove, method: http.MethodPost,
		path: "/sections/" + escape(p.shape.section) + "/addTask", data: map[string]any{"task": p.gid}})
}

// intoProject puts the task into the project, before its fields are written: a field must be attached to one of the
// task's projects.
func (p *plan) intoProject() {
	data := map[string]any{"project": p.shape.project.gid}
	if p.shape.section != "" {
		data["section"] = p.shape.section
	}
	add := action{op: "add task to project", method: http.MethodPost, path: "/tasks/" + escape(p.gid) + "/addProject", data: data}
	p.actions, p.inOrder = slices.Insert(p.actions, 0, add), true
}

// moveProject takes the task from the project it was shown in to another one.
func (t *target) moveProject(ctx context.Context, p *plan, last connectors.Item) error {
	p.intoProject()
	old, err := t.knownProject(ctx, name(last.Project))
	if err != nil || old == "" || old == p.shape.project.gid {
		return err
	}
	p.outOf(old)
	return nil
}

// outOf adds the request that takes the task out of a project, which must not come before those it is in otherwise.
func (p *plan) outOf(project string) {
	p.inOrder = true
	p.actions = append(p.actions, action{op: "remove task from project", method: http.MethodPost,
		path: "/tasks/" + escape(p.gid) + "/removeProject", data: map[string]any{"project": project}})
}

// knownProject returns the gid of a project that is not to be created, "" when there is none.
func (t *target) knownProject(ctx context.Context, called string) (string, error) {
	if p := t.names.project(called); p != nil {
		return p.gid, nil
	}
	if err := t.names.take(ctx); err != nil {
		return "", err
	}
	defer t.names.give()
	return t.findProject(ctx, called)
}
