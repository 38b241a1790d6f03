package asanatest

import "net/http"

func listWorkspaces(c *call) (reply, error) {
	return paginate(c, inSlice([]*workspace{c.st.workspace}), func(w *workspace) any {
		return c.st.views.workspace.show(c.renderer, w, c.want, c.st.views.workspace.compact)
	})
}

func getWorkspace(c *call) (reply, error) {
	if err := c.space("workspace", c.part("workspace")); err != nil {
		return reply{}, err
	}
	return found(c.st.views.workspace.one(c.renderer, c.st.workspace, c.want))
}

// listUsers serves a workspace's, a team's and all users: here they are the same people.
func listUsers(c *call) (reply, error) {
	if err := c.scope(); err != nil {
		return reply{}, err
	}
	return paginate(c, inSlice(c.st.userList), func(u *user) any {
		return c.st.views.user.show(c.renderer, u, c.want, c.st.views.user.compact)
	})
}

// scope checks the workspace and team a list is asked for, in the path or in the query.
func (c *call) scope() error {
	if id := c.part("workspace"); id != "" {
		if err := c.space("workspace", id); err != nil {
			return err
		}
	}
	if id := c.part("team"); id != "" {
		if _, err := find(c.st.teams, "team", id); err != nil {
			return err
		}
	}
	for _, name := range []string{"workspace", "organization"} {
		if id := c.query.Get(name); id != "" {
			if err := c.space(name, id); err != nil {
				return asInvalid(err)
			}
		}
	}
	if id := c.query.Get("team"); id != "" {
		if _, err := given(c.st.teams, "team", id); err != nil {
			return err
		}
	}
	return nil
}

func getUser(c *call) (reply, error) {
	u, err := c.person("user", c.part("user"))
	if err != nil {
		return reply{}, err
	}
	return found(c.st.views.user.one(c.renderer, u, c.want))
}

func listTeams(c *call) (reply, error) {
	if err := c.scope(); err != nil {
		return reply{}, err
	}
	return c.teams()
}

func listTeamsOfUser(c *call) (reply, error) {
	if _, err := c.person("user", c.part("user")); err != nil {
		return reply{}, err
	}
	if c.query.Get("organization") == "" {
		return reply{}, invalid("organization: Missing input")
	}
	if err := c.scope(); err != nil {
		return reply{}, err
	}
	return c.teams()
}

func (c *call) teams() (reply, error) {
	return paginate(c, inSlice(c.st.teamList), func(t *team) any {
		return c.st.views.team.show(c.renderer, t, c.want, c.st.views.team.compact)
	})
}

func getTeam(c *call) (reply, error) {
	t, err := find(c.st.teams, "team", c.part("team"))
	if err != nil {
		return reply{}, err
	}
	return found(c.st.views.team.one(c.renderer, t, c.want))
}

// searchTasks refuses: search belongs to the paid plans, is eventually consistent and has no pages, so a sync that
// depends on it is wrong before it starts. https://developers.asana.com/reference/searchtasksforworkspace
func searchTasks(c *call) (reply, error) {
	if err := c.scope(); err != nil {
		return reply{}, err
	}
	return reply{}, &apiError{status: http.StatusPaymentRequired, messages: []string{"Search is only available to premium users."}}
}
