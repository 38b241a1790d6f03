package work

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
)

// stay is what a record said from one day on.
func stay(ref, field, value, from string) Stay {
	at, _ := time.Parse(time.DateOnly, from)
	return Stay{Ref: ref, Field: field, Value: value, From: at}
}

// A deal was won when it was first seen to become so, else when its record says, and never later than it was seen.
func TestWhenADealWasWon(t *testing.T) {
	const a, b = "hs/deals/2", "sf/deals/2"
	r := ruleOf(t, "deal", "", `title: '"won " + deal.won_at'`)
	for name, c := range map[string]struct {
		past []Stay
		want string
	}{
		"nothing known":           {nil, ""},
		"never":                   {[]Stay{stay(a, "status", "open", "2026-11-01"), stay(a, "closed_at", "2026-12-31T00:00:00Z", "2026-11-01")}, ""},
		"seen to be won":          {[]Stay{stay(a, "status", "open", "2026-11-01"), stay(a, "closed_at", "2026-01-31T00:00:00Z", "2026-11-01"), stay(a, "status", "won", "2026-11-05")}, "2026-11-05"},
		"won when it was found":   {[]Stay{stay(a, "closed_at", "2026-01-31T00:00:00Z", "2026-11-05"), stay(a, "status", "won", "2026-11-05")}, "2026-01-31"},
		"closes later, they say":  {[]Stay{stay(a, "closed_at", "2027-01-31T00:00:00Z", "2026-11-05"), stay(a, "status", "won", "2026-11-05")}, "2026-11-05"},
		"set back and won again":  {[]Stay{stay(a, "status", "open", "2026-11-01"), stay(a, "status", "won", "2026-11-05"), stay(a, "status", "open", "2026-11-06"), stay(a, "status", "won", "2026-11-07")}, "2026-11-05"},
		"found, set back, again":  {[]Stay{stay(a, "status", "won", "2026-11-05"), stay(a, "status", "open", "2026-11-06"), stay(a, "status", "won", "2026-11-07")}, "2026-11-05"},
		"the vendor tells":        {[]Stay{stay(a, "stage", "a", "2026-03-01"), stay(a, "stage", "b", "2026-04-01"), stay(a, "status", "won", "2026-11-05")}, "2026-04-01"},
		"of two records":          {[]Stay{stay(a, "status", "open", "2026-11-01"), stay(b, "status", "won", "2026-11-03"), stay(a, "status", "won", "2026-11-05")}, "2026-11-03"},
		"a stage that is not won": {[]Stay{stay(a, "stage", "a", "2026-03-01"), stay(a, "status", "open", "2026-11-05")}, ""},
	} {
		w, _ := sales(t)
		deal := w.put(t, a, canonical.Deal, map[string]any{"name": "D", "pipeline": "hs/deal_pipelines/p"})
		w.past[deal.ID] = c.past
		got := strings.TrimPrefix(titleOf(t, r, w, deal), "won")
		if got = strings.TrimSuffix(strings.TrimSpace(got), "T00:00:00.000Z"); got != c.want {
			t.Errorf("%s: won %q, want %q", name, got, c.want)
		}
	}
}

// A won deal has its template's tasks in their order, and one that was won long ago, or is not won, has none and looks nothing
// up for it.
func TestTemplate(t *testing.T) {
	w, open := sales(t)
	won := w.put(t, "hs/deals/2", canonical.Deal, map[string]any{"name": "Big", "status": "won", "organization": "hs/companies/1", "owner": "hs/owners/9", "contacts": []string{"hs/contacts/1"}})
	w.past[won.ID] = []Stay{stay("hs/deals/2", "status", "open", "2026-11-01"), stay("hs/deals/2", "status", "won", "2026-11-20")}
	r := defaultRules(t, `
rules:
  - name: onboarding
    tasks:
      training: null
      go-live: {section: '"Set-up"'}
      survey: {title: '"Ask " + person.label', assignee: '"eve@me.example"'}
`)
	tasks := func(r *Rules, e *Entity) string {
		items, _, err := r.Items(w, e)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, i := range items[1:] { // after the deal's own
			if !i.Once || i.Project != "Onboarding – Acme – Big" || len(i.Sections) != 3 || i.Completed || !strings.Contains(i.Notes, "Contacts: Ana") {
				t.Errorf("task %+v", i)
			}
			list = append(list, strings.TrimSuffix(i.Key, "/"+e.ID)+" "+i.Section+" "+i.Due+" "+i.Assignee)
		}
		return strings.Join(list, "\n")
	}
	const want = `onboarding.hand-over Hand-over 2026-11-23 ivo@me.example
onboarding.kick-off Hand-over 2026-11-25 ivo@me.example
onboarding.set-up Set-up 2026-11-27 ivo@me.example
onboarding.go-live Set-up 2026-12-11 ivo@me.example
onboarding.review Go-live 2026-12-22 ivo@me.example
onboarding.survey   eve@me.example`
	if got := tasks(r, won); got != want {
		t.Errorf("tasks\n%s\nwant\n%s", got, want)
	}
	w.reads = map[string]int{}
	if got := tasks(r, open); got != "" || w.reads["history"] != 0 {
		t.Errorf("an open deal has the tasks %q, and its history was read %d times", got, w.reads["history"])
	}
	w.now = w.now.AddDate(0, 0, 13)
	if got := tasks(r, won); got != "" {
		t.Errorf("a deal that was won 15 days ago has the tasks %q", got)
	}
	if item, ok, err := r.Remake(w, won, "onboarding.go-live/"+won.ID); err != nil || !ok || item.Title != "Go live – Acme" || !item.Once {
		t.Errorf("made again: %+v, %v, %v", item, ok, err)
	}
	if _, ok, err := r.Remake(w, won, "onboarding.training/"+won.ID); ok || err != nil {
		t.Error("a task that is gone is made again", err)
	}
	if !r.Once("onboarding.survey/x") || r.Once("onboarding.training/x") || r.Once("deals/x") || r.Closing("onboarding.survey/x") != CloseIgnore {
		t.Error("Once and Closing do not follow the template")
	}
}

func TestTemplatesNameEveryProblem(t *testing.T) {
	_, err := Load(mapping.File{Name: "w.yaml", Data: []byte(`rules:
  - name: a
    for: deal
    once: true
    project: '"P"'
    tasks:
      One: {title: '"T"'}
      two: {titel: '"T"'}
      three: x
      four: {title: deal.nme}
  - {name: b, for: deal, project: '"P"', title: deal.name, within: 3d}
  - {name: c, for: deal, project: '"P"', title: deal.name, once: true, since: deal.won_at, within: 3 weeks}
  - {name: d, for: deal, project: '"P"', once: true, since: deal.won_at, within: 3d, complete: "true"}
  - {name: e, for: deal, project: '"P"', tasks: {x: {title: '"T"'}}}
  - {name: unanswered, off: false}
`)})
	if err == nil {
		t.Fatal("broken rules load")
	}
	for _, want := range []string{
		`w.yaml:2:5: the rule a makes its items once, so it has to say since when they are due and for how long`,
		`w.yaml:7:7: a task's name has lower-case letters`,
		`w.yaml:8:13: "titel" is not a key of a task; did you mean "title"?`,
		`w.yaml:8:7: the task two of the rule a has no title`,
		`w.yaml:9:14: the task three must be a map`,
		`w.yaml:10:26: title of the rule a.four: unknown`,
		`w.yaml:11:68: within of the rule b needs the others: since when`,
		`w.yaml:12:100: within of the rule c must be a number of days, 14d`,
		`w.yaml:13:5: the rule d has no title`,
		`w.yaml:13:96: what the rule d makes once is completed by people`,
		`w.yaml:14:49: tasks of the rule e needs once: true`,
		"w.yaml:15:5: the rule unanswered does not say what it is for; use one of deal, organization, person, ticket, or list `default` before this file",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

// What since gives has to be a time; the error names the place and no value.
func TestSinceIsATime(t *testing.T) {
	w, deal := sales(t)
	r := ruleOf(t, "deal", "", "title: deal.name", "once: true", "since: deal.name", "within: 3d")
	if _, _, err := r.Items(w, deal); err == nil || !strings.HasSuffix(err.Error(), "rule r for deal_1: since is no time") {
		t.Errorf("error %v, want one about since", err)
	}
	r = ruleOf(t, "deal", "", "title: deal.name", "once: true", "since: deal.opened_at", "within: 400d")
	if got := titleOf(t, r, w, deal); got != `Big "one"` {
		t.Errorf("since it was opened: %s", got)
	}
}
