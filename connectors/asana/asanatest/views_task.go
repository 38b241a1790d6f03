package asanatest

func taskView() view[*task] {
	return view[*task]{
		full: []string{"gid", "resource_type", "created_at", "modified_at", "name", "notes", "actual_time_minutes", "completed",
			"completed_at", "due_on", "due_at", "start_on", "start_at", "resource_subtype", "num_hearts", "num_likes", "assignee",
			"assignee_status", "workspace", "parent", "hearted", "liked", "tags", "projects", "memberships", "hearts", "likes",
			"followers", "permalink_url", "custom_fields", "external"},
		compact: []string{"gid", "resource_type", "name", "resource_subtype"},
		get:     merge(taskBasics(), taskTimes(), taskLinks(), taskLikes()),
	}
}

func merge[T any](tables ...getters[T]) getters[T] {
	out := getters[T]{}
	for _, t := range tables {
		for name, get := range t {
			out[name] = get
		}
	}
	return out
}

func taskBasics() getters[*task] {
	return getters[*task]{
		"gid":                      func(_ *renderer, t *task, _ selection) any { return t.id.String() },
		"resource_type":            fixed[*task]("task"),
		"resource_subtype":         func(_ *renderer, t *task, _ selection) any { return t.subtype },
		"name":                     func(_ *renderer, t *task, _ selection) any { return t.name },
		"notes":                    func(_ *renderer, t *task, _ selection) any { return t.notes },
		"actual_time_minutes":      fixed[*task](0),
		"assignee_status":          fixed[*task]("upcoming"),
		"is_rendered_as_separator": fixed[*task](false),
		"completed":                func(_ *renderer, t *task, _ selection) any { return t.completed },
		"num_subtasks":             func(_ *renderer, t *task, _ selection) any { return len(t.subtasks) },
		"html_notes": func(_ *renderer, t *task, _ selection) any {
			if t.html != "" {
				return t.html
			}
			return htmlOf(t.notes)
		},
		"external": func(r *renderer, t *task, _ selection) any {
			x, ok := t.externalOf(r.who.app)
			if !ok {
				return omitted{} // PATs and other apps do not see it
			}
			return map[string]any{"gid": x.id, "data": x.data}
		},
		"permalink_url": func(r *renderer, t *task, _ selection) any {
			base := "https://app.asana.com/1/" + r.st.workspace.id.String()
			if len(t.places) > 0 {
				base += "/project/" + t.places[0].section.project.id.String()
			}
			return base + "/task/" + t.id.String()
		},
	}
}

func taskTimes() getters[*task] {
	return getters[*task]{
		"created_at":   func(_ *renderer, t *task, _ selection) any { return when(t.created) },
		"modified_at":  func(_ *renderer, t *task, _ selection) any { return when(t.modified) },
		"completed_at": func(_ *renderer, t *task, _ selection) any { return when(t.done) },
		"due_on":       func(_ *renderer, t *task, _ selection) any { return orNull(t.dueOn) },
		"due_at":       func(_ *renderer, t *task, _ selection) any { return orNull(t.dueAt) },
		"start_on":     func(_ *renderer, t *task, _ selection) any { return orNull(t.startOn) },
		"start_at":     fixed[*task](nil),
	}
}

func taskLinks() getters[*task] {
	return getters[*task]{
		"assignee":     func(r *renderer, t *task, sub selection) any { return r.user(t.assignee, sub) },
		"created_by":   func(r *renderer, t *task, sub selection) any { return r.user(t.creator, sub) },
		"completed_by": func(r *renderer, t *task, sub selection) any { return r.user(t.completer, sub) },
		"assigned_by":  fixed[*task](nil),
		"workspace":    func(r *renderer, _ *task, sub selection) any { return r.space(sub) },
		"followers":    func(r *renderer, t *task, sub selection) any { return r.people(t.followers, sub) },
		"tags":         func(r *renderer, t *task, sub selection) any { return refs(&r.st.views.tag, r, liveTags(t), sub) },
		"dependencies": fixed[*task]([]any{}),
		"dependents":   fixed[*task]([]any{}),
		"parent": func(r *renderer, t *task, sub selection) any {
			if t.parent == nil || t.parent.gone {
				return nil
			}
			return r.st.views.task.ref(r, t.parent, sub)
		},
		"projects": func(r *renderer, t *task, sub selection) any {
			return refs(&r.st.views.project, r, t.projects(), sub)
		},
		"memberships": func(r *renderer, t *task, sub selection) any {
			out := make([]any, 0, len(t.places))
			for _, m := range t.places {
				out = append(out, r.membership(m, sub))
			}
			return out
		},
		"custom_fields": func(r *renderer, t *task, sub selection) any {
			return refs(&r.st.views.field, r, t.shown(), sub)
		},
	}
}

func taskLikes() getters[*task] {
	liked := func(_ *renderer, t *task, _ selection) any { return t.liked }
	count := func(_ *renderer, t *task, _ selection) any {
		if t.liked {
			return 1
		}
		return 0
	}
	none := fixed[*task]([]any{})
	return getters[*task]{"hearted": liked, "liked": liked, "num_hearts": count, "num_likes": count, "hearts": none, "likes": none}
}

// membership shows a place as a pair of project and section.
func (r *renderer) membership(m *membership, sub selection) any {
	out := map[string]any{}
	if want, ok := sub["project"]; ok || len(sub) == 0 {
		out["project"] = r.st.views.project.ref(r, m.section.project, want)
	}
	if want, ok := sub["section"]; ok || len(sub) == 0 {
		out["section"] = r.st.views.section.ref(r, m.section, want)
	}
	return out
}

func (t *task) projects() []*project {
	out := make([]*project, 0, len(t.places))
	for _, m := range t.places {
		out = append(out, m.section.project)
	}
	return out
}

func liveTags(t *task) []*tag {
	out := make([]*tag, 0, len(t.tags))
	for _, g := range t.tags {
		if !g.gone {
			out = append(out, g)
		}
	}
	return out
}

// shown lists the fields of the task's projects, each once, with the task's value or none. A value whose field was
// taken off the project stays stored and comes back with the field.
func (t *task) shown() []value {
	var out []value
	for _, m := range t.places {
		for _, s := range m.section.project.settings {
			if s.field.gone || hasField(out, s.field) {
				continue
			}
			out = append(out, value{s.field, t.value(s.field)})
		}
	}
	return out
}

func hasField(list []value, f *field) bool {
	for _, v := range list {
		if v.field == f {
			return true
		}
	}
	return false
}

// externalOf returns the metadata that an app keeps with the task; a PAT, whose app is "", has none.
func (t *task) externalOf(app string) (external, bool) {
	for _, x := range t.externals {
		if x.app == app {
			return x, true
		}
	}
	return external{}, false
}

// value returns what the task holds for a field, or nil.
func (t *task) value(f *field) any {
	for _, v := range t.values {
		if v.field == f {
			return v.v
		}
	}
	return nil
}
