package asanatest

import "slices"

const maxStories = 1000 // per task; a feed this long is a loop in the client, and the oldest system story goes

func (s *story) comment() bool { return s.subtype == "comment_added" }

func (s *story) kind() string {
	if s.comment() {
		return "comment"
	}
	return "system"
}

// addStory writes into a task's feed. Every story counts as a modification of the task.
func (st *state) addStory(t *task, by gid, subtype, text string) *story {
	s := &story{id: st.nextGID(), author: by, task: t, created: st.stamp(), subtype: subtype, text: text}
	if len(t.stories) >= maxStories {
		st.dropOldest(t)
	}
	t.stories = append(t.stories, s)
	st.stories[s.id] = s
	t.modified = max(s.created, t.modified)
	st.log.add(st, event{user: by, action: "added", kind: "story", subtype: subtype, res: s.id, parentKind: "task", parent: t.id,
		scopes: append(t.scopes(), s.id)})
	return s
}

func (st *state) dropOldest(t *task) {
	i := max(0, slices.IndexFunc(t.stories, func(s *story) bool { return !s.comment() }))
	delete(st.stories, t.stories[i].id)
	t.stories = slices.Delete(t.stories, i, i+1)
}

func listStories(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	return paginate(c, inSlice(t.stories), func(s *story) any {
		return c.st.views.story.show(c.renderer, s, c.want, c.st.views.story.compact)
	})
}

func (c *call) story() (*story, error) { return find(c.st.stories, "story", c.part("story")) }

func getStory(c *call) (reply, error) {
	s, err := c.story()
	if err != nil {
		return reply{}, err
	}
	return found(c.st.views.story.one(c.renderer, s, c.want))
}

// readText reads text or html_text, of which a comment needs one.
func (c *call) readText() (text, html string, given bool) {
	text, given = c.in.text("text", maxNotes)
	if rich, ok := c.in.text("html_text", maxNotes); ok {
		if given {
			c.in.fail("html_text", "Cannot be given together with text")
		}
		return c.plain("html_text", rich), rich, true
	}
	return text, "", given
}

func createStory(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	text, html, given := c.readText()
	if !given && len(c.in.faults) == 0 {
		c.in.fail("text", "Missing input")
	}
	pinned, _ := c.in.flag("is_pinned")
	c.in.skip("sticker_name")
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	s := c.st.addStory(t, c.who.user, "comment_added", text)
	s.html, s.pinned = html, pinned
	return created(c.st.views.story.one(c.renderer, s, c.want))
}

// updateStory changes a comment; only its author may, and what the system wrote nobody.
func updateStory(c *call) (reply, error) {
	s, err := c.story()
	if err != nil {
		return reply{}, err
	}
	text, html, given := c.readText()
	pinned, hasPin := c.in.flag("is_pinned")
	c.in.skip("sticker_name")
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	if !s.comment() || given && s.author != c.who.user {
		return reply{}, forbidden("story: The story cannot be edited by this user")
	}
	if given {
		s.text, s.html, s.edit = text, html, true
	}
	if hasPin {
		s.pinned = pinned
	}
	s.task.modified = max(c.st.stamp(), s.task.modified)
	return found(c.st.views.story.one(c.renderer, s, c.want))
}

func deleteStory(c *call) (reply, error) {
	s, err := c.story()
	if err != nil {
		return reply{}, err
	}
	if s.author != c.who.user {
		return reply{}, forbidden("story: The story cannot be deleted by this user")
	}
	t := s.task
	t.stories = slices.DeleteFunc(t.stories, func(x *story) bool { return x == s })
	delete(c.st.stories, s.id)
	t.modified = max(c.st.stamp(), t.modified)
	c.st.log.add(c.st, event{user: c.who.user, action: "deleted", kind: "story", subtype: s.subtype, res: s.id, scopes: t.scopes()})
	return emptied()
}
