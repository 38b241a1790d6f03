package asanatest

import (
	"net/http"
	"slices"
)

func listSections(c *call) (reply, error) {
	p, err := c.project("project")
	if err != nil {
		return reply{}, err
	}
	return paginate(c, inSlice(p.sections), func(s *section) any {
		return c.st.views.section.show(c.renderer, s, c.want, c.st.views.section.compact)
	})
}

func getSection(c *call) (reply, error) {
	s, err := c.section("section")
	if err != nil {
		return reply{}, err
	}
	return found(c.st.views.section.one(c.renderer, s, c.want))
}

func (st *state) addSection(p *project, name string) *section {
	s := &section{id: st.nextGID(), name: name, project: p, created: st.stamp()}
	st.sections[s.id] = s
	p.sections = append(p.sections, s)
	return s
}

func createSection(c *call) (reply, error) {
	p, err := c.project("project")
	if err != nil {
		return reply{}, err
	}
	name, ok := c.in.text("name", maxName)
	if !ok && !c.in.failed("name") {
		c.in.fail("name", "Missing input")
	}
	before, after := c.anchors("insert_before", "insert_after", p)
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	s := c.st.addSection(p, name)
	p.arrange(s, before, after)
	p.modified = c.st.stamp()
	c.st.log.add(c.st, event{user: c.who.user, action: "added", kind: "section", res: s.id,
		parentKind: "project", parent: p.id, scopes: []gid{p.id}})
	return created(c.st.views.section.one(c.renderer, s, c.want))
}

// anchors reads the two properties that say where a section goes; at most one may be there.
func (c *call) anchors(beforeName, afterName string, p *project) (before, after *section) {
	read := func(name string) *section {
		id, _ := c.in.text(name, 0)
		if id == "" {
			return nil
		}
		s, err := given(c.st.sections, name, id)
		if err == nil && s.project != p {
			err = invalid("%s: Not a section of the project: %s", name, id)
		}
		if err != nil {
			c.in.failErr(err)
		}
		return s
	}
	before, after = read(beforeName), read(afterName)
	if before != nil && after != nil {
		c.in.fail(beforeName, "Cannot be given together with "+afterName)
	}
	return before, after
}

// arrange moves s before or after another section of its project; without either it stays.
func (p *project) arrange(s, before, after *section) {
	if before == nil && after == nil || before == s || after == s {
		return
	}
	p.sections = slices.DeleteFunc(p.sections, func(x *section) bool { return x == s })
	at := 0
	if before != nil {
		at = slices.Index(p.sections, before)
	} else {
		at = slices.Index(p.sections, after) + 1
	}
	p.sections = slices.Insert(p.sections, at, s)
}

func insertSection(c *call) (reply, error) {
	p, err := c.project("project")
	if err != nil {
		return reply{}, err
	}
	s, err := given(c.st.sections, "section", c.in.need("section"))
	before, after := c.anchors("before_section", "after_section", p)
	switch {
	case err != nil:
		return reply{}, err
	case s.project != p:
		return reply{}, invalid("section: Not a section of the project: %s", s.id)
	case before == nil && after == nil:
		c.in.fail("before_section", "Missing input")
	}
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	p.arrange(s, before, after)
	return emptied()
}

func updateSection(c *call) (reply, error) {
	s, err := c.section("section")
	if err != nil {
		return reply{}, err
	}
	name, ok := c.in.text("name", maxName)
	before, after := c.anchors("insert_before", "insert_after", s.project)
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	if ok && name != s.name {
		s.name = name
		c.st.log.add(c.st, event{user: c.who.user, action: "changed", kind: "section", res: s.id, field: "name",
			scopes: []gid{s.project.id}})
	}
	s.project.arrange(s, before, after)
	return found(c.st.views.section.one(c.renderer, s, c.want))
}

// deleteSection refuses a section that holds tasks and the last one of a project.
// https://developers.asana.com/reference/deletesection
func deleteSection(c *call) (reply, error) {
	s, err := c.section("section")
	if err != nil {
		return reply{}, err
	}
	p := s.project
	switch {
	case s.count > 0:
		return reply{}, invalid("section: Cannot delete a section with tasks")
	case len(p.sections) == 1:
		return reply{}, &apiError{status: http.StatusBadRequest, messages: []string{"section: Cannot delete the last section of a project"}}
	}
	p.sections = slices.DeleteFunc(p.sections, func(x *section) bool { return x == s })
	delete(c.st.sections, s.id)
	c.st.log.add(c.st, event{user: c.who.user, action: "deleted", kind: "section", res: s.id, scopes: []gid{p.id}})
	return emptied()
}

// addTaskToSection moves a task: it leaves the project's other sections and comes to the top unless told otherwise.
func addTaskToSection(c *call) (reply, error) {
	s, err := c.section("section")
	if err != nil {
		return reply{}, err
	}
	t, err := c.findTask("task", c.in.need("task"))
	if err != nil {
		c.in.failErr(err)
	}
	ref, err := c.position(s, nil)
	if err != nil {
		return reply{}, err
	}
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	c.st.move(t, s, ref, c.who.user)
	return emptied()
}
