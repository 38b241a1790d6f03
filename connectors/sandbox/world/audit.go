package world

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// sourceLine begins the line of a task's description that names the vendor's record it shows, as the built-in rules
// write it.
const sourceLine = "Source: "

// hubIDField is the custom field by which a task is found again with a personal token.
const hubIDField = "Hub ID"

// Audit asks the vendors, not the ledger, what is missing and what is there twice: every deal, ticket, company and
// contact without a company must be the source of exactly one task.
func (w *World) Audit() (missing, duplicates int) {
	shown := map[string]int{} // object/id -> tasks
	for _, task := range w.Asana.Tasks() {
		if Started(task) || Retired(task) {
			continue
		}
		for _, ref := range sources(task.Notes) {
			shown[ref]++
		}
	}
	for _, want := range w.expected() {
		switch n := shown[want]; {
		case n == 0:
			missing++
		case n > 1:
			duplicates += n - 1
		}
	}
	for _, by := range []string{"external", hubIDField} {
		for _, group := range w.Asana.Duplicates(by) {
			duplicates += len(group) - 1
		}
	}
	return missing, duplicates
}

// startedProject begins the names of the projects that the built-in rules start once and then leave to people.
const startedProject = "Onboarding – "

// Started reports whether a task was started once for a record: it is none of those that show what the record is now, and
// may outlive it.
func Started(task asanatest.Task) bool {
	return slices.ContainsFunc(task.Places, func(p asanatest.Place) bool { return strings.HasPrefix(p.Project, startedProject) })
}

// Retired reports whether a task was a second one for a record and counts no longer: it is completed, has no key and says
// which task goes on. The vendor had made it after everybody stopped waiting for it.
func Retired(task asanatest.Task) bool {
	return task.Completed && task.Fields[hubIDField] == "" && slices.ContainsFunc(task.Comments, func(c string) bool {
		return strings.HasPrefix(c, "This task shows the same as ")
	})
}

// sources returns object/id of the records a description names; the connection's name does not matter here.
func sources(notes string) []string {
	var refs []string
	for line := range strings.Lines(notes) {
		if ref, ok := strings.CutPrefix(strings.TrimSpace(line), sourceLine); ok {
			ref, _, _ = strings.Cut(ref, " ") // the page's address follows
			if _, rest, ok := strings.Cut(ref, "/"); ok {
				refs = append(refs, strings.TrimSpace(rest))
			}
		}
	}
	return refs
}

// expected returns object/id of every vendor's record that must have a task.
func (w *World) expected() []string {
	var list []string
	add := func(object, id string) { list = append(list, object+"/"+id) }
	if w.HubSpot != nil {
		for _, object := range []string{"companies", "deals", "tickets"} {
			for _, o := range w.HubSpot.Objects(object) {
				add(object, o.ID)
			}
		}
		for _, o := range w.HubSpot.Objects("contacts") {
			if len(w.HubSpot.Linked("contacts", o.ID, "companies")) == 0 {
				add("contacts", o.ID)
			}
		}
	}
	if w.Salesforce != nil {
		for _, object := range []string{"Account", "Opportunity", "Case"} {
			for _, o := range w.Salesforce.Rows(object) {
				add(object, o.ID)
			}
		}
		for _, o := range w.Salesforce.Rows("Contact") {
			if o.Fields["AccountId"] == nil {
				add("Contact", o.ID)
			}
		}
	}
	if w.Zendesk != nil {
		for _, object := range []string{"organizations", "tickets"} {
			for _, o := range w.Zendesk.Rows(object) {
				add(object, o.ID)
			}
		}
		for _, o := range w.Zendesk.Rows("users") {
			if o.Fields["role"] == "end-user" && o.Fields["organization_id"] == nil {
				add("users", o.ID)
			}
		}
	}
	return list
}

// Calls returns how many requests each vendor has answered.
func (w *World) Calls() map[string]int64 {
	calls := map[string]int64{}
	for name, log := range w.Log {
		calls[name] = int64(log.Totals().Requests)
	}
	return calls
}
