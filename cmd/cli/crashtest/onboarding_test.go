package crashtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox/world"
)

// tasksOfAStart is how many tasks the built-in template has, and freshFor is surely within its span.
const (
	tasksOfAStart = 6
	freshFor      = 13 * 24 * time.Hour
)

// startTasks takes out of the tasks those that won deals started, and says what is wrong with them: each deal that has just been
// won has all of them, nobody closed any, and those of one deal are in one project. A deal that was won for a while may have
// some: when it is set back, nothing more is started.
func startTasks(h *hubspottest.Server, tasks []asanatest.Task) (rest []asanatest.Task, wrong []string) {
	started := map[string][]asanatest.Task{} // by deal
	for _, task := range tasks {
		if !world.Started(task) {
			rest = append(rest, task)
			continue
		}
		refs := sources(task.Notes)
		if task.Completed && len(refs) == 1 && mergedAway(h, refs[0]) { // it gave its key up
			continue
		}
		if len(refs) != 1 || len(task.Places) != 1 || task.Completed {
			wrong = append(wrong, fmt.Sprintf("START: %s is of %v, or closed", names([]asanatest.Task{task}), refs))
			continue
		}
		started[refs[0]] = append(started[refs[0]], task)
	}
	for _, ref := range slices.Sorted(maps.Keys(started)) {
		keys, projects := map[string]bool{}, map[string]bool{}
		for _, task := range started[ref] {
			keys[cmp.Or(task.External.GID, task.Fields["Hub ID"])] = true
			projects[task.Places[0].Project] = true
		}
		if len(keys) != len(started[ref]) || len(projects) != 1 {
			wrong = append(wrong, fmt.Sprintf("START: the tasks of %s are doubled, or in %d projects: %s", ref, len(projects), names(started[ref])))
		}
	}
	for _, o := range h.Objects("deals") {
		ref := "deals/" + o.ID
		if n := len(started[ref]); n != tasksOfAStart && justWon(o) {
			wrong = append(wrong, fmt.Sprintf("START: %s has just been won and has %d tasks", ref, n))
		}
	}
	return rest, wrong
}

// mergedAway reports whether a deal became part of another one. When both had started, the younger start is completed with
// a pointer to the older.
func mergedAway(h *hubspottest.Server, ref string) bool {
	_, id, _ := strings.Cut(ref, "/")
	o, ok := h.Object("deals", id)
	return ok && o.ID != id
}

// justWon reports whether a deal is won for the first time and says so of a day within the span of the rule. Of one that
// others were merged into nobody can say that: one of them may have been won before, or started what is there already.
func justWon(o hubspottest.Object) bool {
	closed, err := time.Parse(time.RFC3339, o.Properties["closedate"])
	return o.Properties["hs_is_closed_won"] == "true" && o.Properties["hs_merged_object_ids"] == "" && (err != nil || time.Since(closed) < freshFor)
}
