package asanatest

import "slices"

func (c *call) showTag(g *tag) any {
	return c.st.views.tag.show(c.renderer, g, c.want, c.st.views.tag.compact)
}

func listTags(c *call) (reply, error) {
	if err := c.scope(); err != nil {
		return reply{}, err
	}
	return paginate(c, inSlice(c.st.tagList), c.showTag)
}

func (c *call) tag() (*tag, error) { return find(c.st.tags, "tag", c.part("tag")) }

func getTag(c *call) (reply, error) {
	g, err := c.tag()
	if err != nil {
		return reply{}, err
	}
	return found(c.st.views.tag.one(c.renderer, g, c.want))
}

func (c *call) readTag(g *tag) {
	if s, ok := c.in.text("name", maxName); ok {
		g.name = s
	}
	if s, ok := c.in.text("color", 0); ok {
		g.color = s
	}
	if s, ok := c.in.text("notes", maxNotes); ok {
		g.notes = s
	}
	c.in.skip("followers")
}

// createTag does not mind a second tag of the same name; the recorded workspace has two.
func createTag(c *call) (reply, error) {
	if err := c.scope(); err != nil {
		return reply{}, err
	}
	if c.part("workspace") == "" {
		if err := c.space("workspace", c.in.need("workspace")); err != nil && !c.in.failed("workspace") {
			c.in.failErr(asInvalid(err))
		}
	}
	g := &tag{}
	c.readTag(g)
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	g.id, g.created = c.st.nextGID(), c.st.stamp()
	c.st.tags[g.id] = g
	c.st.tagList = append(c.st.tagList, g)
	return created(c.st.views.tag.one(c.renderer, g, c.want))
}

func updateTag(c *call) (reply, error) {
	g, err := c.tag()
	if err != nil {
		return reply{}, err
	}
	draft := *g
	c.readTag(&draft)
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	*g = draft
	return found(c.st.views.tag.one(c.renderer, g, c.want))
}

func deleteTag(c *call) (reply, error) {
	g, err := c.tag()
	if err != nil {
		return reply{}, err
	}
	g.gone = true
	delete(c.st.tags, g.id)
	c.st.tagList = slices.DeleteFunc(c.st.tagList, func(x *tag) bool { return x == g })
	return emptied()
}

func listTaskTags(c *call) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	return paginate(c, inSlice(liveTags(t)), c.showTag)
}

func addTag(c *call) (reply, error) {
	return c.changeTag("added", func(t *task, g *tag) bool {
		if slices.Contains(t.tags, g) {
			return false
		}
		t.tags = append(t.tags, g)
		return true
	})
}

func removeTag(c *call) (reply, error) {
	return c.changeTag("removed", func(t *task, g *tag) bool {
		n := len(t.tags)
		t.tags = slices.DeleteFunc(t.tags, func(x *tag) bool { return x == g })
		return len(t.tags) < n
	})
}

func (c *call) changeTag(action string, change func(*task, *tag) bool) (reply, error) {
	t, err := c.task("task")
	if err != nil {
		return reply{}, err
	}
	g, err := given(c.st.tags, "tag", c.in.need("tag"))
	if err != nil {
		return reply{}, err
	}
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	if change(t, g) {
		t.modified = max(c.st.stamp(), t.modified)
		c.st.related(t, c.who.user, action, "tag", g.id, t.scopes())
	}
	return emptied()
}
