package asana

import (
	"context"
	"slices"

	"github.com/millrace/millrace/connectors"
)

// shownTask is a task as a read shows it.
type shownTask struct {
	named
	Notes     string       `json:"notes"`
	DueOn     string       `json:"due_on"`
	Completed bool         `json:"completed"`
	Assignee  *named       `json:"assignee"`
	Places    []place      `json:"memberships"`
	Values    []shownValue `json:"custom_fields"`
	External  *struct {
		GID string `json:"gid"`
	} `json:"external"`
}

type place struct {
	Project named `json:"project"`
	Section named `json:"section"`
}

// taskParts is what a comparison needs; every object in an answer has its gid besides. Asana returns null, not "", for an
// empty due date and name parts of null objects are absent, which both decode to zero values.
const taskParts = "name,notes,due_on,completed,assignee,memberships.project,memberships.section," +
	"custom_fields.text_value,custom_fields.number_value,custom_fields.enum_value,custom_fields.multi_enum_values," +
	"custom_fields.date_value.date"

// planCompare reads the task and writes what differs from the item. It serves when nobody knows what was last written: a
// task that was adopted, a lost ledger, names that turned out to be old, a change whose answer was lost.
func (t *target) planCompare(ctx context.Context, gid string, want connectors.Want) (plan, error) {
	it := want.Item
	p := plan{gid: gid, need: t.everything(it)}
	var task shownTask
	parts := taskParts
	if t.config.external {
		parts += ",external"
	}
	if err := t.client.get(ctx, "read task", "/tasks/"+escape(gid), fieldsOf(parts), &task); err != nil {
		return p, err
	}
	var err error
	if p.shape, err = t.shape(ctx, p.need); err != nil {
		return p, err
	}
	who, err := t.assigneeOf(ctx, p.shape, p.need)
	if err != nil {
		return p, err
	}
	body := compare(task, it, p.shape, who)
	if t.config.external && t.shownKey(task) != it.Key {
		body["external"] = map[string]any{"gid": it.Key}
	}
	ours := ourNotes(it, p.shape.plain, !t.config.external)
	if edited := editNotes(task.Notes, ours, ""); edited != task.Notes {
		body["notes"] = edited
	}
	p.put(body)
	at := slices.IndexFunc(task.Places, func(m place) bool { return m.Project.GID == p.shape.project.gid })
	switch {
	case at < 0:
		p.intoProject()
	case p.shape.section != "" && task.Places[at].Section.GID != p.shape.section:
		p.intoSection()
	}
	return p, t.leaveStrays(ctx, &p, task, want)
}

// leaveStrays takes the task out of the projects in which an interrupted call left it. Projects that people put it into
// are none of ours.
func (t *target) leaveStrays(ctx context.Context, p *plan, task shownTask, want connectors.Want) error {
	for _, stray := range want.Sought {
		gid, err := t.knownProject(ctx, name(stray))
		if err != nil {
			return err
		}
		there := func(m place) bool { return m.Project.GID == gid }
		if gid != "" && gid != p.shape.project.gid && slices.ContainsFunc(task.Places, there) {
			p.outOf(gid)
		}
	}
	return nil
}

// compare returns the parts of the task that do not show the item.
func compare(task shownTask, it connectors.Item, s shape, who any) map[string]any {
	body := map[string]any{}
	if title := oneLine(it.Title, maxTitle); title != task.Name {
		body["name"] = title
	}
	if it.Due != task.DueOn {
		body["due_on"] = orNull(it.Due)
	}
	if it.Completed != task.Completed {
		body["completed"] = it.Completed
	}
	var has any
	if task.Assignee != nil {
		has = task.Assignee.GID
	}
	if who != has {
		body["assignee"] = who
	}
	custom := map[string]any{}
	for _, v := range s.values {
		if !v.shownBy(task.Values) {
			custom[v.gid] = v.json
		}
	}
	if len(custom) > 0 {
		body["custom_fields"] = custom
	}
	return body
}

// shownBy reports whether one of the values of a task is v. A task outside of the field's project has no such value,
// which is the same as an empty one.
func (v value) shownBy(values []shownValue) bool {
	at := slices.IndexFunc(values, func(s shownValue) bool { return s.GID == v.gid })
	if at < 0 {
		return v.json == nil
	}
	return v.shows(values[at])
}
