package asanatest

import "slices"

// position reads insert_before and insert_after, which name tasks, and returns the place to insert after; nil is the top.
// Where neither is given the answer is otherwise.
func (c *call) position(s *section, otherwise *membership) (*membership, error) {
	beforeID, hasBefore := c.in.text("insert_before", 0)
	afterID, hasAfter := c.in.text("insert_after", 0)
	switch {
	case hasBefore && hasAfter:
		return nil, invalid("insert_before: Cannot be given together with insert_after")
	case hasBefore && beforeID == "": // null: at the end
		return s.tail, nil
	case hasAfter && afterID == "": // null: at the beginning
		return nil, nil
	case hasBefore:
		m, err := c.anchor("insert_before", beforeID, s)
		if err != nil {
			return nil, err
		}
		return m.prev, nil
	case hasAfter:
		return c.anchor("insert_after", afterID, s)
	}
	return otherwise, nil
}

func (c *call) anchor(name, id string, s *section) (*membership, error) {
	t, err := c.findTask(name, id)
	if err != nil {
		return nil, asInvalid(err)
	}
	if m := t.in(s.project); m != nil && m.section == s {
		return m, nil
	}
	return nil, invalid("%s: Not a task of the section: %s", name, id)
}

// move gives a task a place in a section and tells so.
func (st *state) move(t *task, s *section, ref *membership, by gid) {
	old := t.in(s.project)
	t.put(s, ref)
	if old != nil && old.section == s {
		return // only its rank changed
	}
	scopes := t.scopes()
	if old == nil {
		st.related(t, by, "added", "project", s.project.id, scopes)
	} else {
		st.related(t, by, "removed", "section", old.section.id, scopes)
		st.addStory(t, by, "section_changed", "moved this task from \""+old.section.name+"\" to \""+s.name+"\"")
	}
	st.related(t, by, "added", "section", s.id, scopes)
	t.modified = max(st.stamp(), t.modified)
}

// addProject puts a task into a project, or moves it inside. Without a section it keeps the one it has, or comes to the
// end of the project. https://developers.asana.com/reference/addprojectfortask
func addProject(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	p, err := given(c.st.projects, "project", c.in.need("project"))
	if err != nil {
		return reply{}, err
	}
	s, err := c.targetSection(t, p)
	if err != nil {
		return reply{}, err
	}
	ref, err := c.position(s, s.tail)
	if err != nil {
		return reply{}, err
	}
	if t.in(p) == nil && len(t.places) >= maxProjects {
		c.in.fail("project", "A task can be in at most 20 projects")
	}
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	c.st.move(t, s, ref, c.who.user)
	return emptied()
}

func (c *call) targetSection(t *task, p *project) (*section, error) {
	id, _ := c.in.text("section", 0)
	if id == "" {
		if m := t.in(p); m != nil {
			return m.section, nil
		}
		return c.sectionOfAnchor(p), nil
	}
	s, err := given(c.st.sections, "section", id)
	if err != nil {
		return nil, err
	}
	if s.project != p {
		return nil, invalid("section: Not a section of the project: %s", id)
	}
	return s, nil
}

// sectionOfAnchor is the section of the task to be placed next to, or the project's last one.
func (c *call) sectionOfAnchor(p *project) *section {
	for _, name := range []string{"insert_before", "insert_after"} {
		id, _ := c.in.text(name, 0)
		if t, err := c.findTask(name, id); err == nil {
			if m := t.in(p); m != nil {
				return m.section
			}
		}
	}
	return p.sections[len(p.sections)-1]
}

func removeProject(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	p, err := given(c.st.projects, "project", c.in.need("project"))
	if err != nil {
		return reply{}, err
	}
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	scopes := t.scopes()
	if t.leave(p) {
		t.modified = max(c.st.stamp(), t.modified)
		c.st.related(t, c.who.user, "removed", "project", p.id, scopes)
	}
	return emptied()
}

// setParent makes a task a subtask, or none when parent is null. A loop is refused.
func setParent(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	if !c.in.has("parent") {
		return reply{}, invalid("parent: Missing input")
	}
	parent, err := c.parentNamed(t)
	if err != nil {
		return reply{}, err
	}
	c.in.skip("insert_before", "insert_after")
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	if old := t.parent; old != nil {
		old.subtasks = slices.DeleteFunc(old.subtasks, func(x *task) bool { return x == t })
	}
	t.parent = parent
	if parent != nil {
		parent.subtasks = append(parent.subtasks, t)
	}
	t.modified = max(c.st.stamp(), t.modified)
	c.st.happened(t, c.who.user, "changed", "parent")
	return found(c.showTask(t))
}

func (c *call) parentNamed(t *task) (*task, error) {
	id, _ := c.in.text("parent", 0)
	if id == "" {
		return nil, nil
	}
	parent, err := c.findTask("parent", id)
	if err != nil {
		return nil, asInvalid(err)
	}
	for x := parent; x != nil; x = x.parent {
		if x == t {
			return nil, invalid("parent: A task cannot be its own ancestor")
		}
	}
	return parent, nil
}
