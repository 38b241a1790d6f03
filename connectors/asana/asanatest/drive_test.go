package asanatest_test

// driveEverything uses every route once or more, in an order that leaves something to use.
func driveEverything(w *world) {
	driveReading(w)
	driveProjects(w)
	driveFields(w)
	driveTasks(w)
	driveTags(w)
	driveWebhooks(w)
	driveRefusals(w)
}

func driveReading(w *world) {
	ws := w.srv.Workspace()
	team := w.get("/workspaces/" + ws + "/teams?limit=10").list("gid")[0]
	for _, path := range []string{"/users/me", "/users/lin@acme.example", "/users?workspace=" + ws + "&limit=2", "/workspaces?limit=100", "/workspaces/" + ws,
		"/workspaces?opt_fields=name,is_organization,email_domains", "/workspaces/" + ws + "/users", "/teams/" + team,
		"/teams/" + team + "/users", "/users/me/teams?organization=" + ws + "&limit=100"} {
		w.ok(200, "GET", path, "")
	}
	w.ok(201, "POST", "/teams/"+team+"/projects", `{"data":{"name":"Of the team"}}`)
	w.ok(200, "GET", "/teams/"+team+"/projects?limit=10", "")
}

func driveProjects(w *world) {
	ws := w.srv.Workspace()
	team := w.get("/workspaces/" + ws + "/teams?limit=10").list("gid")[0]
	p := w.ok(201, "POST", "/projects", `{"data":{"name":"P","workspace":"`+ws+`","team":"`+team+`","notes":"n","due_on":"2026-12-01","privacy_setting":"private"}}`)["gid"].(string)
	w.ok(201, "POST", "/workspaces/"+ws+"/projects", `{"data":{"name":"Q","team":"`+team+`"}}`)
	w.ok(200, "PUT", "/projects/"+p, `{"data":{"notes":"changed","archived":false}}`)
	s := w.ok(201, "POST", "/projects/"+p+"/sections", `{"data":{"name":"S"}}`)["gid"].(string)
	first := w.get("/projects/" + p + "/sections?limit=10").list("gid")[0]
	w.ok(200, "POST", "/projects/"+p+"/sections/insert", `{"data":{"section":"`+s+`","before_section":"`+first+`"}}`)
	w.ok(200, "PUT", "/sections/"+s, `{"data":{"name":"T"}}`)
	for _, path := range []string{"/projects/" + p, "/projects?workspace=" + ws + "&limit=1", "/workspaces/" + ws + "/projects?limit=10&archived=false",
		"/projects/" + p + "/task_counts?opt_fields=num_tasks,num_completed_tasks", "/sections/" + s,
		"/projects/" + p + "?opt_fields=name,owner,team,custom_field_settings"} {
		w.ok(200, "GET", path, "")
	}
	w.ok(200, "DELETE", "/sections/"+s, "")
	w.ok(200, "DELETE", "/projects/"+p, "")
}

func driveFields(w *world) {
	ws := w.srv.Workspace()
	text := w.field("Hub ID", "text", "")["gid"].(string)
	for _, kind := range []string{"number", "date", "people"} {
		w.field("F "+kind, kind, "")
	}
	enum := w.field("Stage", "enum", `,"enum_options":[{"name":"Won"},{"name":"Lost"}]`)
	w.field("Many", "multi_enum", `,"enum_options":[{"name":"A"}]`)
	id, options := enum["gid"].(string), enum["enum_options"].([]any)
	a, b := options[0].(map[string]any)["gid"].(string), options[1].(map[string]any)["gid"].(string)
	w.ok(201, "POST", "/custom_fields/"+id+"/enum_options", `{"data":{"name":"Open","color":"blue","insert_before":"`+a+`"}}`)
	w.ok(200, "POST", "/custom_fields/"+id+"/enum_options/insert", `{"data":{"enum_option":"`+b+`","before_enum_option":"`+a+`"}}`)
	w.ok(200, "PUT", "/enum_options/"+b, `{"data":{"name":"Closed"}}`)
	w.ok(200, "PUT", "/custom_fields/"+text, `{"data":{"workspace":"`+ws+`","description":"what the hub calls it"}}`)
	w.ok(200, "GET", "/custom_fields/"+id, "")
	w.ok(200, "GET", "/workspaces/"+ws+"/custom_fields?limit=2", "")
	w.ok(200, "GET", "/projects/"+w.project+"/custom_field_settings?limit=2", "")
	spare := w.field("Spare", "text", "")["gid"].(string)
	w.ok(200, "POST", "/projects/"+w.project+"/removeCustomFieldSetting", `{"data":{"custom_field":"`+spare+`"}}`)
	w.ok(200, "DELETE", "/custom_fields/"+spare, "")
}

func driveTasks(w *world) {
	ws := w.srv.Workspace()
	fields := map[string]string{}
	names, gids := w.get("/workspaces/"+ws+"/custom_fields").list("name"), w.get("/workspaces/"+ws+"/custom_fields").list("gid")
	for i, n := range names {
		fields[n] = gids[i]
	}
	id := w.ok(201, "POST", "/tasks", `{"data":{"name":"T","html_notes":"<body><strong>b</strong></body>","assignee":"me","due_on":"2026-12-31",
		"memberships":[{"project":"`+w.project+`","section":"`+w.sections[1]+`"}],
		"custom_fields":{"`+fields["Hub ID"]+`":"c-1","`+fields["F number"]+`":3,"`+fields["F date"]+`":{"date":"2026-01-02"}}}}`)["gid"].(string)
	w.ok(200, "PUT", "/tasks/"+id, `{"data":{"completed":true,"notes":"n","assignee":null,"due_at":"2026-12-31T10:00:00Z"}}`)
	w.ok(201, "POST", "/tasks/"+id+"/subtasks", `{"data":{"name":"child"}}`)
	other := w.add("other")
	w.ok(200, "POST", "/tasks/"+other+"/setParent", `{"data":{"parent":"`+id+`"}}`)
	second, _ := w.human.AddProject("Second")
	w.ok(200, "POST", "/tasks/"+id+"/addProject", `{"data":{"project":"`+second+`"}}`)
	w.ok(200, "POST", "/sections/"+w.sections[0]+"/addTask", `{"data":{"task":"`+id+`"}}`)
	story := w.ok(201, "POST", "/tasks/"+id+"/stories", `{"data":{"text":"hello"}}`)["gid"].(string)
	w.ok(200, "PUT", "/stories/"+story, `{"data":{"text":"hello again"}}`)
	all := "/tasks?project=" + w.project + "&limit=1"
	for _, path := range []string{"/tasks/" + id, all, all + "&opt_fields=name,modified_at,custom_fields,custom_fields.display_value,memberships.section,memberships.section.name,assignee.name",
		all + "&modified_since=2026-01-01T00:00:00.000Z", "/tasks?assignee=me&workspace=" + ws + "&limit=5", "/tasks?section=" + w.sections[0] + "&limit=5",
		"/projects/" + w.project + "/tasks?limit=5", "/sections/" + w.sections[0] + "/tasks?limit=5", "/tasks/" + id + "/subtasks?limit=5",
		"/tasks/" + id + "/projects?limit=5", "/tasks/" + id + "/stories?limit=5", "/stories/" + story} {
		w.ok(200, "GET", path, "")
	}
	w.ok(200, "POST", "/batch", `{"data":{"actions":[{"method":"get","relative_path":"/tasks/`+id+`","options":{"fields":["name"]}},{"method":"get","relative_path":"/tasks/1"}]}}`)
	w.ok(200, "DELETE", "/stories/"+story, "")
	w.ok(200, "POST", "/tasks/"+id+"/removeProject", `{"data":{"project":"`+second+`"}}`)
	w.asApp("hub")
	w.ok(201, "POST", "/tasks", `{"data":{"name":"X","projects":["`+w.project+`"],"external":{"gid":"k","data":"d"}}}`)
	w.ok(200, "GET", "/tasks/external:k", "")
	w.ok(200, "DELETE", "/tasks/external:k", "")
	_, token := w.sync(w.project, "")
	w.ok(200, "DELETE", "/tasks/"+id, "")
	w.ok(200, "GET", "/events?resource="+w.project+"&sync="+token, "")
}

func driveTags(w *world) {
	ws, id := w.srv.Workspace(), w.add("tagged")
	tag := w.ok(201, "POST", "/tags", `{"data":{"name":"vip","workspace":"`+ws+`"}}`)["gid"].(string)
	w.ok(201, "POST", "/workspaces/"+ws+"/tags", `{"data":{"name":"vip","color":"dark-pink"}}`)
	w.ok(200, "PUT", "/tags/"+tag, `{"data":{"notes":"important"}}`)
	w.ok(200, "POST", "/tasks/"+id+"/addTag", `{"data":{"tag":"`+tag+`"}}`)
	for _, path := range []string{"/tags?workspace=" + ws + "&limit=1", "/workspaces/" + ws + "/tags?limit=5", "/tags/" + tag, "/tags/" + tag + "/tasks?limit=5",
		"/tasks/" + id + "/tags?limit=5"} {
		w.ok(200, "GET", path, "")
	}
	w.ok(200, "POST", "/tasks/"+id+"/removeTag", `{"data":{"tag":"`+tag+`"}}`)
	w.ok(200, "DELETE", "/tags/"+tag, "")
}

func driveWebhooks(w *world) {
	v := newReceiver(w.t)
	ws := w.srv.Workspace()
	body := func(resource string) string {
		return `{"data":{"resource":"` + resource + `","target":"` + v.url + `","filters":[{"resource_type":"task","action":"added"}]}}`
	}
	hook := w.ok(201, "POST", "/webhooks", body(w.project))["gid"].(string)
	w.refused(403, "POST", "/webhooks", body(w.project))
	w.refused(404, "POST", "/webhooks", body("1"))
	w.deliver()
	w.ok(200, "GET", "/webhooks/"+hook, "")
	// One that fails has what a healthy one does not: tries, and when Asana deletes it.
	v.setBroken(true)
	w.add("untold")
	w.deliver()
	w.ok(200, "GET", "/webhooks/"+hook, "")
	w.ok(200, "GET", "/webhooks?limit=5&workspace="+ws, "")
	w.ok(200, "GET", "/webhooks?workspace="+ws+"&resource="+w.project+"&opt_fields=active,resource.name,target,filters,last_success_at,last_failure_at,"+
		"last_failure_content,delivery_retry_count,next_attempt_after,failure_deletion_timestamp,created_at", "")
	w.refused(400, "GET", "/webhooks?limit=5", "")
	w.ok(200, "PUT", "/webhooks/"+hook, `{"data":{"filters":[{"resource_type":"task","action":"changed","fields":["name"]}]}}`)
	w.ok(200, "DELETE", "/webhooks/"+hook, "")
	w.refused(404, "PUT", "/webhooks/"+hook, `{"data":{"filters":[]}}`)
	w.refused(404, "DELETE", "/webhooks/"+hook, "")
}

func driveRefusals(w *world) {
	w.refused(404, "GET", "/tasks/1", "")
	w.refused(400, "POST", "/tasks", `{"data":{}}`)
	w.refused(404, "PUT", "/projects/1", `{"data":{}}`)
	w.refused(402, "GET", "/workspaces/"+w.srv.Workspace()+"/tasks/search", "")
	w.token = "wrong"
	w.refused(401, "GET", "/users/me", "")
}
