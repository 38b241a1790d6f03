package asanatest

// views holds one view per kind. They are built by a function, not by package variables, because they show one another.
type views struct {
	user      view[*user]
	workspace view[*workspace]
	team      view[*team]
	project   view[*project]
	section   view[*section]
	task      view[*task]
	story     view[*story]
	tag       view[*tag]
	field     view[value] // a definition is a value of nothing
	option    view[*option]
	setting   view[*setting]
	webhook   view[*webhook]
}

func newViews() views {
	return views{
		user: userView(), workspace: workspaceView(), team: teamView(), project: projectView(), section: sectionView(),
		task: taskView(), story: storyView(), tag: tagView(), field: fieldView(), option: optionView(),
		setting: settingView(), webhook: webhookView(),
	}
}

// getters is the table of one view.
type getters[T any] = map[string]func(r *renderer, x T, sub selection) any

// fixed shows the same thing for every object.
func fixed[T any](v any) func(*renderer, T, selection) any {
	return func(*renderer, T, selection) any { return v }
}

// user shows a person by gid; nobody is null.
func (r *renderer) user(id gid, sub selection) any {
	u := r.st.users[id]
	if u == nil {
		return nil
	}
	return r.st.views.user.ref(r, u, sub)
}

func (r *renderer) people(ids []gid, sub selection) []any {
	out := make([]any, 0, len(ids))
	for _, id := range ids {
		if u := r.user(id, sub); u != nil {
			out = append(out, u)
		}
	}
	return out
}

func (r *renderer) space(sub selection) any {
	return r.st.views.workspace.ref(r, r.st.workspace, sub)
}

// orNull shows an empty text as null.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// when shows an instant, never as null.
func when(m stamp) any {
	if m == 0 {
		return nil
	}
	return m.String()
}

func userView() view[*user] {
	return view[*user]{
		full:    []string{"gid", "resource_type", "name", "email", "photo", "workspaces"},
		compact: []string{"gid", "resource_type", "name"},
		get: getters[*user]{
			"gid":           func(_ *renderer, u *user, _ selection) any { return u.id.String() },
			"resource_type": fixed[*user]("user"),
			"name":          func(_ *renderer, u *user, _ selection) any { return u.name },
			"email":         func(_ *renderer, u *user, _ selection) any { return u.email },
			"photo":         fixed[*user](nil),
			"workspaces":    func(r *renderer, _ *user, sub selection) any { return []any{r.space(sub)} },
		},
	}
}

func workspaceView() view[*workspace] {
	return view[*workspace]{
		full:    []string{"gid", "resource_type", "name", "is_organization", "email_domains"},
		compact: []string{"gid", "resource_type", "name"},
		get: getters[*workspace]{
			"gid":             func(_ *renderer, w *workspace, _ selection) any { return w.id.String() },
			"resource_type":   fixed[*workspace]("workspace"),
			"name":            func(_ *renderer, w *workspace, _ selection) any { return w.name },
			"is_organization": fixed[*workspace](true),
			"email_domains":   func(_ *renderer, w *workspace, _ selection) any { return w.domains },
		},
	}
}

func teamView() view[*team] {
	return view[*team]{
		full:    []string{"gid", "resource_type", "name", "description", "organization", "permalink_url", "visibility"},
		compact: []string{"gid", "resource_type", "name"},
		get: getters[*team]{
			"gid":           func(_ *renderer, t *team, _ selection) any { return t.id.String() },
			"resource_type": fixed[*team]("team"),
			"name":          func(_ *renderer, t *team, _ selection) any { return t.name },
			"description":   fixed[*team](""),
			"organization":  func(r *renderer, _ *team, sub selection) any { return r.space(sub) },
			"permalink_url": func(_ *renderer, t *team, _ selection) any { return "https://app.asana.com/0/" + t.id.String() },
			"visibility":    fixed[*team]("public"),
		},
	}
}

func tagView() view[*tag] {
	return view[*tag]{
		full:    []string{"gid", "resource_type", "name", "color", "notes", "created_at", "followers", "workspace", "permalink_url"},
		compact: []string{"gid", "resource_type", "name"},
		get: getters[*tag]{
			"gid":           func(_ *renderer, t *tag, _ selection) any { return t.id.String() },
			"resource_type": fixed[*tag]("tag"),
			"name":          func(_ *renderer, t *tag, _ selection) any { return t.name },
			"color":         func(_ *renderer, t *tag, _ selection) any { return orNull(t.color) },
			"notes":         func(_ *renderer, t *tag, _ selection) any { return t.notes },
			"created_at":    func(_ *renderer, t *tag, _ selection) any { return when(t.created) },
			"followers":     fixed[*tag]([]any{}),
			"workspace":     func(r *renderer, _ *tag, sub selection) any { return r.space(sub) },
			"permalink_url": func(_ *renderer, t *tag, _ selection) any {
				return "https://app.asana.com/0/" + t.id.String() + "/" + t.id.String()
			},
		},
	}
}
