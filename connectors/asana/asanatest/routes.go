package asanatest

import "net/http"

// handler answers one route. The state is locked around it as its registration says.
type handler func(c *call) (reply, error)

// apiRoutes is the list of everything this Asana can do; paths are relative to /api/1.0.
func (s *Server) apiRoutes() *http.ServeMux {
	m := http.NewServeMux()
	read := func(path string, h handler) { m.Handle("GET "+path, s.route(h, s.mu.RLock, s.mu.RUnlock)) }
	write := func(pattern string, h handler) { m.Handle(pattern, s.route(h, s.mu.Lock, s.mu.Unlock)) }
	peopleRoutes(read)
	projectRoutes(read, write)
	taskRoutes(read, write)
	fieldRoutes(read, write)
	tagRoutes(read, write)
	read("/events", getEvents)
	read("/webhooks", listWebhooks)
	read("/webhooks/{webhook}", getWebhook)
	write("PUT /webhooks/{webhook}", updateWebhook)
	write("DELETE /webhooks/{webhook}", deleteWebhook)
	m.Handle("POST /webhooks", s.route(createWebhook, func() {}, func() {})) // locks for itself, never during the handshake
	return m
}

type (
	reading func(path string, h handler)
	writing func(pattern string, h handler)
)

func peopleRoutes(read reading) {
	read("/workspaces", listWorkspaces)
	read("/workspaces/{workspace}", getWorkspace)
	read("/workspaces/{workspace}/users", listUsers)
	read("/workspaces/{workspace}/teams", listTeams)
	read("/workspaces/{workspace}/tasks/search", searchTasks)
	read("/users", listUsers)
	read("/users/{user}", getUser)
	read("/users/{user}/teams", listTeamsOfUser)
	read("/teams/{team}", getTeam)
	read("/teams/{team}/users", listUsers)
}

func projectRoutes(read reading, write writing) {
	read("/projects", listProjects)
	read("/workspaces/{workspace}/projects", listProjects)
	read("/teams/{team}/projects", listProjects)
	read("/projects/{project}", getProject)
	read("/projects/{project}/task_counts", countTasks)
	write("POST /projects", createProject)
	write("POST /workspaces/{workspace}/projects", createProject)
	write("POST /teams/{team}/projects", createProject)
	write("PUT /projects/{project}", updateProject)
	write("DELETE /projects/{project}", deleteProject)
	read("/projects/{project}/sections", listSections)
	write("POST /projects/{project}/sections", createSection)
	write("POST /projects/{project}/sections/insert", insertSection)
	read("/sections/{section}", getSection)
	write("PUT /sections/{section}", updateSection)
	write("DELETE /sections/{section}", deleteSection)
	write("POST /sections/{section}/addTask", addTaskToSection)
}

func taskRoutes(read reading, write writing) {
	read("/tasks", listTasks)
	read("/projects/{project}/tasks", listTasks)
	read("/sections/{section}/tasks", listTasks)
	read("/tags/{tag}/tasks", listTasks)
	write("POST /tasks", createTask)
	read("/tasks/{task}", getTask)
	write("PUT /tasks/{task}", updateTask)
	write("DELETE /tasks/{task}", deleteTask)
	read("/tasks/{task}/subtasks", listSubtasks)
	write("POST /tasks/{task}/subtasks", createTask)
	write("POST /tasks/{task}/setParent", setParent)
	read("/tasks/{task}/projects", listTaskProjects)
	write("POST /tasks/{task}/addProject", addProject)
	write("POST /tasks/{task}/removeProject", removeProject)
	read("/tasks/{task}/stories", listStories)
	write("POST /tasks/{task}/stories", createStory)
	read("/stories/{story}", getStory)
	write("PUT /stories/{story}", updateStory)
	write("DELETE /stories/{story}", deleteStory)
}

func fieldRoutes(read reading, write writing) {
	read("/workspaces/{workspace}/custom_fields", listFields)
	write("POST /custom_fields", createField)
	read("/custom_fields/{field}", getField)
	write("PUT /custom_fields/{field}", updateField)
	write("DELETE /custom_fields/{field}", deleteField)
	write("POST /custom_fields/{field}/enum_options", createOption)
	write("POST /custom_fields/{field}/enum_options/insert", insertOption)
	write("PUT /enum_options/{option}", updateOption)
	read("/projects/{project}/custom_field_settings", listSettings)
	write("POST /projects/{project}/addCustomFieldSetting", addSetting)
	write("POST /projects/{project}/removeCustomFieldSetting", removeSetting)
}

func tagRoutes(read reading, write writing) {
	read("/tags", listTags)
	read("/workspaces/{workspace}/tags", listTags)
	write("POST /tags", createTag)
	write("POST /workspaces/{workspace}/tags", createTag)
	read("/tags/{tag}", getTag)
	write("PUT /tags/{tag}", updateTag)
	write("DELETE /tags/{tag}", deleteTag)
	read("/tasks/{task}/tags", listTaskTags)
	write("POST /tasks/{task}/addTag", addTag)
	write("POST /tasks/{task}/removeTag", removeTag)
}

// route makes a handler of the mux: it reads the envelope before the lock is taken and encodes after it is given back.
func (s *Server) route(h handler, lock, unlock func()) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := w.(*sink)
		e, err := readEnvelope(out.body)
		if err != nil {
			out.err = err
			return
		}
		c := &call{
			renderer: &renderer{st: s.st, who: out.who},
			srv:      s, path: out.path, query: out.query, part: r.PathValue,
			in: newInput(e.Data), want: selectionOf(out.query, e),
		}
		lock()
		defer unlock()
		out.reply, out.err = h(c)
	})
}
