package work

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
)

// mailTo puts an e-mail between us and Ana into a world; more overrides its claims, nil takes one away.
func (w *world) mail(t testing.TB, id, direction string, at time.Time, more map[string]any) *Entity {
	t.Helper()
	claims := map[string]any{"kind": "email", "direction": direction, "occurred_at": at.Format(time.RFC3339), "subject": "S" + id, "thread": "T" + id,
		"message_id": id + "@x.example", "contacts": []string{"hs/contacts/1"}}
	for name, value := range more {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return w.put(t, "imap/messages/"+id, canonical.Interaction, claims)
}

func hoursAgo(w *world, n float64) time.Time {
	return w.now.Add(-time.Duration(n * float64(time.Hour)))
}

// The last contact is one that a human had with the customer: not what a machine sent or noted, nor a note of ours, nor what is
// planned, which counts when its time has come.
func TestLastContact(t *testing.T) {
	w, _ := sales(t)
	org, person := w.byRef["hs/companies/1"], w.byRef["hs/contacts/1"]
	r := ruleOf(t, "organization", "", "title: '\"=\" + touch(organization.last_contact)'")
	title := func() (string, time.Time) {
		t.Helper()
		p, err := r.Plan(w, org)
		if err != nil {
			t.Fatal(err)
		}
		return p.Items[0].Title, p.Next
	}
	if got, next := title(); got != "=" || !next.IsZero() {
		t.Errorf("without any: %q, again at %v", got, next)
	}
	w.mail(t, "1", "inbound", hoursAgo(w, 50), map[string]any{"participants": json.RawMessage(`[{"role":"from","address":"ana@acme.example","name":"Ana"},{"role":"to","address":"me@me.example"}]`)})
	for i, more := range []map[string]any{{"automated": true}, {"kind": "email_event", "event": "open"}, {"kind": "note"}, {"kind": "bounce"}, {"direction": "internal"}, {"visibility": "internal"}, {"kind": "page_view"}, {"occurred_at": nil}} {
		w.mail(t, fmt.Sprint(10+i), "inbound", hoursAgo(w, float64(i)), more)
	}
	meeting := w.now.Add(3 * time.Hour)
	w.put(t, "hs/meetings/1", canonical.Interaction, map[string]any{"kind": "meeting", "occurred_at": meeting.Format(time.RFC3339), "subject": "Demo", "organizations": []string{"hs/companies/1"}})
	if got, next := title(); got != "=2026-11-20, e-mail from Ana: S1" || !next.Equal(meeting) {
		t.Errorf("the last contact is %q, again at %v; want the e-mail, and the meeting at %v", got, next, meeting)
	}
	items, _, err := defaultRules(t).Items(w, org)
	if err != nil || !strings.Contains(items[0].Notes, "Last contact: 2026-11-20, e-mail from Ana: S1") ||
		!slices.Contains(items[0].Fields, connectors.Field{Name: "Last contact", Kind: "date", Value: "2026-11-20"}) {
		t.Errorf("the card says %+v, %v", items[0], err)
	}
	w.now = meeting
	if got, next := title(); got != "=2026-11-22, meeting: Demo" || !next.IsZero() {
		t.Errorf("during the meeting: %q, again at %v", got, next)
	}
	r = ruleOf(t, "person", "", "title: person.last_contact?.kind ?? \"none\"")
	if got := titleOf(t, r, w, person); got != "email" {
		t.Errorf("the person's: %q, want the e-mail: the meeting names the organization only", got)
	}
	w.reads = map[string]int{}
	if got := titleOf(t, ruleOf(t, "person", "", "title: person.name.given"), w, person); got != "Ana" || w.reads["recent"] != 0 {
		t.Errorf("a rule that does not show it: %q, looked %d times", got, w.reads["recent"])
	}
}

// Behind thousands of newsletters nobody looks for a call.
func TestLastContactLooksAtSoMany(t *testing.T) {
	w, _ := sales(t)
	person := w.byRef["hs/contacts/1"]
	w.mail(t, "0", "inbound", hoursAgo(w, 9000), nil)
	for i := range recentLooks - 1 {
		w.mail(t, fmt.Sprint(1+i), "outbound", hoursAgo(w, 1+float64(i)), map[string]any{"automated": true})
	}
	r := ruleOf(t, "person", "", "title: '\"=\" + (person.last_contact?.subject ?? \"\")'")
	if got := titleOf(t, r, w, person); got != "=S0" {
		t.Errorf("behind %d: %q, want the call", recentLooks-1, got)
	}
	for i := range 2 {
		w.mail(t, fmt.Sprint("n", i), "outbound", hoursAgo(w, float64(i)/2), map[string]any{"automated": true})
	}
	if got := titleOf(t, r, w, person); got != "=" {
		t.Errorf("behind %d: %q, want none", recentLooks+1, got)
	}
}

// Whether one may write to somebody is on the card.
func TestSubscribed(t *testing.T) {
	consent := func(channel, topic, status string) canonical.Permission {
		return canonical.Permission{Channel: channel, Topic: topic, Status: status}
	}
	for want, list := range map[string][]canonical.Permission{
		"":        {consent("sms", "", "opted_out")},
		"Yes":     {consent("email", "a", "opted_in"), consent("sms", "", "opted_out")},
		"No":      {consent("email", "a", "opted_in"), consent("email", "", "opted_out")},
		"Pending": {consent("email", "b", "pending")},
	} {
		w := newWorld()
		p := w.put(t, "mc/members/1", canonical.Person, map[string]any{"name.full": "Ana", "consents": list})
		items, _, err := defaultRules(t).Items(w, p)
		if err != nil || !slices.Contains(items[0].Fields, connectors.Field{Name: "Subscribed", Kind: "enum", Value: want}) {
			t.Errorf("want %q, got %+v, %v", want, items, err)
		}
	}
	w, _ := sales(t)
	for i, status := range []string{"opted_in", "opted_out", "opted_in"} {
		w.put(t, fmt.Sprint("mc/members/", i), canonical.Person, map[string]any{"name.full": "P", "organization": "hs/companies/1", "consents": []canonical.Permission{consent("email", "", status)}})
	}
	items, _, err := defaultRules(t).Items(w, w.byRef["hs/companies/1"])
	if err != nil || !strings.Contains(items[0].Notes, "Subscribed: 2 of 4 people") {
		t.Errorf("the organization's card says %q, %v", items[0].Notes, err)
	}
}

const askFor = "rules:\n  - {name: unanswered, off: false}\n"

// An e-mail that nobody has answered for a day has a task, until somebody does, or nobody will.
func TestUnansweredMail(t *testing.T) {
	for name, c := range map[string]struct {
		put  func(w *world)
		want string        // title of the task
		next time.Duration // from now; 0 = never
	}{
		"nothing": {func(*world) {}, "", 0},
		"fresh":   {func(w *world) { w.mail(t, "1", "inbound", hoursAgo(w, 23), nil) }, "", time.Hour},
		"a day":   {func(w *world) { w.mail(t, "1", "inbound", hoursAgo(w, 24), nil) }, "S1", 13*24*time.Hour + time.Second},
		"the oldest": {func(w *world) {
			w.mail(t, "1", "inbound", hoursAgo(w, 40), nil)
			w.mail(t, "2", "inbound", hoursAgo(w, 30), nil)
		}, "S1", 14*24*time.Hour - 40*time.Hour + time.Second},
		"answered": {func(w *world) {
			w.mail(t, "1", "inbound", hoursAgo(w, 40), nil)
			w.mail(t, "2", "outbound", hoursAgo(w, 30), map[string]any{"thread": "T1"})
		}, "", 0},
		"elsewhere": {func(w *world) {
			w.mail(t, "1", "inbound", hoursAgo(w, 40), nil)
			w.mail(t, "2", "outbound", hoursAgo(w, 30), nil)
		}, "S1", 14*24*time.Hour - 40*time.Hour + time.Second},
		"before": {func(w *world) {
			w.mail(t, "1", "inbound", hoursAgo(w, 40), nil)
			w.mail(t, "2", "outbound", hoursAgo(w, 50), map[string]any{"thread": "T1"})
		}, "S1", 14*24*time.Hour - 40*time.Hour + time.Second},
		"a machine": {func(w *world) { w.mail(t, "1", "inbound", hoursAgo(w, 40), map[string]any{"automated": true}) }, "", 0},
		"it answered": {func(w *world) {
			w.mail(t, "1", "inbound", hoursAgo(w, 40), nil)
			w.mail(t, "2", "outbound", hoursAgo(w, 30), map[string]any{"thread": "T1", "automated": true})
		}, "S1", 14*24*time.Hour - 40*time.Hour + time.Second},
		"a bounce": {func(w *world) { w.mail(t, "1", "inbound", hoursAgo(w, 40), map[string]any{"kind": "bounce"}) }, "", 0},
		"too old": {func(w *world) {
			w.mail(t, "1", "inbound", hoursAgo(w, 24*14+1), nil)
			w.mail(t, "2", "inbound", hoursAgo(w, 30), nil)
		}, "S2", 14*24*time.Hour - 30*time.Hour + time.Second},
		"a copy": {func(w *world) {
			w.mail(t, "1", "inbound", hoursAgo(w, 40), map[string]any{"participants": json.RawMessage(`[{"role":"from","address":"eve@else.example"},{"role":"cc","address":"ana@acme.example"}]`)})
		}, "", 0},
		"from her": {func(w *world) {
			w.mail(t, "1", "inbound", hoursAgo(w, 40), map[string]any{"participants": json.RawMessage(`[{"role":"from","address":"Ana@ACME.example"}]`)})
		}, "S1", 14*24*time.Hour - 40*time.Hour + time.Second},
		"no thread": {func(w *world) {
			w.mail(t, "1", "inbound", hoursAgo(w, 40), map[string]any{"thread": nil})
			w.mail(t, "2", "outbound", hoursAgo(w, 30), nil)
		}, "", 0},
	} {
		w, _ := sales(t)
		c.put(w)
		p, err := defaultRules(t, askFor).Plan(w, w.byRef["hs/contacts/1"])
		if err != nil {
			t.Fatal(name, err)
		}
		got := ""
		if len(p.Items) > 0 {
			i := p.Items[0]
			got = strings.TrimPrefix(i.Title, "Answer Ana Marić – ")
			if i.Project != "Next steps" || i.Section != "Answer" || i.Assignee != "ivo@me.example" || i.Due != workday(timeText(hoursAgo(w, 40)), 1) && name == "the oldest" {
				t.Errorf("%s: the task is %+v", name, i)
			}
		}
		if wait := p.Next.Sub(w.now); got != c.want || c.next == 0 && !p.Next.IsZero() || c.next > 0 && wait != c.next {
			t.Errorf("%s: task %q, again in %v; want %q, %v", name, got, wait, c.want, c.next)
		}
	}
}

// digestOf plans the digest of Acme's card.
func digestOf(t *testing.T, r *Rules, w *world, told Told, due bool) (*Telling, time.Time) {
	t.Helper()
	d, next, err := r.Digest(w, w.byRef["hs/companies/1"], "organizations/org_1", told, due)
	if err != nil {
		t.Fatal(err)
	}
	return d, next
}

// A day's digest is told when the day has ended, once, without what happened before the card was there; what comes late is
// told with the next one within a week.
func TestDigestOfADay(t *testing.T) {
	w, _ := sales(t) // it is noon
	r := defaultRules(t)
	told := Told{From: hoursAgo(w, 100)}
	midnight := hoursAgo(w, 12)
	if d, next := digestOf(t, r, w, told, true); d != nil || !next.IsZero() {
		t.Errorf("without interactions: %+v, again at %v", d, next)
	}
	w.mail(t, "1", "inbound", hoursAgo(w, 20), nil)
	w.mail(t, "2", "outbound", hoursAgo(w, 19), nil)
	w.mail(t, "3", "inbound", hoursAgo(w, 1), nil)
	w.mail(t, "4", "inbound", hoursAgo(w, 15), map[string]any{"automated": true})
	w.mail(t, "5", "inbound", hoursAgo(w, 101), nil)
	w.put(t, "hs/emails/1", canonical.Interaction, map[string]any{"kind": "email", "direction": "inbound", "occurred_at": hoursAgo(w, 20.1).Format(time.RFC3339), "subject": "S1", "message_id": "1@x.example", "contacts": []string{"hs/contacts/1"}})
	if d, next := digestOf(t, r, w, told, false); d != nil || !next.Equal(midnight.Add(24*time.Hour)) {
		t.Errorf("during a day: %+v, again at %v; want nothing before its end", d, next)
	}
	d, next := digestOf(t, r, w, told, true)
	const want = "Contact on 2026-11-21: 1 e-mail in, 1 e-mail out\n– 2026-11-21, e-mail from Ana Marić: S1\n– 2026-11-21, e-mail to Ana Marić: S2"
	if d == nil || d.Text != want || d.Day != "2026-11-21" || !strings.HasPrefix(d.Key, "digest/2026-11-21/") || len(d.Marks) != 2 || !next.Equal(midnight.Add(24*time.Hour)) {
		t.Fatalf("at its end: %+v, again at %v; want\n%s", d, next, want)
	}
	if again, err := r.Retell(w, w.byRef["hs/companies/1"], "organizations/org_1", *d); err != nil || again.Key != d.Key || again.Text != d.Text {
		t.Errorf("told again: %+v, %v", again, err)
	}
	told = told.With(d.Day, d.Marks)
	w.mail(t, "6", "inbound", hoursAgo(w, 60), nil) // late
	if d, _ := digestOf(t, r, w, told, true); d != nil {
		t.Errorf("a second one on the same day: %+v", d)
	}
	w.now = w.now.Add(24 * time.Hour)
	d, next = digestOf(t, r, w, told, true)
	if d == nil || !strings.Contains(d.Text, "Contact on 2026-11-22: 2 e-mails in\n– 2026-11-20, e-mail from Ana Marić: S6\n– 2026-11-22, e-mail from Ana Marić: S3") || !next.IsZero() {
		t.Errorf("with what came late: %+v, again at %v", d, next)
	}
	told = told.With(d.Day, d.Marks)
	w.now = w.now.Add(24 * time.Hour)
	if d, next := digestOf(t, r, w, told, true); d != nil || !next.IsZero() {
		t.Errorf("nothing is left: %+v, again at %v", d, next)
	}
	w.mail(t, "7", "inbound", w.now.Add(-8*24*time.Hour), nil)
	if d, next := digestOf(t, r, w, Told{}, true); d == nil || strings.Contains(d.Text, "S7") {
		t.Errorf("what is a week late: %+v, again at %v", d, next)
	}
}

// Whatever the order in which what is told is noted, it is the same.
func TestToldIsASet(t *testing.T) {
	var marks []Mark
	for i := range 3 * markMost {
		marks = append(marks, Mark{At: time.Unix(int64(i%77)*3600, 0), Hash: uint64(i / 2)})
	}
	var want string
	for range 5 {
		rand.Shuffle(len(marks), func(i, j int) { marks[i], marks[j] = marks[j], marks[i] })
		told := Told{}.With("2026-01-01", marks)
		if got := fmt.Sprint(told); want == "" {
			want = got
		} else if got != want {
			t.Fatal("the order decides what is told")
		}
		if len(told.Marks) > markMost || told.From.IsZero() {
			t.Errorf("%d marks, nothing before %v; want at most %d", len(told.Marks), told.From, markMost)
		}
	}
}

// A clock that was years ahead must not keep digests back until then.
func TestDigestAfterAWrongClock(t *testing.T) {
	w, _ := sales(t)
	w.mail(t, "1", "inbound", hoursAgo(w, 20), nil)
	if d, _ := digestOf(t, defaultRules(t), w, Told{Day: "2036-01-01"}, true); d == nil {
		t.Error("nothing is told before 2036")
	}
}

// What was told while a clock was years ahead must not make what is told afterwards forgotten, and so told every day; nor
// may an object that was made then stay silent until that time.
func TestNothingIsToldTwiceAfterAWrongClock(t *testing.T) {
	w, _ := sales(t)
	r := defaultRules(t)
	ahead := time.Date(2036, 1, 1, 9, 0, 0, 0, time.UTC)
	told := Told{From: ahead}.With("2036-01-01", []Mark{{At: ahead, Hash: 1}})
	w.mail(t, "1", "inbound", hoursAgo(w, 20), nil)
	d, _ := digestOf(t, r, w, told, true)
	if d == nil {
		t.Fatal("nothing is told on what was made by a wrong clock")
	}
	told = told.With(d.Day, d.Marks)
	for range 3 {
		w.now = w.now.Add(24 * time.Hour)
		if d, _ := digestOf(t, r, w, told, true); d != nil {
			t.Fatalf("told again: %s", d.Text)
		}
	}
}

// A day ends at the hour of the zone, also where clocks are changed.
func TestDaysEnd(t *testing.T) {
	zagreb, _ := time.LoadLocation("Europe/Zagreb")
	for _, d := range []days{{}, {hour: 18, zone: zagreb}, {hour: 2, zone: zagreb}, {zone: zagreb}} {
		for at := time.Date(2026, 3, 27, 0, 30, 0, 0, time.UTC); at.Month() < 4; at = at.Add(30 * time.Minute) {
			day := d.of(at)
			if end, begin := d.end(day), d.end(day.AddDate(0, 0, -1)); !at.Before(end) || at.Before(begin) {
				t.Fatalf("%v is in %v, which is from %v to %v", at, day, begin, end)
			}
		}
	}
	if got := (days{hour: 18, zone: zagreb}).end(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)).UTC(); !got.Equal(time.Date(2026, 11, 30, 17, 0, 0, 0, time.UTC)) {
		t.Errorf("the day ends at %v, want 17:00", got)
	}
}

func TestDigestsNameEveryProblem(t *testing.T) {
	_, err := Load(mapping.File{Name: "w.yaml", Data: []byte(`digest: {hour: 24, zone: Zagreb, at: 3}
rules:
  - {name: a, for: deal, project: '"P"', title: deal.name, digest: day}
  - {name: b, for: person, project: '"P"', title: person.label, digest: person.label}
  - {name: c, for: person, project: '"P"', title: person.label, since: person.unanswered?.since, within: 2d, after: 48h}
`)})
	if err == nil {
		t.Fatal("broken rules load")
	}
	for _, want := range []string{`hour must be from 0 to 23`, `zone must be the name of a time zone`, `"at" is not a key of digest`,
		`the rule a has a digest; only`, `digest of the rule b: unknown name person`, `the rule c makes nothing: after`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q in\n%v", want, err)
		}
	}
}
