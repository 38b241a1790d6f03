package router

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

const digestRules = `
version: 1
rules:
  - name: card
    for: person
    project: '"Customers"'
    title: person.name.full
    digest: day + ":" + join(map(interactions, .subject), ",")
`

// mail is an e-mail as a record has it.
type mail struct {
	To  string    `json:"to"` // contacts, separated by commas
	At  time.Time `json:"at"`
	Way string    `json:"way"`
}

// mapMail maps an e-mail to or from a contact; its id is its subject.
func mapMail(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	var m mail
	if err := json.Unmarshal(rec.Data, &m); err != nil {
		return canonical.Profile{}, mapping.Outcome{}, err
	}
	p := canonical.Profile{Kind: canonical.Interaction}
	for _, f := range [][2]string{{"contacts", `["crm/contacts/` + strings.ReplaceAll(m.To, ",", `","crm/contacts/`) + `"]`}, {"direction", `"` + m.Way + `"`}, {"kind", `"email"`},
		{"occurred_at", `"` + m.At.UTC().Format(canonical.TimeLayout) + `"`}, {"subject", `"` + rec.Ref.ID + `"`}} {
		p.Fields = append(p.Fields, canonical.Field{Name: f[0], Value: json.RawMessage(f[1])})
	}
	return p, mapping.Outcome{}, nil
}

// postman is a stepper with a clock of its own, in which e-mails arrive.
type postman struct {
	*stepper
	at    time.Time
	begun time.Time
	mails map[string]mail
}

// newPostman shows the contacts in the order of their first appearance.
func newPostman(t *testing.T, rt *rapid.T, contacts ...string) *postman {
	return newPostmanWith(t, rt, digestRules, contacts...)
}

func newPostmanWith(t *testing.T, rt *rapid.T, rules string, contacts ...string) *postman {
	p := &postman{at: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), mails: map[string]mail{}}
	p.stepper = newStepperWith(t, rt, rules, func() time.Time { return p.at })
	for _, id := range append(contacts, "1", "2", "3") {
		if p.says[id] == "" {
			p.set(id, string(rune('a'+id[0]-'1'))+"@one.example")
			p.settled()
			p.at = p.at.Add(time.Minute)
		}
	}
	p.begun = p.at
	return p
}

// arrive stores an e-mail of a contact that happened so long ago.
func (p *postman) arrive(to string, ago time.Duration) string { return p.write(to, ago, "inbound") }

func (p *postman) write(to string, ago time.Duration, way string) string {
	id, at := fmt.Sprint(100+len(p.mails)), p.at.Add(-ago)
	if at.Before(p.begun.Add(time.Second)) {
		at = p.begun.Add(time.Second)
	}
	p.mails[id] = mail{to, at, way}
	p.tell("  mail %s to %s of %v", id, to, at)
	data, _ := json.Marshal(p.mails[id])
	rec := connectors.Record{Ref: connectors.Ref{Connection: "crm", Object: "mails", ID: id}, Version: at, Seen: at, Data: data}
	_, err := p.ledger.Apply(context.Background(), ledger.Batch{Connection: "crm", Stream: "mails", Kind: ledger.Fetch, Records: []connectors.Record{rec}})
	p.ok(err)
	return id
}

// pass lets time pass, or come back, and does the background work.
func (p *postman) pass(d time.Duration) {
	p.at = p.at.Add(d)
	p.tell("  it is %v", p.at)
	p.upkeep()
}

func (p *postman) upkeep() { p.ok(p.d.r.Upkeep(context.Background())) }

// settled delivers until nothing is left to do.
func (p *postman) settled() {
	for range 50 {
		p.deliver()
		p.upkeep()
		totals, err := p.ledger.Totals(context.Background())
		p.ok(err)
		if totals.Dirty["tool"] == 0 {
			return
		}
	}
	p.t.Fatalf("50 rounds do not deliver everything:\n%s", p.story)
}

// told returns the digests that name each e-mail, and wants no object to tell one twice or two days as one.
func (p *postman) told() map[string][]string {
	told := map[string][]string{}
	for link, texts := range p.tool.texts {
		days, here := map[string]bool{}, map[string]bool{}
		for _, text := range texts {
			day, list, _ := strings.Cut(text, ":")
			if days[day] {
				p.t.Errorf("%s has two comments for %s: %q\n%s", link, day, texts, p.story)
			}
			days[day] = true
			for id := range strings.SplitSeq(list, ",") {
				if here[id] {
					p.t.Errorf("%s tells of %s twice: %q\n%s", link, id, texts, p.story)
				}
				here[id] = true
				told[id] = append(told[id], string(link)+" "+day)
			}
		}
	}
	return told
}

// TestDigestsBetweenAnySteps takes delivery apart and interleaves its stages with e-mails that arrive early and late, with lost
// answers, deaths of the process and clocks that are set. Each e-mail is told exactly once, on its customer's object, and no
// object has two comments for a day (invariant 4).
func TestDigestsBetweenAnySteps(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newPostman(t, rt)
		defer func() { _ = p.close() }()
		contact := rapid.SampledFrom([]string{"1", "2", "3"})
		steps := map[string]func(){"pick": p.pick, "announce": p.announce, "call": p.call, "settle": p.settle, "crash": p.crash, "deliver": p.deliver,
			"mail": func() {
				p.arrive(contact.Draw(rt, "to"), time.Duration(rapid.IntRange(0, 40).Draw(rt, "hours ago"))*time.Hour)
			},
			"time": func() {
				if p.at.Sub(p.begun) < 100*time.Hour {
					p.pass(time.Duration(rapid.IntRange(-5, 20).Draw(rt, "hours")) * time.Hour)
				}
			}}
		weighted := []string{"mail", "mail", "mail", "time", "time", "pick", "pick", "announce", "announce", "call", "call", "call", "settle", "settle", "settle", "deliver", "crash"}
		for range rapid.IntRange(10, 60).Draw(rt, "steps") {
			name := rapid.SampledFrom(weighted).Draw(rt, "step")
			p.tell("%s", name)
			steps[name]()
			p.owners()
		}
		p.start()
		for range 4 {
			p.pass(24 * time.Hour)
			p.settled()
		}
		told := p.told()
		for id, m := range p.mails {
			if len(told[id]) != 1 {
				p.t.Fatalf("the mail %s of %v is told by %q, want once; %q\n%s", id, m.At, told[id], p.tool.texts, p.story)
			}
		}
	})
}

// Whatever the order in which e-mails arrive during a day, and whatever is delivered in between, its comment is the same.
func TestDigestDoesNotDependOnArrival(t *testing.T) {
	hours, want := []int{1, 2, 3, 5, 8, 9}, ""
	for range 10 {
		rand.Shuffle(len(hours), func(i, j int) { hours[i], hours[j] = hours[j], hours[i] })
		p := newPostman(t, nil)
		p.pass(12 * time.Hour)
		for i, n := range hours {
			p.mails = map[string]mail{} // the id tells the hour, not the arrival
			for range n {
				p.mails[fmt.Sprint("x", len(p.mails))] = mail{}
			}
			p.arrive("1", time.Duration(n)*time.Hour)
			if i == len(hours)/2 {
				p.settled()
			}
		}
		p.settled()
		p.pass(5 * time.Hour)
		p.settled()
		got := fmt.Sprint(p.tool.texts, p.tool.said)
		p.ok(p.close())
		if want == "" {
			want = got
		} else if got != want {
			t.Fatalf("arrived in the order %v: %s, want %s", hours, got, want)
		}
	}
	if !strings.Contains(want, "2026-11-22:109,108,105,103,102,101") {
		t.Errorf("told %s", want)
	}
}

// Nothing is told twice when customers become one or two again: the object that stays goes on from what both have told.
func TestDigestFollowsAMerge(t *testing.T) {
	for name, first := range map[string]string{"the one that stays is older": "1", "the one that goes is older": "2"} {
		t.Run(name, func(t *testing.T) {
			p := newPostman(t, nil, first)
			defer func() { p.ok(p.close()) }()
			object := map[string]string{first: "t1", map[string]string{"1": "2", "2": "1"}[first]: "t2"}
			day := func() {
				p.settled()
				p.pass(24 * time.Hour)
				p.settled()
			}
			want := map[string]string{p.arrive("1", 0): object["1"] + " 2026-11-22", p.arrive("2", 0): object["2"] + " 2026-11-22"}
			day()
			want[p.arrive("2", 0)] = "t1 2026-11-23"
			p.set("2", "a@one.example")
			day()
			p.set("2", "b@one.example")
			p.settled()
			p.pass(time.Hour)
			// The customer that has the older object keeps it: whoever got it last.
			want[p.arrive("2", 0)] = "t2 2026-11-24"
			day()
			told := p.told()
			for id, as := range want {
				if fmt.Sprint(told[id]) != "["+as+"]" {
					t.Errorf("%s is told by %q, want %s: %q", id, told[id], as, p.tool.texts)
				}
			}
		})
	}
}

// What happened before a card was there is not told, however much of it a first pass brings, and what is too late is not
// either.
func TestFirstPassTellsNothing(t *testing.T) {
	p := newPostman(t, nil)
	defer func() { p.ok(p.close()) }()
	for i := range 20 {
		p.begun = time.Time{}
		p.arrive("1", time.Duration(i*9)*24*time.Hour+time.Hour)
	}
	p.settled()
	for range 3 {
		p.pass(24 * time.Hour)
		p.settled()
	}
	if len(p.tool.texts) != 0 {
		t.Errorf("told %q, want nothing", p.tool.texts)
	}
	late := p.arrive("1", 60*time.Hour)
	p.settled()
	p.pass(24 * time.Hour)
	p.settled()
	if got := p.told()[late]; len(got) != 1 {
		t.Errorf("what came two days late is told by %q", got)
	}
	p.pass(20 * 24 * time.Hour)
	tooLate := p.arrive("1", 9*24*time.Hour)
	p.settled()
	for range 2 {
		p.pass(24 * time.Hour)
		p.settled()
	}
	if got := p.told()[tooLate]; len(got) != 0 {
		t.Errorf("what came nine days late is told by %q", got)
	}
}

// Who is erased is not named by what was told of others either: whoever got the same e-mail, now or long ago. What comes later
// is told as ever.
func TestErasureTakesDigestsOfOthersBack(t *testing.T) {
	p := newPostman(t, nil)
	defer func() { p.ok(p.close()) }()
	day := func() {
		p.settled()
		p.pass(24 * time.Hour)
		p.settled()
	}
	p.arrive("1,2", 0)
	day()
	p.arrive("2", 0)
	p.arrive("3", 0)
	day()
	id := ""
	p.ok(p.ledger.Snapshot(context.Background(), func(s *ledger.Snap) error {
		e, err := s.Resolve("crm/contacts/1")
		id = e.ID
		return err
	}))
	if n := len(p.tool.texts["t2"]); n != 2 {
		t.Fatalf("before: %q, want two digests of the one that goes on", p.tool.texts)
	}
	_, err := p.ledger.Erase(context.Background(), id, ledger.EraseOptions{})
	p.ok(err)
	p.settled()
	if len(p.tool.texts["t1"])+len(p.tool.texts["t2"]) != 0 || len(p.tool.texts["t3"]) != 1 {
		t.Errorf("after: %q, want only what was told of who had nothing to do with it; %+v", p.tool.texts, p.tool.items)
	}
	fresh := p.arrive("2", 0)
	day()
	p.set("2", "e@one.example")
	p.settled()
	if got := fmt.Sprint(p.told()[fresh]); got != "[t2 2026-11-24]" {
		t.Errorf("later: %s of %q", got, p.tool.texts)
	}
}

// A plan shows what would be told, and tells nothing.
func TestPlanShowsComments(t *testing.T) {
	p := newPostman(t, nil)
	defer func() { p.ok(p.close()) }()
	id := p.arrive("1", 0)
	p.settled()
	p.pass(24 * time.Hour)
	var got []string
	p.ok(p.d.r.Plan(context.Background(), "tool", func(c Change) error {
		got = append(got, fmt.Sprint(c.Action, c.Comments))
		return nil
	}))
	if want := "[tell[2026-11-22:" + id + "]]"; fmt.Sprint(got) != want || len(p.tool.texts) != 0 {
		t.Errorf("the plan says %s, want %s; told %q", got, want, p.tool.texts)
	}
}

const answerRules = `
version: 1
rules:
  - name: answer
    for: person
    when: person.unanswered != nil
    since: person.unanswered?.since ?? ""
    after: 24h
    within: 14d
    project: '"Next steps"'
    title: '"Answer " + (person.unanswered?.subject ?? "")'
`

// Time alone makes a task of an e-mail that nobody answered, and an answer completes it, whenever the process was restarted.
func TestUnansweredMailIsATaskInTime(t *testing.T) {
	p := newPostmanWith(t, nil, answerRules)
	defer func() { p.ok(p.close()) }()
	shown := func() string {
		var list []string
		for _, item := range p.tool.items {
			list = append(list, fmt.Sprint(item.Title, " ", item.Completed))
		}
		slices.Sort(list)
		return strings.Join(list, ", ")
	}
	check := func(when, want string) {
		t.Helper()
		p.start()
		p.upkeep()
		p.settled()
		if got := shown(); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	id := p.arrive("1", 0)
	check("at once", "")
	p.at = p.at.Add(23 * time.Hour)
	check("after 23 hours", "")
	p.at = p.at.Add(time.Hour + time.Second)
	check("after a day", "Answer "+id+" false")
	p.write("1", 0, "outbound")
	check("answered", "Answer "+id+" true")
	late := p.arrive("2", 0)
	p.at = p.at.Add(13 * 24 * time.Hour)
	check("in the second week", "Answer "+id+" true, Answer "+late+" false")
	p.at = p.at.Add(2 * 24 * time.Hour)
	check("in the third week", "Answer "+id+" true, Answer "+late+" true")
	for i := range 30 {
		p.begun = time.Time{}
		p.arrive("3", time.Duration(20+i)*24*time.Hour)
	}
	check("a first pass over an old mailbox", "Answer "+id+" true, Answer "+late+" true")
}
