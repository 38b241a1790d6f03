package endtoend

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// human is the person who works in Asana.
func (v *vendors) human() asanatest.Human {
	v.t.Helper()
	h, err := v.asana.Human("ada@acme.example")
	v.ok(err)
	return h
}

// deal makes a deal in the default pipeline.
func (v *vendors) deal(name, stage string) string {
	v.t.Helper()
	return v.create("deals", map[string]string{"dealname": name, "pipeline": "default", "dealstage": stage, "amount": "1200"})
}

const salesProject = "Deals – Sales Pipeline"

// TestFieldDeletedByAPerson: a custom field that somebody deletes while the hub runs is made again and attached again,
// and the tasks show the right values in it.
func TestFieldDeletedByAPerson(t *testing.T) {
	v := start(t)
	ids := []string{v.deal("Bridge", "appointmentscheduled"), v.deal("Mill", "contractsent")}
	h := v.open()
	h.settle()
	v.ok(v.human().DeleteField("Amount"))
	v.later()
	for i, id := range ids {
		v.ok(v.hubspot.Set("deals", map[string]string{"amount": fmt.Sprint(5000 + i)}, id))
	}
	v.later()
	h.settle()
	for i, id := range ids {
		if got, want := v.card("deals", id).Fields["Amount"], fmt.Sprint(5000+i); !strings.HasPrefix(got, want) {
			t.Errorf("deal %d shows the amount %q, want %s", i, got, want)
		}
	}
	h.noProblems()
	v.audit()
}

// TestKeyFieldDeletedByAPerson: even the field by which tasks are found may be deleted. What is known is not made again,
// and what changes carries its key again.
func TestKeyFieldDeletedByAPerson(t *testing.T) {
	v := start(t)
	ids := v.people(12)
	h := v.open()
	h.settle()
	v.ok(v.human().DeleteField("Hub ID"))
	v.later()
	v.person("New")
	v.ok(v.hubspot.Set("contacts", map[string]string{"city": "Split"}, ids...))
	v.later()
	h.settle()
	h.noProblems()
	v.audit()
}

// TestProjectDeletedByAPerson: the project is made again and all its tasks are shown again, once.
func TestProjectDeletedByAPerson(t *testing.T) {
	v := start(t)
	ids := []string{v.deal("Bridge", "appointmentscheduled"), v.deal("Mill", "contractsent"), v.deal("Weir", "contractsent")}
	v.people(5)
	h := v.open()
	h.settle()
	v.ok(v.human().DeleteProject(v.card("deals", ids[0]).Places[0].ProjectGID))
	v.later()
	v.ok(v.hubspot.Set("deals", map[string]string{"amount": "99"}, ids...))
	v.later()
	h.settle()
	if got := len(v.in(salesProject)); got != 3 {
		t.Errorf("%d tasks are in the new project, want 3", got)
	}
	h.noProblems()
	v.audit()
}

// TestUnknownAssignee: an owner who is not in Asana, or has no address, means nobody, which is no error.
func TestUnknownAssignee(t *testing.T) {
	v := start(t)
	owners := []string{v.hubspot.AddOwner("Ada", "L", "ada@acme.example", false), v.hubspot.AddOwner("Mia", "K", "mia@elsewhere.example", false),
		v.hubspot.AddOwner("No", "Mail", "", false)}
	want := []string{"ada@acme.example", "", ""}
	ids := []string{}
	for i, o := range owners {
		id := v.deal(fmt.Sprint("Deal ", i), "appointmentscheduled")
		v.ok(v.hubspot.Set("deals", map[string]string{"hubspot_owner_id": o}, id))
		ids = append(ids, id)
	}
	if s := v.backfill(); s.Items.Dead != 0 {
		t.Errorf("got %d dead items, want none", s.Items.Dead)
	}
	for i, id := range ids {
		if got := v.card("deals", id).Assignee; got != want[i] {
			t.Errorf("deal %d is assigned to %q, want %q", i, got, want[i])
		}
	}
	v.audit()
}

// TestOddText: stages and names as people write them become sections, options and titles, and are found again.
func TestOddText(t *testing.T) {
	odd := []string{`He said "yes", & <b>no</b>`, "  two  spaces ", "emoji 🦦 和谈判 مفاوضة", strings.Repeat("long ", 60), "a,b;c|d\\e/f", "Won?", "won?"}
	v := start(t)
	p := hubspotPipeline(odd)
	v.hubspot.AddPipeline("deals", p)
	var ids []string
	for i := range odd {
		ids = append(ids, v.create("deals", map[string]string{"dealname": odd[i], "pipeline": p.ID, "dealstage": p.Stages[i].ID}))
	}
	if s := v.backfill(); s.Items.Dead+s.Records.Dead != 0 {
		t.Errorf("got %+v, want no dead letters", s)
	}
	for i, id := range ids {
		task := v.card("deals", id)
		want := strings.Join(strings.Fields(odd[i]), " ")
		if got := task.Fields["Stage"]; !alike(got, want) {
			t.Errorf("stage %q is shown as %q", want, got)
		}
		if got := task.Places[0].Section; !alike(got, want) {
			t.Errorf("stage %q is in the section %q", want, got)
		}
		if !strings.Contains(task.Name, want[:min(len(want), 40)]) {
			t.Errorf("deal %q is called %q", want, task.Name)
		}
	}
	if s := v.backfill(); s.Items.Created+s.Items.Updated != 0 {
		t.Errorf("a second run wrote %+v, want nothing", s.Items)
	}
	v.audit()
}

// alike compares names as Asana keeps them: in bounded length, options without regard to case.
func alike(got, want string) bool {
	n := min(len(got), len(want), 90)
	return n > 0 && strings.EqualFold(got[:n], want[:n])
}

// TestTenThousandAssociations: a deal with ten thousand contacts, and the contacts themselves, all arrive.
func TestTenThousandAssociations(t *testing.T) {
	const many = 10_000
	v := start(t)
	v.rules = []string{v.write("rules.yaml", "version: 1\nrules:\n  - name: deals\n    for: deal\n    project: '\"Sales\"'\n    title: deal.label\n    notes: lines(links(sources))\n")}
	deal := v.deal("Everybody", "appointmentscheduled")
	for i := range many {
		id := v.create("contacts", map[string]string{"lastname": fmt.Sprint("N", i)})
		v.ok(v.hubspot.Associate("deals", deal, "contacts", id, 0))
	}
	if s := v.backfill(); s.Records.Dead != 0 || s.Items.Created != 1 {
		t.Errorf("got %+v, want one item and no dead letter", s)
	}
	h := v.open()
	if got := len(slices.Compact(h.linked("hubspot/deals/"+deal, "contacts"))); got != many {
		t.Errorf("the record has %d contacts, want %d", got, many)
	}
	v.card("deals", deal)
}
