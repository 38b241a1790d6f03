package crashtest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox/world"
)

// shown is what a task must say of a record by the built-in rules.
type shown struct {
	Title, Project, Section, Amount string
	Completed                       bool
}

// expected derives from HubSpot's newest state what must be shown, by object/id of the record.
func expected(h *hubspottest.Server) map[string]shown {
	all := map[string]shown{}
	for _, o := range h.Objects("deals") {
		p := o.Properties
		all["deals/"+o.ID] = shown{Title: titled(customer(h, o), p["dealname"]), Project: "Deals – " + pipelineNames[p["pipeline"]],
			Section: dealStages[p["pipeline"]][p["dealstage"]], Amount: number(p["amount"]), Completed: p["hs_is_closed"] == "true"}
	}
	for _, o := range h.Objects("tickets") {
		p := o.Properties
		all["tickets/"+o.ID] = shown{Title: titled(customer(h, o), p["subject"]), Project: "Support – Support Pipeline",
			Section: ticketStages[p["hs_pipeline_stage"]], Completed: p["hs_pipeline_stage"] == "4"}
	}
	for _, o := range h.Objects("companies") {
		all["companies/"+o.ID] = shown{Title: o.Properties["name"], Project: "Customers", Section: lifecycle(o)}
	}
	for _, o := range h.Objects("contacts") {
		if len(h.Linked("contacts", o.ID, "companies")) == 0 {
			all["contacts/"+o.ID] = shown{Title: person(o), Project: "Customers", Section: lifecycle(o)}
		}
	}
	return all
}

// titled is a title with the customer in front, unless that is how it begins.
func titled(customer, name string) string {
	if rest, begins := strings.CutPrefix(name, customer); begins && !regexp.MustCompile(`^[\pL\pM\p{Nd}]`).MatchString(rest) {
		return name
	}
	return customer + " – " + name
}

// customer returns whom a deal or a ticket is of: its primary company, else its first contact, if they still exist.
func customer(h *hubspottest.Server, o hubspottest.Object) string {
	if id := company(h.Linked(o.Type, o.ID, "companies"), primary[o.Type]); id != "" {
		if c, ok := h.Object("companies", id); ok && c.Archived.IsZero() {
			return c.Properties["name"]
		}
	}
	contacts := h.Linked(o.Type, o.ID, "contacts")
	for _, id := range slices.Sorted(maps.Keys(contacts)) {
		if c, ok := h.Object("contacts", id); ok && c.Archived.IsZero() {
			return person(c)
		}
	}
	return "No customer"
}

// company returns the primary one of the associated companies, the oldest when none is.
func company(linked map[string][]int, primaryType int) string {
	ids := slices.Sorted(maps.Keys(linked))
	for _, id := range ids {
		if slices.Contains(linked[id], primaryType) {
			return id
		}
	}
	if len(ids) > 0 {
		return ids[0]
	}
	return ""
}

func person(o hubspottest.Object) string {
	return strings.TrimSpace(o.Properties["firstname"] + " " + o.Properties["lastname"])
}

func lifecycle(o hubspottest.Object) string {
	stage := o.Properties["lifecyclestage"]
	if stage == "" {
		return "No stage"
	}
	return strings.ToUpper(stage[:1]) + stage[1:]
}

// ladder is how far a customer can have come. What HubSpot says is only one witness: a deal that was won, also one that
// was opened again since, shows more, and which of its states the program lived to see is chance.
var ladder = []string{"No stage", "Subscriber", "Lead", "Opportunity", "Customer", "Repeat customer"}

// atLeast reports whether a section is that of a customer who has come as far as another, or farther.
func atLeast(section, other string) bool {
	return slices.Contains(ladder, section) && slices.Index(ladder, section) >= slices.Index(ladder, other)
}

// number writes a number in one way, however the vendor shows it.
func number(text string) string {
	f, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// differences lists in sentences what the project tool shows otherwise than it must, nothing when all is well.
func differences(w *world.World) []string {
	want, tasks := expected(w.HubSpot), map[string][]asanatest.Task{}
	ours, list := startTasks(w.HubSpot, slices.DeleteFunc(w.Asana.Tasks(), world.Retired))
	for _, task := range ours {
		record, live := "", false
		for _, ref := range sources(task.Notes) {
			if _, wanted := want[ref]; wanted || !live {
				record, live = ref, wanted
			}
		}
		switch {
		case record == "":
			list = append(list, fmt.Sprintf("task %s %q names no record", task.GID, task.Name))
		case live:
			tasks[record] = append(tasks[record], task)
		case !task.Completed:
			list = append(list, fmt.Sprintf("task %s %q shows %s, which nobody wants to see, and is open", task.GID, task.Name, record))
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(want)) {
		list = append(list, compare(ref, want[ref], tasks[ref])...)
	}
	for _, by := range []string{"external", "Hub ID"} {
		for _, group := range w.Asana.Duplicates(by) {
			list = append(list, fmt.Sprintf("DUPLICATE: %d tasks carry the same key: %s", len(group), names(group)))
		}
	}
	return list
}

func compare(ref string, want shown, tasks []asanatest.Task) []string {
	switch len(tasks) {
	case 0:
		return []string{fmt.Sprintf("MISSING: no task shows %s", ref)}
	case 1:
	default:
		return []string{fmt.Sprintf("DUPLICATE: %s is shown by %s", ref, names(tasks))}
	}
	task := tasks[0]
	got := shown{Title: task.Name, Amount: number(task.Fields["Amount"]), Completed: task.Completed}
	if len(task.Places) == 1 {
		got.Project, got.Section = task.Places[0].Project, task.Places[0].Section
	} else {
		got.Project = fmt.Sprint(task.Places)
	}
	if want.Project == "Customers" && atLeast(got.Section, want.Section) {
		got.Section = want.Section
	}
	if got != want {
		return []string{fmt.Sprintf("STALE: task %s shows of %s\n\t got %+v\n\twant %+v", task.GID, ref, got, want)}
	}
	return nil
}

func names(tasks []asanatest.Task) string {
	var list []string
	for _, t := range tasks {
		list = append(list, fmt.Sprintf("%s %q (completed %t)", t.GID, t.Name, t.Completed))
	}
	return strings.Join(list, ", ")
}

// sources returns object/id of the records that a task's description names.
func sources(notes string) []string {
	var refs []string
	for line := range strings.Lines(notes) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "Source: "); ok {
			ref, _, _ := strings.Cut(rest, " ")
			if _, ref, ok := strings.Cut(ref, "/"); ok {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}
