package asanatest

import (
	"errors"
	"fmt"
)

// ErrNotFound is returned for a gid that is unknown or already deleted.
var ErrNotFound = errors.New("not found")

// Human is a person who works in the app instead of through the API: what they do carries their own user in events, costs
// no quota and needs no token.
type Human struct {
	s  *Server
	id gid
}

// Human returns the user with the e-mail address; the zero Options have ada@acme.example and lin@acme.example.
func (s *Server) Human(email string) (Human, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	u := s.st.userByEmail(email)
	if u == nil {
		return Human{}, fmt.Errorf("user %s: %w", email, ErrNotFound)
	}
	return Human{s, u.id}, nil
}

// AddProject makes a project with the given sections, "Untitled section" when there are none, and returns its gid and theirs.
func (h Human) AddProject(name string, sections ...string) (project string, sectionGIDs []string) {
	st := h.s.lock()
	defer h.s.mu.Unlock()
	p := newProject(name, h.id)
	p.team = st.teamList[0].id
	st.addProject(p)
	for i, name := range sections {
		if i == 0 {
			p.sections[0].name = name
			continue
		}
		st.addSection(p, name)
	}
	for _, x := range p.sections {
		sectionGIDs = append(sectionGIDs, x.id.String())
	}
	return p.id.String(), sectionGIDs
}

func newProject(name string, owner gid) *project {
	return &project{name: name, owner: owner, view: "list", privacy: "public_to_workspace"}
}

func (s *Server) lock() *state {
	s.mu.Lock()
	return s.st
}

// onTask runs f on a live task.
func (h Human) onTask(id string, f func(st *state, t *task)) error {
	st := h.s.lock()
	defer h.s.mu.Unlock()
	g, _ := parseGID(id)
	t := st.tasks[g]
	if t == nil {
		return fmt.Errorf("task %s: %w", id, ErrNotFound)
	}
	f(st, t)
	return nil
}

func (h Human) edit(id string, e edit) error {
	return h.onTask(id, func(st *state, t *task) { st.apply(t, e, viewer{user: h.id}) })
}

// SetNotes overwrites a task's description.
func (h Human) SetNotes(task, notes string) error {
	empty := ""
	return h.edit(task, edit{notes: &notes, html: &empty})
}

// Rename gives a task another name.
func (h Human) Rename(task, name string) error { return h.edit(task, edit{name: &name}) }

// Complete ticks a task off, or takes the tick away.
func (h Human) Complete(task string, done bool) error { return h.edit(task, edit{completed: &done}) }

// SetDue gives a task a due date (YYYY-MM-DD), "" for none.
func (h Human) SetDue(task, on string) error { return h.edit(task, edit{due: &[2]string{on, ""}}) }

// Assign gives a task to the user with the e-mail address, to nobody when it is "".
func (h Human) Assign(task, email string) error {
	var id gid
	if email != "" {
		other, err := h.s.Human(email)
		if err != nil {
			return err
		}
		id = other.id
	}
	return h.edit(task, edit{assignee: &id})
}

// SetText fills a text field of a task, found by its name; "" clears it.
func (h Human) SetText(id, fieldName, text string) error {
	found := false
	err := h.onTask(id, func(st *state, t *task) {
		f := st.fieldByName(fieldName)
		if f == nil || f.kind != "text" || !t.accepts(f) {
			return
		}
		found = true
		v := value{field: f}
		if text != "" {
			v.v = text
		}
		st.apply(t, edit{values: []value{v}}, viewer{user: h.id})
	})
	if err == nil && !found {
		return fmt.Errorf("text field %q of task %s: %w", fieldName, id, ErrNotFound)
	}
	return err
}

// Comment writes into a task's feed.
func (h Human) Comment(id, text string) error {
	return h.onTask(id, func(st *state, t *task) { st.addStory(t, h.id, "comment_added", text) })
}

// Move drags a task to the top of a section.
func (h Human) Move(id, section string) error {
	missing := false
	err := h.onTask(id, func(st *state, t *task) {
		g, _ := parseGID(section)
		if st.sections[g] == nil {
			missing = true
			return
		}
		st.move(t, st.sections[g], nil, h.id)
	})
	if err == nil && missing {
		return fmt.Errorf("section %s: %w", section, ErrNotFound)
	}
	return err
}

// DeleteTask puts a task into the trash: the API answers 404 for it from now on.
func (h Human) DeleteTask(id string) error {
	return h.onTask(id, func(st *state, t *task) { st.removeTask(t, h.id) })
}

// DeleteProject deletes a project and the tasks that are in no other one.
func (h Human) DeleteProject(id string) error {
	st := h.s.lock()
	defer h.s.mu.Unlock()
	g, _ := parseGID(id)
	p := st.projects[g]
	if p == nil {
		return fmt.Errorf("project %s: %w", id, ErrNotFound)
	}
	st.removeProject(p, h.id)
	return nil
}

// DeleteField deletes a custom field, found by its name, from the workspace.
func (h Human) DeleteField(name string) error {
	st := h.s.lock()
	defer h.s.mu.Unlock()
	f := st.fieldByName(name)
	if f == nil {
		return fmt.Errorf("custom field %q: %w", name, ErrNotFound)
	}
	st.removeField(f)
	return nil
}

// AddTask makes a task at the top of a section without a request, for tests that need thousands, and returns its gid;
// "" when the section does not exist. It acts as the first user.
func (s *Server) AddTask(sectionGID, name string) string {
	st := s.lock()
	defer s.mu.Unlock()
	g, _ := parseGID(sectionGID)
	x := st.sections[g]
	if x == nil {
		return ""
	}
	who := viewer{user: st.userList[0].id}
	t := st.newTask(who.user)
	st.begin(t, edit{name: &name}, who)
	st.enter(t, nil, []*section{x}, who.user)
	return t.id.String()
}
