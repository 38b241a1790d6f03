package asanatest

import (
	"cmp"
	"slices"
	"time"
)

// Task is how one live task looks to a person, with names instead of gids where a test would look for names.
type Task struct {
	GID, Name, Notes, HTMLNotes string
	Completed                   bool
	Assignee                    string // e-mail address
	DueOn, DueAt, StartOn       string
	Parent                      string // gid
	Places                      []Place
	Fields                      map[string]string // by field name: what the field displays; empty fields are left out
	Tags                        []string
	External                    External // of the app that wrote some first; Duplicates compares those of every app
	Comments                    []string // texts, oldest first
	Created, Modified           time.Time
}

// Place is one project a task is in.
type Place struct{ ProjectGID, Project, SectionGID, Section string }

// External is the app-specific metadata of a task.
type External struct{ App, GID, Data string }

// Tasks returns every live task, oldest first. It is a copy.
func (s *Server) Tasks() []Task {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Task, 0, len(s.st.tasks))
	for _, t := range s.st.created {
		if !t.gone {
			out = append(out, s.st.snapshot(t))
		}
	}
	return out
}

// Task returns one live task by its gid, and whether there is one.
func (s *Server) Task(id string) (Task, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	g, _ := parseGID(id)
	t := s.st.tasks[g]
	if t == nil {
		return Task{}, false
	}
	return s.st.snapshot(t), true
}

// Count returns how many live tasks there are, without copying them.
func (s *Server) Count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.st.tasks)
}

func (st *state) snapshot(t *task) Task {
	out := Task{GID: t.id.String(), Name: t.name, Notes: t.notes, HTMLNotes: t.html, Completed: t.completed,
		DueOn: t.dueOn, DueAt: t.dueAt, StartOn: t.startOn, Fields: map[string]string{},
		Created: t.created.time(), Modified: t.modified.time()}
	if u := st.users[t.assignee]; u != nil {
		out.Assignee = u.email
	}
	if t.parent != nil {
		out.Parent = t.parent.id.String()
	}
	for _, m := range t.places {
		p := m.section.project
		out.Places = append(out.Places, Place{p.id.String(), p.name, m.section.id.String(), m.section.name})
	}
	for _, v := range t.shown() {
		if text := st.display(v); text != "" {
			out.Fields[v.field.name] = text
		}
	}
	for _, g := range liveTags(t) {
		out.Tags = append(out.Tags, g.name)
	}
	if len(t.externals) > 0 {
		x := t.externals[0]
		out.External = External{x.app, x.id, x.data}
	}
	for _, x := range t.stories {
		if x.comment() {
			out.Comments = append(out.Comments, x.text)
		}
	}
	return out
}

// Duplicates returns the groups of live tasks, two or more, that carry the same identity: the same external gid of one
// app when by is "external", else the same displayed value of the custom field with that name. Groups and tasks come
// oldest first; tasks without a value are in no group.
func (s *Server) Duplicates(by string) [][]Task {
	s.mu.RLock()
	defer s.mu.RUnlock()
	groups := map[string][]*task{}
	for _, t := range s.st.created {
		if t.gone {
			continue
		}
		for _, key := range s.st.identities(t, by) {
			groups[key] = append(groups[key], t)
		}
	}
	var out [][]Task
	for _, list := range groups {
		if len(list) < 2 {
			continue
		}
		group := make([]Task, 0, len(list))
		for _, t := range list {
			group = append(group, s.st.snapshot(t))
		}
		out = append(out, group)
	}
	slices.SortFunc(out, func(a, b []Task) int { return cmp.Compare(a[0].GID, b[0].GID) })
	return out
}

// identities are a task's values of what Duplicates compares.
func (st *state) identities(t *task, by string) []string {
	var out []string
	if by == "external" {
		for _, x := range t.externals {
			if x.id != "" {
				out = append(out, x.app+"\x00"+x.id)
			}
		}
		return out
	}
	for _, v := range t.values {
		if v.field.name == by && !v.field.gone {
			out = append(out, st.display(v))
		}
	}
	return out
}

// State is the dump for /__sandbox/state: names and numbers, no token and no text of a task.
func (s *Server) State() any {
	type count struct {
		GID   string `json:"gid"`
		Name  string `json:"name"`
		Tasks int    `json:"tasks"`
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	projects := []count{}
	for _, p := range s.st.projectList {
		n := 0
		for _, x := range p.sections {
			n += x.count
		}
		projects = append(projects, count{p.id.String(), p.name, n})
	}
	return map[string]any{
		"workspace": s.st.workspace.id.String(), "tasks": len(s.st.tasks), "projects": projects,
		"custom_fields": len(s.st.fieldList), "webhooks": len(s.st.hooks), "events": s.st.log.next - 1,
	}
}
