package asanatest

import (
	"slices"
	"time"
)

func getTask(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	return found(c.showTask(t))
}

func (c *call) showTask(t *task) map[string]any { return c.st.views.task.one(c.renderer, t, c.want) }

func (c *call) showCompact(t *task) any {
	return c.st.views.task.show(c.renderer, t, c.want, c.st.views.task.compact)
}

// listTasks serves the five ways to ask for tasks: by project, section or tag, in path or query, or by assignee and workspace.
func listTasks(c *call) (reply, error) {
	keep, err := c.taskFilter()
	if err != nil {
		return reply{}, err
	}
	next, err := c.taskWalk(keep)
	if err != nil {
		return reply{}, err
	}
	return paginate(c, next, c.showCompact)
}

func (c *call) taskWalk(keep func(*task) bool) (walk[*task], error) {
	by, id, inPath := c.taskSource()
	wrong := func(err error) error {
		if inPath {
			return err
		}
		return asInvalid(err)
	}
	switch by {
	case "project":
		p, err := find(c.st.projects, "project", id)
		if err != nil {
			return nil, wrong(err)
		}
		return inSections(p.sections, keep), nil
	case "section":
		s, err := find(c.st.sections, "section", id)
		if err != nil {
			return nil, wrong(err)
		}
		return inSections([]*section{s}, keep), nil
	case "tag":
		g, err := find(c.st.tags, "tag", id)
		if err != nil {
			return nil, wrong(err)
		}
		return inOrder(c.st.created, func(t *task) bool { return keep(t) && slices.Contains(t.tags, g) }), nil
	case "assignee":
		return c.assigned(id, keep)
	}
	return nil, invalid("Must specify exactly one of project, tag, section, user task list, or assignee + workspace")
}

// taskSource names what the list is asked by; "" when it is nothing or more than one thing.
func (c *call) taskSource() (by, id string, inPath bool) {
	for _, name := range []string{"project", "section", "tag"} {
		if id := c.part(name); id != "" {
			return name, id, true
		}
	}
	for _, name := range []string{"project", "section", "tag", "assignee"} {
		if !c.query.Has(name) {
			continue
		}
		if by != "" {
			return "", "", false
		}
		by, id = name, c.query.Get(name)
	}
	return by, id, false
}

func (c *call) assigned(id string, keep func(*task) bool) (walk[*task], error) {
	if c.query.Get("workspace") == "" {
		return nil, invalid("workspace: Missing input")
	}
	if err := c.space("workspace", c.query.Get("workspace")); err != nil {
		return nil, asInvalid(err)
	}
	var who gid
	if id != "null" { // documented for unassigned tasks
		u, err := c.person("assignee", id)
		if err != nil {
			return nil, asInvalid(err)
		}
		who = u.id
	}
	return inOrder(c.st.created, func(t *task) bool { return t.assignee == who && keep(t) }), nil
}

// taskFilter reads modified_since and completed_since. Both bounds are inclusive (unverified).
func (c *call) taskFilter() (func(*task) bool, error) {
	modified, err := c.since("modified_since")
	if err != nil {
		return nil, err
	}
	completed, err := c.since("completed_since")
	if err != nil {
		return nil, err
	}
	return func(t *task) bool {
		return t.modified >= modified && (completed == 0 || !t.completed || t.done >= completed)
	}, nil
}

// since reads a time of the query; "now" is allowed and means that only incomplete tasks are wanted.
func (c *call) since(name string) (stamp, error) {
	text := c.query.Get(name)
	switch text {
	case "":
		return 0, nil
	case "now":
		return c.st.stamp() + 1, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return stampOf(at), nil
		}
	}
	return 0, invalid("%s: Not a valid date-time: %s", name, text)
}

// inSections walks the tasks of sections from top to bottom. The place is the last one shown, so that tasks moved or
// deleted meanwhile neither repeat nor hide others.
func inSections(sections []*section, keep func(*task) bool) walk[*task] {
	return func(after any, limit int, use func(*task)) (any, bool) {
		m := startOf(sections, after)
		var last *membership
		for n := 0; m != nil; m = following(sections, m) {
			if !keep(m.task) {
				continue
			}
			if n == limit {
				return last, true
			}
			use(m.task)
			last, n = m, n+1
		}
		return last, false
	}
}

func startOf(sections []*section, after any) *membership {
	if m, ok := after.(*membership); ok && m != nil {
		return following(sections, m)
	}
	return firstOf(sections)
}

func firstOf(sections []*section) *membership {
	for _, s := range sections {
		if s.head != nil {
			return s.head
		}
	}
	return nil
}

func following(sections []*section, m *membership) *membership {
	if n := m.after(); n != nil {
		return n
	}
	return firstOf(sections[slices.Index(sections, m.section)+1:])
}

// inOrder walks tasks by gid, which is by creation. The place is the last gid shown.
func inOrder(list []*task, keep func(*task) bool) walk[*task] {
	return func(after any, limit int, use func(*task)) (any, bool) {
		last, _ := after.(gid)
		from, _ := slices.BinarySearchFunc(list, last+1, func(t *task, id gid) int { return int(int64(t.id) - int64(id)) })
		n := 0
		for _, t := range list[from:] {
			if t.gone || !keep(t) {
				continue
			}
			if n == limit {
				return last, true
			}
			use(t)
			last, n = t.id, n+1
		}
		return last, false
	}
}

func listSubtasks(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	return paginate(c, inSlice(t.subtasks), c.showCompact)
}

func listTaskProjects(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	return paginate(c, inSlice(t.projects()), func(p *project) any {
		return c.st.views.project.show(c.renderer, p, c.want, c.st.views.project.compact)
	})
}

func deleteTask(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	c.st.removeTask(t, c.who.user)
	return emptied()
}

// removeTask puts a task with its subtasks into the trash, where the API no longer finds it.
func (st *state) removeTask(t *task, by gid) {
	if t.gone {
		return
	}
	st.happened(t, by, "deleted", "")
	for _, sub := range slices.Clone(t.subtasks) {
		st.removeTask(sub, by)
	}
	st.forget(t)
}
