package router_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router"
)

// historyRules show a deal under its organization's name with the tickets of that, and an organization with its deals: a
// change of either reaches the other. A deal that is won starts something.
const historyRules = `
version: 1
rules:
  - name: deals
    for: deal
    project: '"Deals of " + (organization?.label ?? "nobody")'
    title: (organization?.label ?? "nobody") + " – " + deal.label
    notes: 'join(sort(map(open_tickets, .label)), ", ")'
  - name: start
    for: deal
    when: deal.status == "won"
    once: true
    since: deal.won_at
    within: 9999d
    close: ignore
    project: '"Start of " + (organization?.label ?? "nobody")'
    notes: links(sources)
    tasks: {one: {title: deal.label}, two: {title: deal.label}}
  - name: organizations
    for: organization
    when: organization.name != "hidden"
    project: '"Customers"'
    title: organization.label
    notes: 'join(sort(map(deals, .label)), ", ")'
`

var historyStreams = []string{"orgs", "deals", "tickets"}

// history is a vendor that delivers versions in an order of its own, in pages of any size.
type history struct {
	arrivals map[string][]connectors.Record // by stream
	size     int
}

func (h *history) Streams(context.Context) ([]connectors.Stream, error) {
	var list []connectors.Stream
	for _, name := range historyStreams {
		list = append(list, connectors.Stream{Name: name, Object: name, Every: time.Hour})
	}
	return list, nil
}

func (h *history) Read(_ context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
	at, _ := strconv.Atoi(string(after))
	all := h.arrivals[stream]
	end := min(at+h.size, len(all))
	return connectors.Page{Records: all[at:end], Next: connectors.Cursor(strconv.Itoa(end)), More: end < len(all)}, nil
}

// say is what one version of a record says.
type say struct {
	Name   string `json:"name"`
	Org    string `json:"org,omitempty"`
	Status string `json:"status,omitempty"`
}

type historyMapper struct{}

func (historyMapper) Version() string { return "1" }
func (historyMapper) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	var v say
	if err := json.Unmarshal(rec.Data, &v); err != nil {
		return canonical.Profile{}, mapping.Outcome{}, err
	}
	name, _ := json.Marshal(v.Name)
	p := canonical.Profile{Kind: kindOf("crm", rec.Ref.Object), Fields: []canonical.Field{{Name: "name", Value: name}}}
	if p.Kind == canonical.Ticket {
		p.Fields = nil
	}
	if v.Org != "" {
		ref, _ := json.Marshal("crm/orgs/" + v.Org)
		p.Fields = append(p.Fields, canonical.Field{Name: "organization", Value: ref})
	}
	if v.Status != "" {
		status, _ := json.Marshal(v.Status)
		p.Fields = append(p.Fields, canonical.Field{Name: "status", Value: status})
	}
	if p.Kind == canonical.Ticket {
		p.Fields = append(p.Fields, canonical.Field{Name: "subject", Value: name})
	}
	return p, mapping.Outcome{}, nil
}

func kindOf(_, object string) canonical.Kind {
	switch object {
	case "orgs":
		return canonical.Organization
	case "tickets":
		return canonical.Ticket
	}
	return canonical.Deal
}

// truth is what the vendor holds at the end of a history.
type truth struct {
	says   map[string]say // live records by object/id
	merged map[string]string
	won    map[string]bool // deals that were won in any version
}

// drawHistory makes up to forty changes of a few records and returns every version and the end of it.
func drawHistory(t *rapid.T) (map[string][]connectors.Record, truth) {
	end := truth{says: map[string]say{}, merged: map[string]string{}, won: map[string]bool{}}
	versions, clock := map[string][]connectors.Record{}, time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for i := range rapid.IntRange(1, 40).Draw(t, "changes") {
		clock = clock.Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "ms")) * time.Millisecond)
		object := rapid.SampledFrom(historyStreams).Draw(t, "object")
		id := strconv.Itoa(rapid.IntRange(1, 4).Draw(t, "id"))
		if end.merged[id] != "" && object == "orgs" {
			continue // what was merged away does not come back
		}
		rec := connectors.Record{Ref: connectors.Ref{Connection: "crm", Object: object, ID: id}, Version: clock, Seen: clock}
		end.change(t, &rec, i)
		versions[object] = append(versions[object], rec)
	}
	return versions, end
}

// change decides what happens to the record.
func (e *truth) change(t *rapid.T, rec *connectors.Record, i int) {
	id, name := rec.Ref.ID, rec.Ref.Object+"/"+rec.Ref.ID
	into := strconv.Itoa(rapid.IntRange(1, 4).Draw(t, "into"))
	switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
	case what == 0:
		rec.Deleted.Kind = rapid.SampledFrom([]connectors.DeletionKind{connectors.Hard, connectors.Archived, connectors.Soft}).Draw(t, "how")
		delete(e.says, name)
	case what == 1 && rec.Ref.Object == "orgs" && into != id && e.live("orgs/"+id) && e.live("orgs/"+into):
		rec.Deleted = connectors.Deletion{Kind: connectors.Merged, Into: connectors.Ref{Connection: "crm", Object: "orgs", ID: into}}
		e.merged[id] = into
		delete(e.says, name)
	default:
		v := say{Name: rapid.SampledFrom([]string{"A", "B", "C", "hidden"}).Draw(t, "name")}
		if rec.Ref.Object != "orgs" {
			v = say{Name: fmt.Sprintf("%s %d", rec.Ref.Object, i), Org: rapid.SampledFrom([]string{"", "1", "2", "3", "4"}).Draw(t, "org")}
			v.Status = rapid.SampledFrom(map[string][]string{"deals": {"open", "open", "won"}, "tickets": {"open", "solved"}}[rec.Ref.Object]).Draw(t, "status")
			e.won[id] = e.won[id] || v.Status == "won"
		}
		rec.Data, _ = json.Marshal(v)
		e.says[name] = v
	}
}

func (e *truth) live(name string) bool {
	_, live := e.says[name]
	return live
}

// survivor returns the record that an organization has become.
func (e *truth) survivor(org string) string {
	for e.merged[org] != "" {
		org = e.merged[org]
	}
	return org
}

// shown is what the project tool must show open of the truth, sorted.
func (e *truth) shown() []string {
	var list []string
	deals, tickets := map[string][]string{}, map[string][]string{}
	for name, v := range e.says {
		if strings.HasPrefix(name, "tickets/") && v.Status == "open" && v.Org != "" {
			tickets[e.survivor(v.Org)] = append(tickets[e.survivor(v.Org)], v.Name)
		}
	}
	for name, v := range e.says {
		if !strings.HasPrefix(name, "deals/") {
			continue
		}
		org, asked := "nobody", ""
		if s, live := e.says["orgs/"+e.survivor(v.Org)]; live && v.Org != "" {
			org = s.Name
			deals[e.survivor(v.Org)] = append(deals[e.survivor(v.Org)], v.Name)
			if v.Status != "won" {
				asked = strings.Join(slices.Sorted(slices.Values(tickets[e.survivor(v.Org)])), ", ")
			}
		}
		list = append(list, "Deals of "+org+": "+org+" – "+v.Name+": "+asked)
	}
	for name, v := range e.says {
		if id, ok := strings.CutPrefix(name, "orgs/"); ok && v.Name != "hidden" {
			slices.Sort(deals[id])
			list = append(list, "Customers: "+v.Name+": "+strings.Join(deals[id], ", "))
		}
	}
	slices.Sort(list)
	return list
}

// started checks what was started of the deals, by the number of tasks: all that are won, and none that never were. Of one that
// was won for a while it depends on when somebody looked.
func (e *truth) started(tasks map[string]int) string {
	for id, n := range tasks {
		if !e.won[id] || n != 2 {
			return id
		}
	}
	for name, v := range e.says {
		if id, ok := strings.CutPrefix(name, "deals/"); ok && v.Status == "won" && tasks[id] != 2 {
			return id
		}
	}
	return ""
}

// TestAnyOrderOfArrivalEndsTheSame: whatever the order in which versions arrive, how they are cut into pages, how often
// they come and where the hub is stopped on the way, the same is shown, and it is the newest state (invariant 2).
func TestAnyOrderOfArrivalEndsTheSame(t *testing.T) {
	fewer(t, "12")
	rapid.Check(t, func(rt *rapid.T) {
		versions, end := drawHistory(rt)
		want := end.shown()
		var first map[string]connectors.Item
		for range 3 {
			open, started := runHistory(t, rt, versions)
			if wrong := end.started(started); wrong != "" {
				rt.Fatalf("%s is wrongly started, or not: %v\nhistory:\n%s", wrong, started, tell(versions))
			}
			if got := describe(open); !slices.Equal(got, want) {
				rt.Fatalf("shown:\n%s\nwant:\n%s\nhistory:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), tell(versions))
			}
			if first == nil {
				first = open
			}
			if a, b := slices.Sorted(maps.Keys(first)), slices.Sorted(maps.Keys(open)); !slices.Equal(a, b) {
				rt.Fatalf("keys: %q, in another order of arrival: %q", a, b)
			}
		}
	})
}

// fewer makes a property be checked less often than usual, since each check is several runs of the hub on disk.
func fewer(t *testing.T, times string) {
	checks := flag.Lookup("rapid.checks")
	if was := checks.Value.String(); was == checks.DefValue {
		_ = checks.Value.Set(times)
		t.Cleanup(func() { _ = checks.Value.Set(was) })
	}
}

// tell writes a history for people, in the order of its versions.
func tell(versions map[string][]connectors.Record) string {
	var b strings.Builder
	for _, stream := range historyStreams {
		for _, r := range versions[stream] {
			fmt.Fprintf(&b, "%s %s/%s %s %s %s\n", r.Version.Format("05.000"), r.Ref.Object, r.Ref.ID, r.Data, r.Deleted.Kind, r.Deleted.Into.ID)
		}
	}
	return b.String()
}

func describe(open map[string]connectors.Item) []string {
	var list []string
	for _, item := range open {
		list = append(list, item.Project+": "+item.Title+": "+item.Notes)
	}
	slices.Sort(list)
	return list
}

// runHistory delivers the versions in a new order to a new hub and returns what is shown open in the end, by key,
// and how many tasks were started of each deal.
func runHistory(t *testing.T, rt *rapid.T, versions map[string][]connectors.Record) (open map[string]connectors.Item, started map[string]int) {
	w := &world{t: rt, rules: historyRules, crm: newCRM(), board: newBoard(), path: filepath.Join(t.TempDir(), "ledger.db"), mapper: historyMapper{}, kindOf: kindOf}
	source := &history{size: rapid.IntRange(1, 9).Draw(rt, "page size")}
	w.change = func(o *router.Options) {
		o.Sources, o.KindOf, o.Share = []router.SourceConn{{Name: "crm", Source: source}}, kindOf, 1
	}
	all := map[string][]connectors.Record{}
	for _, stream := range historyStreams {
		list := versions[stream]
		if len(list) == 0 {
			continue
		}
		again := rapid.SliceOfN(rapid.SampledFrom(list), 0, 5).Draw(rt, "again "+stream)
		all[stream] = rapid.Permutation(append(slices.Clone(list), again...)).Draw(rt, "order of "+stream)
	}
	if rapid.Bool().Draw(rt, "stop on the way") {
		source.arrivals = map[string][]connectors.Record{}
		for _, stream := range historyStreams {
			list := all[stream]
			source.arrivals[stream] = list[:rapid.IntRange(0, len(list)).Draw(rt, "first part")]
		}
		w.start()
		w.backfill()
		w.halt()
	}
	source.arrivals = all
	w.start()
	w.backfill()
	w.halt()
	open, started = map[string]connectors.Item{}, map[string]int{}
	seen := map[string]int{}
	for _, item := range w.board.items {
		if seen[item.Key]++; seen[item.Key] > 1 && item.Key != "" { // one that was merged has none
			rt.Fatalf("%s is there twice", item.Key)
		}
		switch {
		case item.Once && item.Completed:
			rt.Fatalf("%s was left to people, and is closed", item.Key)
		case item.Once:
			started[strings.TrimPrefix(item.Notes, "Source: crm/deals/")]++
		case !item.Completed:
			open[item.Key] = item
		}
	}
	return open, started
}
