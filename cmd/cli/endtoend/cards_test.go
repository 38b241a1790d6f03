package endtoend

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// sourcesOf returns the records (connection/object/id, ascending) that a task says it shows.
func sourcesOf(task asanatest.Task) []string {
	var refs []string
	for line := range strings.Lines(task.Notes) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "Source: ")
		if !ok {
			continue
		}
		ref, _, _ := strings.Cut(strings.TrimSpace(rest), " ") // the page's address follows
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	return refs
}

// cards returns the tasks that show a record of the connection hubspot, open or not.
func (v *vendors) cards(object, id string) []asanatest.Task {
	var list []asanatest.Task
	for _, task := range v.asana.Tasks() {
		if slices.Contains(sourcesOf(task), "hubspot/"+object+"/"+id) {
			list = append(list, task)
		}
	}
	return list
}

// card returns the only task that shows a record.
func (v *vendors) card(object, id string) asanatest.Task {
	v.t.Helper()
	list := v.cards(object, id)
	if len(list) != 1 {
		v.t.Fatalf("%s/%s has %d tasks, want 1", object, id, len(list))
	}
	return list[0]
}

// in returns the open tasks of a project.
func (v *vendors) in(project string) []asanatest.Task {
	var list []asanatest.Task
	for _, task := range v.asana.Tasks() {
		if !task.Completed && slices.ContainsFunc(task.Places, func(p asanatest.Place) bool { return p.Project == project }) {
			list = append(list, task)
		}
	}
	return list
}
