package asanatest

import (
	"cmp"
	"slices"
)

const maxName = 1024 // unverified: Asana names no limit for names of projects, sections and tasks

func listProjects(c *call) (reply, error) {
	if err := c.scope(); err != nil {
		return reply{}, err
	}
	list := c.st.projectList
	team, _ := parseGID(cmp.Or(c.part("team"), c.query.Get("team")))
	archived := c.query.Get("archived")
	if team != 0 || archived != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(p *project) bool {
			return team != 0 && p.team != team || archived != "" && p.archived != (archived == "true")
		})
	}
	return paginate(c, inSlice(list), func(p *project) any {
		return c.st.views.project.show(c.renderer, p, c.want, c.st.views.project.compact)
	})
}

func getProject(c *call) (reply, error) {
	p, err := c.project("project")
	if err != nil {
		return reply{}, err
	}
	return found(c.st.views.project.one(c.renderer, p, c.want))
}

func createProject(c *call) (reply, error) {
	if err := c.scope(); err != nil {
		return reply{}, err
	}
	p := &project{owner: c.who.user, view: "list", privacy: "public_to_workspace"}
	if id := c.part("workspace"); id == "" && c.part("team") == "" {
		id, _ := c.in.text("workspace", 0)
		team, _ := c.in.text("team", 0)
		switch {
		case id == "" && team == "":
			c.in.fail("workspace", "Missing input")
		case id != "":
			if err := c.space("workspace", id); err != nil {
				c.in.failErr(err)
			}
		}
	} else {
		c.in.skip("workspace")
	}
	c.readProject(p)
	if id, ok := parseGID(c.part("team")); ok {
		p.team = id
	}
	if c.srv.opt.DemandTeam && p.team == 0 && !c.in.failed("team") && !c.in.failed("workspace") {
		c.in.fail("team", "Missing input") // unverified wording
	}
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	c.st.addProject(p)
	c.st.log.add(c.st, event{user: c.who.user, action: "added", kind: "project", res: p.id, scopes: c.st.wide(p)})
	return created(c.st.views.project.one(c.renderer, p, c.want))
}

// readProject applies what the request says to p, which the caller throws away when the request turns out wrong.
func (c *call) readProject(p *project) {
	if s, ok := c.in.text("name", maxName); ok {
		p.name = s
	}
	if s, ok := c.in.text("notes", maxNotes); ok {
		p.notes = s
	}
	if s, ok := c.in.text("html_notes", maxNotes); ok {
		p.notes = c.plain("html_notes", s)
	}
	if s, ok := c.in.text("color", 0); ok {
		p.color = s
	}
	if s, ok := c.in.text("default_view", 0); ok {
		p.view = c.oneOf("default_view", s, "list", "board", "calendar", "timeline")
	}
	if s, ok := c.in.text("privacy_setting", 0); ok {
		p.privacy = c.oneOf("privacy_setting", s, "public_to_workspace", "private_to_team", "private")
	}
	if b, ok := c.in.flag("public"); ok && !b {
		p.privacy = "private_to_team"
	}
	if b, ok := c.in.flag("archived"); ok {
		p.archived = b
	}
	for _, name := range []string{"due_date", "due_on"} {
		if s, ok := c.in.text(name, 0); ok {
			p.due = c.date(name, s)
		}
	}
	if s, ok := c.in.text("start_on", 0); ok {
		p.start = c.date("start_on", s)
	}
	c.readProjectPeople(p)
	c.in.skip("icon", "default_access_level", "minimum_access_level_for_customization", "minimum_access_level_for_sharing", "followers")
}

func (c *call) readProjectPeople(p *project) {
	if s, ok := c.in.text("owner", 0); ok {
		p.owner = 0
		if s != "" {
			p.owner = c.member("owner", s)
		}
	}
	if s, ok := c.in.text("team", 0); ok && s != "" {
		t, err := given(c.st.teams, "team", s)
		if err != nil {
			c.in.failErr(err)
			return
		}
		p.team = t.id
	}
}

// member reads a person out of a body; the fault is kept.
func (c *call) member(name, id string) gid {
	u, err := c.person(name, id)
	if err != nil {
		c.in.failErr(err)
		return 0
	}
	return u.id
}

func (c *call) oneOf(name, s string, allowed ...string) string {
	if !slices.Contains(allowed, s) {
		c.in.fail(name, "Not a valid value: "+s)
	}
	return s
}

// addProject files a project with the section every new project has.
func (st *state) addProject(p *project) {
	p.id = st.nextGID()
	p.created = st.stamp()
	p.modified = p.created
	st.projects[p.id] = p
	st.projectList = append(st.projectList, p)
	st.addSection(p, "Untitled section")
}

func updateProject(c *call) (reply, error) {
	p, err := c.project("project")
	if err != nil {
		return reply{}, err
	}
	draft := *p
	c.readProject(&draft)
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	before := *p
	draft.modified = c.st.stamp()
	*p = draft
	for name, differs := range map[string]bool{"name": before.name != p.name, "notes": before.notes != p.notes,
		"archived": before.archived != p.archived, "due_on": before.due != p.due, "owner": before.owner != p.owner} {
		if differs {
			c.st.log.add(c.st, event{user: c.who.user, action: "changed", kind: "project", res: p.id, field: name, scopes: c.st.wide(p)})
		}
	}
	return found(c.st.views.project.one(c.renderer, p, c.want))
}

func deleteProject(c *call) (reply, error) {
	p, err := c.project("project")
	if err != nil {
		return reply{}, err
	}
	c.st.removeProject(p, c.who.user)
	return emptied()
}

// removeProject deletes a project with the tasks that are in no other one (unverified; Asana's help says that they go to
// the trash with it), and takes the others out of it.
func (st *state) removeProject(p *project, by gid) {
	st.log.add(st, event{user: by, action: "deleted", kind: "project", res: p.id, scopes: st.wide(p)})
	for _, s := range p.sections {
		for m := s.head; m != nil; m = m.after() {
			if len(m.task.places) == 1 && m.task.parent == nil {
				st.removeTask(m.task, by)
			} else {
				m.task.leave(p)
			}
		}
		delete(st.sections, s.id)
	}
	delete(st.projects, p.id)
	st.projectList = slices.DeleteFunc(st.projectList, func(x *project) bool { return x == p })
}

func countTasks(c *call) (reply, error) {
	p, err := c.project("project")
	if err != nil {
		return reply{}, err
	}
	all, done := 0, 0
	for _, s := range p.sections {
		for m := s.head; m != nil; m = m.after() {
			all++
			if m.task.completed {
				done++
			}
		}
	}
	counts := map[string]int{"num_tasks": all, "num_completed_tasks": done, "num_incomplete_tasks": all - done,
		"num_milestones": 0, "num_completed_milestones": 0, "num_incomplete_milestones": 0}
	out := map[string]any{}
	for name := range c.want { // the only resource that shows nothing unless it is asked for
		if n, ok := counts[name]; ok {
			out[name] = n
		}
	}
	return found(out)
}
