package asanatest

import "slices"

const (
	maxNotes        = 65_535 // unverified: Asana names no limit for notes
	maxExternalGID  = 1024   // https://developers.asana.com/docs/custom-external-data
	maxExternalData = 32_768
	maxProjects     = 20 // https://developers.asana.com/reference/addprojectfortask
)

// edit is what a request wants of a task. Everything is checked before anything is changed. A nil member stays as it is.
type edit struct {
	name, notes, html, subtype *string
	completed, liked           *bool
	due                        *[2]string // day and time, both "" to clear
	start                      *string
	assignee                   *gid
	values                     []value // a value of nil clears the field
	external                   *externalEdit
}

type externalEdit struct {
	ID   *string `json:"gid"`
	Data *string `json:"data"`
}

// readEdit reads the properties that creating and updating have in common. The allowed fields are those of the projects.
func (c *call) readEdit(allowed func(*field) bool) edit {
	var e edit
	if s, ok := c.in.text("name", maxName); ok {
		e.name = &s
	}
	if s, ok := c.in.text("notes", maxNotes); ok {
		empty := ""
		e.notes, e.html = &s, &empty
	}
	if s, ok := c.in.text("html_notes", maxNotes); ok {
		text := c.plain("html_notes", s)
		e.notes, e.html = &text, &s
	}
	if s, ok := c.in.text("resource_subtype", 0); ok {
		s = c.oneOf("resource_subtype", s, "default_task", "milestone", "approval")
		e.subtype = &s
	}
	if b, ok := c.in.flag("completed"); ok {
		e.completed = &b
	}
	if b, ok := c.in.flag("liked"); ok {
		e.liked = &b
	}
	c.readDates(&e)
	if s, ok := c.in.text("assignee", 0); ok {
		var id gid
		if s != "" {
			id = c.member("assignee", s)
		}
		e.assignee = &id
	}
	c.readExternal(&e)
	e.values = c.readValues(allowed)
	// Asana's own SDK example sends these for an ordinary task: the first moves it inside "My tasks", which is not
	// simulated, the second matters to approvals only, the third is read-only.
	c.in.skip("assignee_status", "approval_status", "is_rendered_as_separator")
	return e
}

// readDates reads due and start: due_on and due_at exclude one another, and start_on needs one of them in the request.
func (c *call) readDates(e *edit) {
	on, hasOn := c.in.text("due_on", 0)
	at, hasAt := c.in.text("due_at", 0)
	if hasOn && hasAt && on != "" && at != "" {
		c.in.fail("due_on", "Cannot be given together with due_at")
	}
	switch {
	case hasAt && at != "":
		at = c.instant("due_at", at)
		if at != "" {
			e.due = &[2]string{at[:len("2006-01-02")], at}
		}
	case hasOn || hasAt:
		e.due = &[2]string{c.date("due_on", on), ""}
	}
	if s, ok := c.in.text("start_on", 0); ok {
		s = c.date("start_on", s)
		if !hasOn && !hasAt {
			c.in.fail("start_on", "due_on or due_at must be present in the request when setting or unsetting start_on")
		}
		e.start = &s
	}
}

// readExternal refuses external data to personal access tokens: it belongs to an OAuth app. The documents say that OAuth is
// needed; that the answer is 403 is unverified.
func (c *call) readExternal(e *edit) {
	var x externalEdit
	if !c.in.object("external", &x) {
		return
	}
	if c.who.app == "" {
		c.in.fail("external", "External data requires authentication with OAuth")
		return
	}
	if x.ID != nil && len([]rune(*x.ID)) > maxExternalGID {
		c.in.fail("external", "gid: Value is too long")
	}
	if x.Data != nil && len([]rune(*x.Data)) > maxExternalData {
		c.in.fail("external", "data: Value is too long")
	}
	e.external = &x
}

// checkExternal refuses a name another task of the app has. Asana documents the gid as a way to address one task; the
// answer to a second one is unverified, hence the option.
func (c *call) checkExternal(e edit, self *task) {
	if e.external == nil || e.external.ID == nil || *e.external.ID == "" || c.srv.opt.AllowDuplicateExternal {
		return
	}
	if other := c.st.externals[externalKey{c.who.app, *e.external.ID}]; other != nil && other != self {
		c.in.fail("external", "gid: The external gid is already used by another task")
	}
}

// end turns the faults into a refusal; external data of a PAT makes it a 403.
func (c *call) end() error {
	err := c.in.end()
	if e, ok := err.(*apiError); ok && c.who.app == "" && slices.ContainsFunc(e.messages, isExternalFault) {
		e.status = 403
	}
	return err
}

func isExternalFault(m string) bool {
	return m == "external: External data requires authentication with OAuth"
}

func updateTask(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	c.in.skip("workspace")
	e := c.readEdit(t.accepts)
	c.checkExternal(e, t)
	if c.in.has("parent") {
		c.in.fail("parent", "Cannot be written; use setParent")
	}
	if err := c.end(); err != nil {
		return reply{}, err
	}
	c.st.apply(t, e, c.who)
	return found(c.showTask(t))
}

// accepts tells whether a field is on one of the task's projects.
func (t *task) accepts(f *field) bool {
	for _, m := range t.places {
		if m.section.project.has(f) {
			return true
		}
	}
	return false
}

func (p *project) has(f *field) bool {
	return slices.ContainsFunc(p.settings, func(s *setting) bool { return s.field == f })
}

func createTask(c *call) (reply, error) {
	parent, err := c.parentOf()
	if err != nil {
		return reply{}, err
	}
	if s, _ := c.in.text("workspace", 0); s != "" {
		if err := c.space("workspace", s); err != nil {
			c.in.failErr(err)
		}
	}
	places := c.readPlaces()
	tags := c.readTags()
	followers := c.readFollowers()
	e := c.readEdit(func(f *field) bool {
		return slices.ContainsFunc(places, func(s *section) bool { return s.project.has(f) })
	})
	c.checkExternal(e, nil)
	if !c.in.has("workspace") && parent == nil && len(places) == 0 && len(c.in.faults) == 0 {
		return reply{}, invalid("You should specify one of workspace, parent, projects")
	}
	if err := c.end(); err != nil {
		return reply{}, err
	}
	t := c.st.newTask(c.who.user)
	t.tags, t.followers = tags, followers
	c.st.begin(t, e, c.who)
	c.st.enter(t, parent, places, c.who.user)
	return created(c.showTask(t))
}

func (st *state) newTask(by gid) *task {
	t := &task{id: st.nextGID(), creator: by, subtype: "default_task", created: st.stamp()}
	t.modified = t.created
	return t
}

// begin sets what a new task starts with, without the stories and events that an edit makes.
func (st *state) begin(t *task, e edit, who viewer) {
	st.set(t, e, who)
	st.remember(t)
}

// enter files a new task with its parent and projects and tells the world.
func (st *state) enter(t *task, parent *task, places []*section, by gid) {
	if parent != nil {
		t.parent = parent
		parent.subtasks = append(parent.subtasks, t)
	}
	for _, s := range places {
		t.put(s, nil)
	}
	scopes := t.scopes()
	for _, m := range t.places {
		st.related(t, by, "added", "project", m.section.project.id, scopes)
		st.related(t, by, "added", "section", m.section.id, scopes)
	}
	if parent != nil {
		st.related(t, by, "added", "task", parent.id, scopes)
	}
	if len(t.places) == 0 && parent == nil {
		st.related(t, by, "added", "", 0, scopes)
	}
}
