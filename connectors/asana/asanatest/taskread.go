package asanatest

import (
	"fmt"
	"slices"
)

// parentOf is the task of a subtasks path, or the one named in the body, or none.
func (c *call) parentOf() (*task, error) {
	if c.part("task") != "" {
		c.in.skip("parent")
		return c.task("task")
	}
	id, _ := c.in.text("parent", 0)
	if id == "" {
		return nil, nil
	}
	t, err := c.findTask("parent", id)
	if err != nil {
		c.in.failErr(err)
		return nil, nil
	}
	return t, nil
}

// readPlaces reads projects and memberships: each project once, a membership's section winning over the project's first.
func (c *call) readPlaces() []*section {
	var out []*section
	var list []struct {
		Project string `json:"project"`
		Section string `json:"section"`
	}
	c.in.object("memberships", &list)
	for i, m := range list {
		name := fmt.Sprintf("memberships: [%d]", i)
		s, err := c.membershipTarget(name, m.Project, m.Section)
		if err != nil {
			c.in.failErr(err)
			continue
		}
		out = append(out, s)
	}
	for i, id := range c.in.list("projects") {
		p, err := given(c.st.projects, fmt.Sprintf("projects: [%d]", i), id)
		if err != nil {
			c.in.failErr(err)
			continue
		}
		if !slices.ContainsFunc(out, func(s *section) bool { return s.project == p }) {
			out = append(out, p.sections[0])
		}
	}
	if len(out) > maxProjects {
		c.in.fail("projects", "A task can be in at most 20 projects")
	}
	return out
}

func (c *call) membershipTarget(name, projectID, sectionID string) (*section, error) {
	p, err := given(c.st.projects, name+".project", projectID)
	if err != nil {
		return nil, err
	}
	if sectionID == "" {
		return p.sections[0], nil
	}
	s, err := given(c.st.sections, name+".section", sectionID)
	if err != nil {
		return nil, err
	}
	if s.project != p {
		return nil, invalid("%s.section: Not a section of the project: %s", name, sectionID)
	}
	return s, nil
}

func (c *call) readTags() []*tag {
	var out []*tag
	for i, id := range c.in.list("tags") {
		g, err := given(c.st.tags, fmt.Sprintf("tags: [%d]", i), id)
		if err != nil {
			c.in.failErr(err)
			continue
		}
		out = append(out, g)
	}
	return out
}

// readFollowers reads who follows a new task; its creator always does.
func (c *call) readFollowers() []gid {
	out := []gid{c.who.user}
	for i, id := range c.in.list("followers") {
		if u := c.member(fmt.Sprintf("followers: [%d]", i), id); u != 0 && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}
