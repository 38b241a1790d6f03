package router

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
)

// TestMergesBetweenAnySteps takes the stages of delivery apart and interleaves them with merges, separations, lost
// answers and deaths of the process in any order. At no moment may an object belong to two items, or a call touch an
// object that the ledger gives to another item; in the end every customer is shown by one open object under its key.
func TestMergesBetweenAnySteps(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newStepper(t, rt)
		defer func() { _ = s.close() }()
		steps := map[string]func(){"say": s.say, "pick": s.pick, "announce": s.announce, "call": s.call, "settle": s.settle, "crash": s.crash, "deliver": s.deliver}
		weighted := []string{"say", "say", "say", "pick", "pick", "announce", "announce", "call", "call", "call", "settle", "settle", "settle", "deliver", "crash"}
		for range rapid.IntRange(10, 60).Draw(rt, "steps") {
			name := rapid.SampledFrom(weighted).Draw(rt, "step")
			s.tell("%s", name)
			steps[name]()
			s.owners()
		}
		s.finish()
	})
}

// A call that was planned before a merge would change, or close, what shows somebody else by now.
func TestPlanMadeBeforeAMergeIsDropped(t *testing.T) {
	s := newStepper(t, nil)
	defer func() { s.ok(s.close()) }()
	s.set("2", "a@one.example")
	s.deliver()
	s.set("2", "b@one.example")
	s.plan(3)
	s.set("1", "b@one.example") // takes the object over
	for len(s.planned) > 0 {
		s.announce()
	}
	if len(s.calls) != 0 {
		t.Errorf("%d calls of an old plan were announced, want none", len(s.calls))
	}
	s.finish()
}

// While the object of another still carries the key of a separated customer's item, a look for that key would find it.
func TestSeparatedCustomerWaitsForItsKey(t *testing.T) {
	s := newStepper(t, nil)
	defer func() { s.ok(s.close()) }()
	s.set("2", "a@one.example")
	s.deliver()
	s.set("1", "a@one.example") // takes the object over, which carries the key of 2 until it is written
	s.set("2", "b@one.example")
	s.plan(3)
	for _, jobs := range s.planned {
		for _, j := range jobs {
			if len(j.wants) > 0 && j.wants[0].Link == "" {
				t.Errorf("an object is about to be made under the key %s, which another carries", j.wants[0].Item.Key)
			}
		}
	}
	s.finish()
}

// stepper is a router whose stages are called one by one.
type stepper struct {
	t      failer
	rt     *rapid.T // nil when nothing is drawn
	close  func() error
	ledger *ledger.Ledger
	rules  *work.Rules
	d      *deliverer
	tool   *tool

	now     func() time.Time // nil = the real clock
	clock   int
	says    map[string]string // address of each contact
	planned [][]*job
	calls   []unit
	done    []*job
	story   []string
}

// failer is a test or a property's check.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

func newStepper(t *testing.T, rt *rapid.T) *stepper {
	return newStepperWith(t, rt, "version: 1\nrules:\n  - {name: card, for: person, project: '\"Customers\"', title: person.name.full}\n", nil)
}

// newStepperWith is newStepper with other rules, and a clock when there is one.
func newStepperWith(t *testing.T, rt *rapid.T, rules string, now func() time.Time) *stepper {
	engine, err := boltkv.Open(filepath.Join(t.TempDir(), "ledger.db"), boltkv.Options{Buckets: ledger.Buckets()})
	if err != nil {
		t.Fatal(err)
	}
	s := &stepper{t: t, rt: rt, close: engine.Close, says: map[string]string{}, tool: newTool(), now: now}
	if rt != nil {
		s.t = rt
	}
	s.rules, err = work.Load(mapping.File{Name: "test.yaml", Data: []byte(rules)})
	s.ok(err)
	s.ledger, err = ledger.Open(engine, ledger.Options{Targets: []string{"tool"}, Reach: s.rules.Watches, Mapper: byAddress{}, Now: now, Key: bytes.Repeat([]byte("k"), 32)})
	s.ok(err)
	s.start()
	return s
}

func (s *stepper) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.story)
	}
}

func (s *stepper) tell(format string, args ...any) {
	s.story = append(s.story, fmt.Sprintf(format, args...)+"\n")
}

// start makes a new process: nothing of the old one is left but the ledger and the tool.
func (s *stepper) start() {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	r, err := New(Options{Ledger: s.ledger, Bus: bus.InProcess(log), Rules: s.rules, Log: log, Attempts: 1000, Late: time.Nanosecond, Force: true, Now: s.now,
		Targets: []TargetConn{{Name: "tool", Target: s.tool, Finder: s.tool, Locator: s.tool, InFlight: 5}}})
	s.ok(err)
	s.d, s.planned, s.calls, s.done = r.targets["tool"], nil, nil, nil
	s.tool.owner = s.owner
}

// byAddress maps contacts of one address to one person.
type byAddress struct{}

func (byAddress) Version() string { return "1" }
func (byAddress) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	if rec.Ref.Object == "mails" {
		return mapMail(rec)
	}
	name, _ := json.Marshal("N " + string(rec.Data[1]))
	emails := fmt.Appendf(nil, `[{"address":%s}]`, rec.Data)
	return canonical.Profile{Kind: canonical.Person, Fields: []canonical.Field{{Name: "emails", Value: emails}, {Name: "name.full", Value: name}}},
		mapping.Outcome{}, nil
}

// say gives a contact an address, which merges or separates customers.
func (s *stepper) say() {
	id := rapid.SampledFrom([]string{"1", "2", "3"}).Draw(s.rt, "contact")
	address := rapid.SampledFrom([]string{"a@one.example", "b@one.example", "c@one.example"}).Draw(s.rt, "address")
	s.set(id, address)
}

func (s *stepper) set(id, address string) {
	s.clock++
	s.says[id] = address
	s.tell("  %s is %s", id, address)
	data, _ := json.Marshal(address)
	at := time.Unix(int64(1_700_000_000+s.clock), 0)
	rec := connectors.Record{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: id}, Version: at, Seen: at, Data: data}
	_, err := s.ledger.Apply(context.Background(), ledger.Batch{Connection: "crm", Stream: "contacts", Kind: ledger.Fetch, Records: []connectors.Record{rec}})
	s.ok(err)
}

// pick plans some entities.
func (s *stepper) pick() { s.plan(rapid.IntRange(1, 3).Draw(s.rt, "entities")) }

func (s *stepper) plan(most int) {
	ctx := context.Background()
	_, err := s.ledger.Hasten(ctx, "tool")
	s.ok(err)
	marks, err := s.ledger.Dirty(ctx, "tool", "", 100)
	s.ok(err)
	for _, m := range marks.Due {
		s.d.queue.add(m.Entity, found)
	}
	ids := s.d.queue.take(found, most)
	jobs, err := s.d.planAll(ctx, ids, found)
	s.ok(err)
	for _, j := range jobs {
		s.ok(s.d.hold(ctx, j))
		j.left = len(j.wants) + len(j.shut) + len(j.seek)
		s.tell("  %s: %d wanted, %d closed, %d sought", j.settle.Entity, len(j.wants), len(j.shut), len(j.seek))
	}
	if len(jobs) > 0 {
		s.planned = append(s.planned, jobs)
	}
}

// announce makes the intents of a plan durable and its calls ready.
func (s *stepper) announce() {
	jobs, ok := draw(s, "plan", &s.planned)
	if !ok {
		return
	}
	jobs, err := s.d.announce(context.Background(), jobs)
	s.ok(err)
	for _, j := range jobs {
		s.tell("  %s", j.settle.Entity)
		if j.left == 0 {
			s.done = append(s.done, j)
		}
		for _, w := range j.wants {
			s.calls = append(s.calls, unit{jobs: []*job{j}, wants: []connectors.Want{w}})
		}
		for i := range j.shut {
			s.calls = append(s.calls, unit{jobs: []*job{j}, shut: &j.shut[i], how: j.how[i], redact: j.erased})
		}
		for i := range j.seek {
			s.calls = append(s.calls, unit{jobs: []*job{j}, seek: &j.seek[i]})
		}
	}
}

// draw takes one of the waiting.
func draw[T any](s *stepper, what string, list *[]T) (one T, ok bool) {
	if len(*list) == 0 {
		return one, false
	}
	i := 0
	if s.rt != nil {
		i = rapid.IntRange(0, len(*list)-1).Draw(s.rt, what)
	}
	one = (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return one, true
}

// call makes a call; its answer may be lost.
func (s *stepper) call() {
	u, ok := draw(s, "call", &s.calls)
	if !ok {
		return
	}
	s.tool.lose = s.rt != nil && rapid.IntRange(0, 4).Draw(s.rt, "lose") == 0
	s.closes(u)
	u.results = s.d.call(context.Background(), u)
	s.tool.lose = false
	s.check()
	s.tell("  of %s: %v", u.jobs[0].settle.Entity, u.results)
	s.done = s.d.finish(s.done, u)
}

// closes reports a closing of somebody else's object.
func (s *stepper) closes(u unit) {
	if u.shut != nil && u.shut.Link != "" {
		s.tool.touch(u.shut.Link, u.shut.Key)
	}
}

// settle writes the outcome of a job to the ledger.
func (s *stepper) settle() {
	if j, ok := draw(s, "job", &s.done); ok {
		s.tell("  %s", j.settle.Entity)
		s.d.settle(context.Background(), []*job{j})
	}
}

// crash ends the process; calls that were begun may still take effect.
func (s *stepper) crash() {
	for _, u := range s.calls {
		if rapid.IntRange(0, 2).Draw(s.rt, "lands") == 0 {
			s.closes(u)
			s.d.call(context.Background(), u)
			s.check()
		}
	}
	s.start()
}

// deliver takes every stage to its end.
func (s *stepper) deliver() {
	s.plan(3)
	for len(s.planned) > 0 {
		s.announce()
	}
	for len(s.calls) > 0 {
		s.call()
	}
	for len(s.done) > 0 {
		s.settle()
	}
}

// finish delivers everything in order and looks at the result.
func (s *stepper) finish() {
	s.start()
	for range 50 {
		s.deliver()
		s.owners()
		totals, err := s.ledger.Totals(context.Background())
		s.ok(err)
		if totals.Dirty["tool"] == 0 {
			s.verdict()
			return
		}
	}
	s.t.Fatalf("50 rounds do not deliver everything:\n%s", s.story)
}

// verdict wants one open object for each address, under a key that no other has.
func (s *stepper) verdict() {
	want, got, keys := map[string]int{}, map[string]int{}, map[string]int{}
	for _, address := range s.says {
		want["N "+address[:1]] = 1
	}
	for link, item := range s.tool.items {
		if !item.Completed {
			got[item.Title]++
			if key := s.owner(link); key != item.Key {
				s.t.Errorf("the open object %s carries the key %s, the ledger gives it to %q", link, item.Key, key)
			}
		}
		if keys[item.Key]++; keys[item.Key] > 1 && item.Key != "" {
			s.t.Fatalf("two objects carry the key %s; %+v\n%s", item.Key, s.tool.items, s.story)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Fatalf("open: %v, want %v; %+v\n%s", got, want, s.tool.items, s.story)
	}
}

// owner returns the item that the ledger gives an object to, "" for none.
func (s *stepper) owner(link connectors.Link) string {
	key := ""
	s.ok(s.ledger.EachLink(context.Background(), "tool", func(_ string, k ledger.Link) error {
		if k.Link == link {
			key = k.Key
		}
		return nil
	}))
	return key
}

// owners wants each object to belong to one item.
func (s *stepper) owners() {
	owners := map[connectors.Link]string{}
	s.ok(s.ledger.EachLink(context.Background(), "tool", func(_ string, k ledger.Link) error {
		if other := owners[k.Link]; other != "" {
			s.t.Fatalf("%s belongs to %s and to %s\n%s", k.Link, other, k.Key, s.story)
		}
		owners[k.Link] = k.Key
		return nil
	}))
}

// check reports a call that touched somebody else's object.
func (s *stepper) check() {
	if s.tool.wrong != "" {
		s.t.Fatalf("%s\n%s", s.tool.wrong, s.story)
	}
}
