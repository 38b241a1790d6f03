package connectortest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

// Task is an object of a project tool as the simulator knows it: the vendor's truth, in the words of connectors.Item.
type Task struct {
	Link      connectors.Link
	Project   string
	Section   string
	Title     string
	Assignee  string // e-mail address, "" for nobody
	Due       string
	Notes     string // all of the description, people's own text included
	Fields    map[string]string
	Completed bool
}

// TargetHarness is a simulated project tool.
type TargetHarness interface {
	Harness
	// Tasks returns the live (not deleted) objects that carry the item's key.
	Tasks(t *testing.T, key string) []Task
	// Projects returns how many projects have the name, and the names of the sections of the first in their order.
	Projects(t *testing.T, name string) (count int, sections []string)
	// User returns the e-mail address of a user that the tool knows.
	User() string
	// HumanEdits changes the object as a person would: text around our notes and something a connector never writes.
	// The function it returns says what of it was lost, nil when all is there.
	HumanEdits(t *testing.T, link connectors.Link) (intact func() error)
	// Remove deletes the object as a person would.
	Remove(t *testing.T, link connectors.Link)
	// Creates matches the requests that create an object, alone or in a batch, and Updates those that change one; they
	// may match other writes too, but no read.
	Creates() sandbox.Match
	Updates() sandbox.Match
}

type targetCheck struct {
	name string
	need connectors.Capability // skipped, with a word, when the connector does not declare it
	run  func(t *testing.T, h TargetHarness)
}

// Target runs the checks of connectors.Target and, where the connector declares them, Batcher and Lister. newHarness
// makes a fresh, empty account.
func Target(t *testing.T, newHarness func(t *testing.T) TargetHarness) {
	var all []targetCheck
	for _, part := range [][]targetCheck{targetBasics, targetCrashes, targetPeople, targetKeys, targetErasures, targetComments, targetErrors, targetBatches} {
		all = append(all, part...)
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t)
			if c.need != "" && !has(h, c.need) {
				t.Skipf("%s does not declare %q", h.Connector().Spec.Name, c.need)
			}
			c.run(t, h)
		})
	}
}

// item returns an item with every part filled.
func item(h TargetHarness, n int) connectors.Item {
	return connectors.Item{
		Key: fmt.Sprintf("deals/deal_%04d", n), Project: "Deals – Conformance", Section: "Qualified",
		Sections: []string{"New", "Qualified", "Won"}, Title: fmt.Sprintf("Order %04d", n), Assignee: h.User(),
		Due: "2026-12-24", Notes: fmt.Sprintf("Customer: Example %04d\nSource: under-test", n),
		Fields: []connectors.Field{
			{Name: "Amount", Kind: connectors.NumberField, Value: "12500.5"},
			{Name: "Customer", Kind: connectors.TextField, Value: "Example"},
			{Name: "Stage", Kind: connectors.EnumField, Value: "Qualified"},
		},
	}
}

// items returns n different items.
func items(h TargetHarness, n int) []connectors.Item {
	list := make([]connectors.Item, n)
	for i := range list {
		list[i] = item(h, i)
	}
	return list
}

func openTarget(t *testing.T, h TargetHarness) connectors.Target {
	t.Helper()
	target, ok := Open(t, h).(connectors.Target)
	if !ok {
		t.Fatalf("%s opens no connectors.Target", h.Connector().Spec.Name)
	}
	return target
}

// upsert writes an item and fails the test when that fails.
func upsert(t *testing.T, target connectors.Target, want connectors.Want) connectors.Link {
	t.Helper()
	link, err := target.Upsert(context.Background(), want)
	if err != nil {
		t.Fatalf("upsert %s: %v", want.Item.Key, err)
	}
	if link == "" {
		t.Fatalf("upsert %s: got no link and no error", want.Item.Key)
	}
	return link
}

// one returns the only object that carries the key.
func one(t *testing.T, h TargetHarness, key string) Task {
	t.Helper()
	tasks := h.Tasks(t, key)
	if len(tasks) != 1 {
		t.Fatalf("got %d objects with the key %s, want 1", len(tasks), key)
	}
	return tasks[0]
}

// writes counts the requests that were no reads.
func writes(h Harness) int {
	n := 0
	for _, c := range h.Log().Counts() {
		if c.Method != "GET" && c.Method != "HEAD" && c.Method != "OPTIONS" {
			n += c.Requests
		}
	}
	return n
}

// inDoubt is the want that follows a call whose outcome is unknown.
func inDoubt(h TargetHarness, it connectors.Item, before time.Time) connectors.Want {
	return connectors.Want{Item: it, InDoubt: true, Since: before}
}
