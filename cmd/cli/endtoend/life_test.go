package endtoend

import (
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// company makes a company with a deal and returns both ids.
func (v *vendors) company(name, domain, deal string) (string, string) {
	v.t.Helper()
	c := v.create("companies", map[string]string{"name": name, "domain": domain})
	d := v.deal(deal, "appointmentscheduled")
	v.ok(v.hubspot.Associate("deals", d, "companies", c, 0))
	return c, d
}

// TestArchiveAndRestore: an archived record's card is closed with a word, and the same card is opened when it is
// restored; polling does not show that, the sweep does.
func TestArchiveAndRestore(t *testing.T) {
	v, h := swept(t)
	id := v.people(30)[7]
	h.settle()
	v.later()
	v.ok(v.hubspot.Archive("contacts", id))
	h.until("the card is closed", func() bool { return v.card("contacts", id).Completed })
	if got := v.card("contacts", id).Comments; len(got) != 1 || !strings.Contains(got[0], "deleted") {
		t.Errorf("the comments are %q, want one that says why it was closed", got)
	}
	v.later()
	v.ok(v.hubspot.Restore("contacts", id))
	h.until("the card is open", func() bool { return !v.card("contacts", id).Completed })
	h.shown()
	h.noProblems()
	v.audit()
}

// TestMergeOfCompanies: HubSpot gives the survivor a new id. One card stays, the other is closed and says where to
// look, and the deals of both follow.
func TestMergeOfCompanies(t *testing.T) {
	v := start(t)
	a, dealA := v.company("Zidar", "zidar.example", "Bridge")
	b, dealB := v.company("Zidar Group", "zidar-group.example", "Mill")
	h := v.open()
	h.settle()
	v.later()
	survivor, err := v.hubspot.Merge("companies", a, b)
	v.ok(err)
	v.later()
	h.settle()
	open := v.in("Customers")
	if len(open) != 1 || !slices.Contains(sourcesOf(open[0]), "hubspot/companies/"+survivor) || open[0].Name != "Zidar" {
		t.Fatalf("the open cards are %+v, want one called Zidar of the record %s", open, survivor)
	}
	for _, task := range v.asana.Tasks() {
		if task.Completed && (len(task.Comments) != 1 || !strings.Contains(task.Comments[0], "merged into Zidar")) {
			t.Errorf("the closed card %s has the comments %q, want one that says: merged into Zidar", task.Name, task.Comments)
		}
	}
	for _, deal := range []string{dealA, dealB} {
		if got := v.card("deals", deal).Name; !strings.HasPrefix(got, "Zidar – ") {
			t.Errorf("deal %s is called %q, want it to begin with Zidar", deal, got)
		}
	}
	if n := len(v.asana.Tasks()); n != 4 {
		t.Errorf("there are %d tasks, want 4: two deals, the survivor and the closed one", n)
	}
	v.later()
	v.ok(v.hubspot.Set("companies", map[string]string{"name": "Zidar United"}, survivor))
	v.later()
	h.settle()
	for _, deal := range []string{dealA, dealB} {
		if got := v.card("deals", deal).Name; !strings.HasPrefix(got, "Zidar United – ") {
			t.Errorf("after the merge deal %s is called %q, want it to follow the survivor's name", deal, got)
		}
	}
	h.noProblems()
}

// TestAssociationSeenBySweep: a new or removed association moves no modification time; the sweep brings it.
func TestAssociationSeenBySweep(t *testing.T) {
	v, h := swept(t)
	company, deal := v.company("Zidar", "zidar.example", "Bridge")
	other := v.create("companies", map[string]string{"name": "Most", "domain": "most.example"})
	h.settle()
	v.later()
	v.ok(v.hubspot.Dissociate("deals", deal, "companies", company))
	h.until("the deal has no company", func() bool { return v.card("deals", deal).Name == "No customer – Bridge" })
	v.later()
	v.ok(v.hubspot.Associate("deals", deal, "companies", other, 0))
	h.until("the deal has the other company", func() bool { return v.card("deals", deal).Name == "Most – Bridge" })
	h.shown()
	h.noProblems()
}

// TestDeactivatedOwner: a deal of somebody who has left keeps its task; whether Asana still knows the address decides
// about the assignee.
func TestDeactivatedOwner(t *testing.T) {
	v := start(t)
	gone := v.hubspot.AddOwner("Lin", "B", "lin@acme.example", true)
	deal := v.deal("Bridge", "appointmentscheduled")
	v.ok(v.hubspot.Set("deals", map[string]string{"hubspot_owner_id": gone}, deal))
	v.backfill()
	if got := v.card("deals", deal).Assignee; got != "lin@acme.example" {
		t.Errorf("the task is assigned to %q, want lin@acme.example", got)
	}
	v.audit()
}

// TestStageRenamed: the section and the option of every deal in the stage follow its new name.
func TestStageRenamed(t *testing.T) {
	v := start(t)
	ids := []string{v.deal("Bridge", "contractsent"), v.deal("Mill", "contractsent"), v.deal("Weir", "appointmentscheduled")}
	h := v.open()
	h.settle()
	before := v.card("deals", ids[0])
	old := before.Places[0].Section
	v.later()
	v.replacing(`"label":"`+old+`"`, `"label":"Signed & sealed"`)
	h.settle()
	for i, want := range []string{"Signed & sealed", "Signed & sealed", v.card("deals", ids[2]).Places[0].Section} {
		task := v.card("deals", ids[i])
		if task.Places[0].Section != want || task.Fields["Stage"] != want || len(task.Places) != 1 {
			t.Errorf("deal %d is in %v with the stage %q, want %s", i, task.Places, task.Fields["Stage"], want)
		}
	}
	h.noProblems()
	v.audit()
}

// TestCompanyRenamed: the titles of its deals follow.
func TestCompanyRenamed(t *testing.T) {
	v := start(t)
	company, deal := v.company("Zidar", "zidar.example", "Bridge")
	v.backfill()
	v.later()
	v.ok(v.hubspot.Set("companies", map[string]string{"name": "Zidar & Sons"}, company))
	v.later()
	v.backfill()
	if got := v.card("deals", deal).Name; got != "Zidar & Sons – Bridge" {
		t.Errorf("the deal is called %q, want Zidar & Sons – Bridge", got)
	}
}

// TestPropertyAddedLater: a property that is added while the hub runs comes with the first change that uses it, and to
// everybody else with the sweep.
func TestPropertyAddedLater(t *testing.T) {
	v, h := swept(t)
	ids := v.people(3)
	h.settle()
	v.later()
	v.hubspot.AddProperty("contacts", "shoe_size", "string", false)
	v.ok(v.hubspot.Set("contacts", map[string]string{"shoe_size": "43"}, ids[1]))
	size := func(id string) gjson.Result {
		return gjson.GetBytes(h.raw("hubspot/contacts/"+id), "properties.shoe_size")
	}
	v.later()
	h.settle()
	if got := size(ids[1]).String(); got != "43" {
		t.Errorf("the raw record has the shoe size %q, want 43", got)
	}
	h.until("the sweep shows the property of everybody", func() bool { return size(ids[0]).Exists() && size(ids[2]).Exists() })
	v.audit()
}
