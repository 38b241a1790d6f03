package asanatest

import "slices"

// apply changes a task and tells what changed: one event per property, a story where Asana writes one. A request that
// changes nothing does not touch modified_at (unverified).
func (st *state) apply(t *task, e edit, who viewer) {
	before := *t
	before.values = slices.Clone(t.values)
	st.set(t, e, who)
	fields := changes(&before, t)
	if len(fields) == 0 && slices.Equal(before.externals, t.externals) {
		return
	}
	t.modified = max(st.stamp(), t.modified)
	for _, name := range fields {
		st.log.add(st, event{user: who.user, action: "changed", kind: "task", subtype: t.subtype, res: t.id, field: name,
			value: newValue(t, name), valueKind: "user", scopes: t.scopes()})
		if text := storyOf(t, name); text != "" {
			st.addStory(t, who.user, storySubtype(t, name), text)
		}
	}
}

// set writes an edit into the task, silently.
func (st *state) set(t *task, e edit, who viewer) {
	assign(&t.name, e.name)
	assign(&t.notes, e.notes)
	assign(&t.html, e.html)
	assign(&t.subtype, e.subtype)
	assign(&t.liked, e.liked)
	assign(&t.startOn, e.start)
	assign(&t.assignee, e.assignee)
	if e.due != nil {
		t.dueOn, t.dueAt = e.due[0], e.due[1]
	}
	if e.completed != nil && *e.completed != t.completed {
		t.completed, t.done, t.completer = *e.completed, 0, 0
		if t.completed {
			t.done, t.completer = st.stamp(), who.user
		}
	}
	for _, v := range e.values {
		t.setValue(v)
	}
	st.setExternal(t, e.external, who.app)
}

func assign[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (t *task) setValue(v value) {
	i := slices.IndexFunc(t.values, func(x value) bool { return x.field == v.field })
	switch {
	case v.v == nil && i >= 0:
		t.values = slices.Delete(t.values, i, i+1)
	case v.v == nil:
	case i >= 0:
		t.values[i].v = v.v
	default:
		t.values = append(t.values, v)
	}
}

// setExternal writes the metadata of one app. A new task is not filed yet, hence not indexed here.
func (st *state) setExternal(t *task, x *externalEdit, app string) {
	if x == nil {
		return
	}
	next, had := t.externalOf(app)
	filed := st.tasks[t.id] == t
	if had && filed {
		st.unindexExternal(t, next)
	}
	next.app = app
	assign(&next.id, x.ID)
	assign(&next.data, x.Data)
	t.externals = append(slices.DeleteFunc(slices.Clone(t.externals), func(y external) bool { return y.app == app }), next)
	if filed {
		st.indexExternal(t, next)
	}
}

// changes names the properties that differ, as events name them.
func changes(a, b *task) []string {
	var out []string
	note := func(name string, differs bool) {
		if differs {
			out = append(out, name)
		}
	}
	note("name", a.name != b.name)
	note("notes", a.notes != b.notes || a.html != b.html)
	note("completed", a.completed != b.completed)
	note("due_on", a.dueOn != b.dueOn)
	note("due_at", a.dueAt != b.dueAt)
	note("start_on", a.startOn != b.startOn)
	note("assignee", a.assignee != b.assignee)
	note("liked", a.liked != b.liked)
	note("resource_subtype", a.subtype != b.subtype)
	note("custom_fields", !slices.EqualFunc(a.values, b.values, sameValue))
	return out
}

func sameValue(a, b value) bool {
	if a.field != b.field {
		return false
	}
	switch x := a.v.(type) {
	case []*option:
		y, ok := b.v.([]*option)
		return ok && slices.Equal(x, y)
	case []gid:
		y, ok := b.v.([]gid)
		return ok && slices.Equal(x, y)
	}
	return a.v == b.v
}

func newValue(t *task, name string) gid {
	if name == "assignee" {
		return t.assignee
	}
	return 0
}

// storyOf is the sentence Asana writes into the task's feed, "" for changes it is silent about.
func storyOf(t *task, name string) string {
	switch {
	case name == "completed" && t.completed:
		return "marked this task complete"
	case name == "completed":
		return "marked this task incomplete"
	case name == "name":
		return "changed the name to \"" + t.name + "\""
	case name == "assignee" && t.assignee == 0:
		return "unassigned"
	case name == "assignee":
		return "assigned"
	case name == "due_on":
		return "changed the due date to " + t.dueOn
	}
	return ""
}

func storySubtype(t *task, name string) string {
	switch {
	case name == "completed" && t.completed:
		return "marked_complete"
	case name == "completed":
		return "marked_incomplete"
	case name == "name":
		return "name_changed"
	case name == "assignee" && t.assignee == 0:
		return "unassigned"
	case name == "assignee":
		return "assigned"
	}
	return "due_date_changed"
}
