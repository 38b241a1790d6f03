package asanatest

import (
	"net/http"
	"slices"
)

func listSettings(c *call) (reply, error) {
	p, err := c.project("project")
	if err != nil {
		return reply{}, err
	}
	return paginate(c, inSlice(p.settings), func(s *setting) any {
		return c.st.views.setting.show(c.renderer, s, c.want, c.st.views.setting.compact)
	})
}

// addSetting attaches a field to a project. Attaching it twice is refused (the wording is unverified).
func addSetting(c *call) (reply, error) {
	p, err := c.project("project")
	if err != nil {
		return reply{}, err
	}
	f, err := given(c.st.fields, "custom_field", c.in.need("custom_field"))
	if err != nil {
		return reply{}, err
	}
	important, _ := c.in.flag("is_important")
	c.in.skip("insert_before", "insert_after")
	switch {
	case p.has(f):
		c.in.fail("custom_field", "The custom field is already on the project")
	case len(p.settings) >= maxFields:
		c.in.fail("custom_field", "The project has too many custom fields")
	}
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	s := c.st.addSetting(p, f, important)
	c.st.log.add(c.st, event{user: c.who.user, action: "changed", kind: "project", res: p.id, field: "custom_field_settings",
		scopes: c.st.wide(p)})
	return reply{status: http.StatusOK, data: c.st.views.setting.one(c.renderer, s, c.want)}, nil
}

func (st *state) addSetting(p *project, f *field, important bool) *setting {
	s := &setting{id: st.nextGID(), field: f, project: p, important: important}
	p.settings = append(p.settings, s)
	return s
}

func removeSetting(c *call) (reply, error) {
	p, err := c.project("project")
	if err != nil {
		return reply{}, err
	}
	f, err := given(c.st.fields, "custom_field", c.in.need("custom_field"))
	if err != nil {
		return reply{}, err
	}
	if !p.has(f) {
		c.in.fail("custom_field", "The custom field is not on the project")
	}
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	p.settings = slices.DeleteFunc(p.settings, func(s *setting) bool { return s.field == f })
	return emptied()
}
