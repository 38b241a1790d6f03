package asanatest

func projectView() view[*project] {
	return view[*project]{
		full: []string{"gid", "resource_type", "created_at", "modified_at", "due_date", "due_on", "notes", "archived", "default_view",
			"default_access_level", "minimum_access_level_for_customization", "minimum_access_level_for_sharing", "start_on",
			"color", "completed", "completed_at", "completed_by", "public", "privacy_setting", "current_status", "current_status_update",
			"name", "icon", "permalink_url", "workspace", "owner", "team", "members", "followers", "custom_fields",
			"custom_field_settings"},
		compact: []string{"gid", "resource_type", "name"},
		get:     projectGetters(),
	}
}

func projectGetters() getters[*project] {
	due := func(_ *renderer, p *project, _ selection) any { return orNull(p.due) }
	owners := func(r *renderer, p *project, sub selection) any { return r.people([]gid{p.owner}, sub) }
	return getters[*project]{
		"gid":                                    func(_ *renderer, p *project, _ selection) any { return p.id.String() },
		"resource_type":                          fixed[*project]("project"),
		"name":                                   func(_ *renderer, p *project, _ selection) any { return p.name },
		"notes":                                  func(_ *renderer, p *project, _ selection) any { return p.notes },
		"html_notes":                             func(_ *renderer, p *project, _ selection) any { return htmlOf(p.notes) },
		"archived":                               func(_ *renderer, p *project, _ selection) any { return p.archived },
		"color":                                  func(_ *renderer, p *project, _ selection) any { return orNull(p.color) },
		"icon":                                   fixed[*project]("list"),
		"default_view":                           func(_ *renderer, p *project, _ selection) any { return p.view },
		"default_access_level":                   fixed[*project]("editor"),
		"minimum_access_level_for_customization": fixed[*project]("editor"),
		"minimum_access_level_for_sharing":       fixed[*project]("editor"),
		"created_at":                             func(_ *renderer, p *project, _ selection) any { return when(p.created) },
		"modified_at":                            func(_ *renderer, p *project, _ selection) any { return when(p.modified) },
		"due_on":                                 due,
		"due_date":                               due,
		"start_on":                               func(_ *renderer, p *project, _ selection) any { return orNull(p.start) },
		"completed":                              fixed[*project](false),
		"completed_at":                           fixed[*project](nil),
		"completed_by":                           fixed[*project](nil),
		"public":                                 func(_ *renderer, p *project, _ selection) any { return p.privacy == "public_to_workspace" },
		"privacy_setting":                        func(_ *renderer, p *project, _ selection) any { return p.privacy },
		"current_status":                         fixed[*project](nil),
		"current_status_update":                  fixed[*project](nil),
		"workspace":                              func(r *renderer, _ *project, sub selection) any { return r.space(sub) },
		"owner":                                  func(r *renderer, p *project, sub selection) any { return r.user(p.owner, sub) },
		"members":                                owners,
		"followers":                              owners,
		"custom_fields":                          fixed[*project]([]any{}),
		"permalink_url": func(r *renderer, p *project, _ selection) any {
			return "https://app.asana.com/1/" + r.st.workspace.id.String() + "/project/" + p.id.String()
		},
		"team": func(r *renderer, p *project, sub selection) any {
			if t := r.st.teams[p.team]; t != nil {
				return r.st.views.team.ref(r, t, sub)
			}
			return nil
		},
		"custom_field_settings": func(r *renderer, p *project, sub selection) any {
			return refs(&r.st.views.setting, r, p.settings, sub)
		},
	}
}

func sectionView() view[*section] {
	return view[*section]{
		full:    []string{"gid", "resource_type", "name", "created_at", "project", "projects"},
		compact: []string{"gid", "resource_type", "name"},
		get: getters[*section]{
			"gid":           func(_ *renderer, s *section, _ selection) any { return s.id.String() },
			"resource_type": fixed[*section]("section"),
			"name":          func(_ *renderer, s *section, _ selection) any { return s.name },
			"created_at":    func(_ *renderer, s *section, _ selection) any { return when(s.created) },
			"project": func(r *renderer, s *section, sub selection) any {
				return r.st.views.project.ref(r, s.project, sub)
			},
			"projects": func(r *renderer, s *section, sub selection) any {
				return refs(&r.st.views.project, r, []*project{s.project}, sub)
			},
		},
	}
}

func settingView() view[*setting] {
	parent := func(r *renderer, s *setting, sub selection) any { return r.st.views.project.ref(r, s.project, sub) }
	names := []string{"gid", "resource_type", "custom_field", "is_important", "parent", "project"}
	return view[*setting]{
		full: names, compact: names,
		get: getters[*setting]{
			"gid":           func(_ *renderer, s *setting, _ selection) any { return s.id.String() },
			"resource_type": fixed[*setting]("custom_field_setting"),
			"is_important":  func(_ *renderer, s *setting, _ selection) any { return s.important },
			"parent":        parent,
			"project":       parent,
			"custom_field": func(r *renderer, s *setting, sub selection) any {
				return r.st.views.field.ref(r, value{field: s.field}, sub)
			},
		},
	}
}
