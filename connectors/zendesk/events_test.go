package zendesk_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/zendesk"
)

// moments maps events and returns what they tell, as "ticket second field value".
func moments(t *testing.T, records []connectors.Record) []string {
	t.Helper()
	rules := ownRules(t)
	var list []string
	for _, r := range records {
		p, o, err := rules.Map(r)
		if err != nil || len(o.Warnings) > 0 {
			t.Fatalf("map %s: %v %v", r.Ref, err, o.Warnings)
		}
		for _, f := range p.Fields {
			list = append(list, fmt.Sprintf("%s %d %s %s", p.Past, r.Version.Unix(), f.Name, f.Value))
		}
	}
	slices.Sort(list)
	return list
}

// expected returns the same of what the account's own audits of tickets say.
func (h *harness) expected(t testing.TB, tickets ...string) (list []string, audits map[string]bool) {
	t.Helper()
	groups := map[string]string{}
	for _, g := range h.sim.Rows("groups") {
		groups[g.ID] = fmt.Sprint(g.Fields["name"])
	}
	audits = map[string]bool{}
	for _, ticket := range tickets {
		gjson.GetBytes(h.fetch(t, "/api/v2/tickets/"+ticket+"/audits"), "audits").ForEach(func(_, a gjson.Result) bool {
			audits[a.Get("id").String()] = true
			last := map[string]string{}
			a.Get("events").ForEach(func(_, e gjson.Result) bool {
				v := e.Get("value").String()
				said := "null"
				switch name := e.Get("field_name").String(); name {
				case "status", "priority":
					if v != "" {
						said = fmt.Sprintf("%q", strings.Replace(v, "hold", "on_hold", 1))
					}
					last[name] = said
				case "assignee_id":
					if v != "" {
						said = fmt.Sprintf("%q", "under-test/agents/"+v)
					}
					last["assignee"] = said
				case "group_id":
					if v != "" {
						said = fmt.Sprintf("%q", groups[v])
					}
					last["team"] = said
				}
				return true
			})
			at, err := time.Parse(time.RFC3339, a.Get("created_at").String())
			must(t, err)
			for _, name := range slices.Sorted(maps.Keys(last)) {
				list = append(list, fmt.Sprintf("under-test/tickets/%s %d %s %s", ticket, at.Unix(), name, last[name]))
			}
			return true
		})
	}
	slices.Sort(list)
	return list, audits
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %d moments\n  %s\nwant %d\n  %s", what, len(got), strings.Join(got[:min(len(got), 20)], "\n  "), len(want), strings.Join(want[:min(len(want), 20)], "\n  "))
	}
}

// TestEventsTellWhatTicketsBecame: also what came and went between two looks, with the names of groups, that of a deleted one
// too; and a poll with nothing new returns nothing.
func TestEventsTellWhatTicketsBecame(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	group := h.make(t, "groups", map[string]any{"name": "Second Level"})
	ticket := h.Create(t, 1)[0]
	for _, fields := range []map[string]any{
		{"status": "open", "assignee_id": json.Number(h.owner)}, {"group_id": json.Number(group), "priority": "high"}, {"status": "hold"},
		{"subject": "of no interest"}, {"assignee_id": nil}, {"status": "solved"}} {
		h.clock.Advance(7 * time.Second)
		h.set(t, fields, ticket)
	}
	want, _ := h.expected(t, ticket)
	must(t, h.sim.Delete("groups", group))
	h.clock.Advance(2 * time.Minute)
	r := open(t, h, "ticket_events", "streams", []string{"ticket_events"})
	records := r.drain(t)
	same(t, "the first pass", moments(t, records), want)
	for _, must := range []string{`status "on_hold"`, `team "Second Level"`, "assignee null"} {
		if !strings.Contains(strings.Join(want, "\n"), must) {
			t.Errorf("the account's audits have no %s: %v", must, want)
		}
	}
	for _, rec := range records {
		if rec.Ref.Object != "ticket_events" || rec.Deleted.Kind != connectors.NotDeleted || strings.Contains(string(rec.Data), "It burns.") {
			t.Errorf("got %s with %s, want an event without the text of a comment", rec.Ref, rec.Data)
		}
	}
	h.clock.Advance(time.Hour)
	h.log.Reset()
	if again := r.drain(t); len(again) != 0 || h.log.Totals().Requests != 1 {
		t.Errorf("an idle poll: %d records by %d requests, want none by one", len(again), h.log.Totals().Requests)
	}
}

// TestEveryEventComesOnce: whatever happens between polls, in however few seconds, every event is returned once.
func TestEveryEventComesOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHarness(t, "tickets", nil)
		h.clock.Freeze()
		tickets := h.Create(t, 3)
		r := open(t, h, "ticket_events", "streams", []string{"ticket_events"})
		var got []connectors.Record
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			switch rapid.IntRange(0, 3).Draw(rt, "step") {
			case 0:
				h.clock.Advance(time.Duration(rapid.SampledFrom([]int{1, 2, 59, 60, 61, 200}).Draw(rt, "seconds")) * time.Second)
			case 1:
				got = append(got, r.drain(t)...)
			default:
				h.set(t, map[string]any{"status": rapid.SampledFrom([]string{"open", "pending", "hold", "solved"}).Draw(rt, "status"),
					"priority": rapid.SampledFrom([]any{"low", "high", nil}).Draw(rt, "priority")}, rapid.SampledFrom(tickets).Draw(rt, "ticket"))
			}
		}
		h.clock.Advance(2 * time.Minute)
		got = append(got, r.drain(t)...)
		want, audits := h.expected(t, tickets...)
		if names := ids(got); len(names) != len(audits) || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(audits) {
			rt.Fatalf("got %d events of %d, want each once", len(names), len(audits))
		}
		if told := moments(t, got); !slices.Equal(told, want) {
			rt.Fatalf("got %v, want %v", told, want)
		}
	})
}

// TestTiedSecondOfEventsIsGotPast: a bulk edit leaves more events in a second than a page holds. The rest comes from the
// tickets' own audits, and what came before and after comes too.
func TestTiedSecondOfEventsIsGotPast(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	h.clock.Freeze()
	tickets := h.Create(t, 1300)
	h.clock.Advance(time.Second)
	h.set(t, map[string]any{"status": "open"}, tickets...)
	h.set(t, map[string]any{"priority": "high"}, tickets[:400]...)
	h.clock.Advance(time.Second)
	h.set(t, map[string]any{"status": "solved"}, tickets[7])
	h.clock.Advance(45 * time.Second)
	h.set(t, map[string]any{"status": "pending"}, tickets[1299]) // withheld by the export when the second is looked for
	h.clock.Advance(31 * time.Second)
	r := open(t, h, "ticket_events", "streams", []string{"ticket_events"})
	for waited := 0; ; {
		before := r.at
		page := r.page(t)
		if page.More && page.Next == before {
			t.Fatalf("the page after %s leads back to it", before)
		}
		if page.Wait > 0 {
			if waited++; waited >= 3 { // asked too early twice
				h.clock.Advance(page.Wait)
			}
		}
		if !page.More {
			if waited < 3 {
				t.Errorf("it waited %d times for what is withheld, want 3", waited)
			}
			break
		}
	}
	h.clock.Advance(2 * time.Minute)
	for r.page(t).More {
	}
	want, audits := h.expected(t, tickets...)
	same(t, "with a tied second", slices.Compact(moments(t, r.got)), slices.Compact(want))
	have := map[string]bool{}
	for _, id := range ids(r.got) {
		have[id] = true
	}
	if len(have) != len(audits) {
		t.Errorf("got %d events, want all %d", len(have), len(audits))
	}
}

// TestAuditsOfArchivedTickets are not paged: they come all at once and without `meta`. An answer that is paged and does not
// say whether there is more is none.
func TestAuditsOfArchivedTickets(t *testing.T) {
	const audit = `{"id":7,"ticket_id":5,"created_at":"2025-11-22T18:00:00Z","events":[{"id":8,"type":"Change","field_name":"status","value":"hold","previous_value":"open"}]}`
	for body, want := range map[string]string{
		`{"audits":[` + audit + `],"next_page":null,"count":1}`:                                `under-test/tickets/5 1763834400 status "on_hold"`,
		`{"audits":[` + audit + `],"meta":{"has_more":false}}`:                                 `under-test/tickets/5 1763834400 status "on_hold"`,
		`{"audits":[` + strings.Replace(audit, "18:00:00", "18:00:01", 1) + `],"count":1}`:     "",
		`{"audits":[` + audit + `],"next_page":"https://acme.zendesk.com/api/v2/x","count":9}`: "error",
		`{"audits":null}`: "error", `{}`: "error",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
		h := newHarness(t, "organizations", nil)
		h.url = server.URL
		r := open(t, h, "ticket_events")
		page, err := r.src.Read(t.Context(), "ticket_events", `{"v":1,"phase":"audit","start":1763834400,"after":"x","tickets":["5"],"until":9,"begun":5}`)
		got := ""
		if err != nil {
			got = "error"
		} else {
			got = strings.Join(moments(t, page.Records), " ")
		}
		if got != want || err != nil && connectors.KindOf(err) != connectors.Temporary {
			t.Errorf("%s: got %s (%v), want %s", body, got, err, want)
		}
		server.Close()
	}
}

// TestEventsAreOffUnlessNamed: they cost exports that others wait for, and `check` says how many before anybody pays.
func TestEventsAreOffUnlessNamed(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	h.Create(t, 2500)
	list, err := open(t, h, "tickets").src.Streams(t.Context())
	if err != nil || slices.ContainsFunc(list, func(s connectors.Stream) bool { return s.Name == "ticket_events" }) {
		t.Errorf("streams without a word about them: %v, %v", list, err)
	}
	const price = "at ten updates each, about 2500 tickets take 26 of the time-based exports, of which the account has 10 a minute: at least 3m0s, and organizations wait for the same exports"
	if got := found(t, h); !strings.Contains(got, "ok ticket history: off: add ticket_events to `streams`") || !strings.Contains(got, price) {
		t.Errorf("check says\n%s\nwant what it would cost", got)
	}
	if got := found(t, h, "streams", []string{"ticket_events"}); !strings.Contains(got, "ok ticket history: on: "+price) {
		t.Errorf("check says\n%s\nwant what it costs", got)
	}
	if !slices.ContainsFunc(zendesk.Connector.Spec.Streams, func(s connectors.StreamDoc) bool { return s.Name == "ticket_events" }) {
		t.Error("the stream is not declared")
	}
}

// TestLastChangeOfAnUpdateCounts: a rule may change what a person has just set; comments and other fields say nothing. An event
// without a timestamp is of its created_at.
func TestLastChangeOfAnUpdateCounts(t *testing.T) {
	const head = `"ticket_id":5,"created_at":"2025-11-22T18:00:00Z","event_type":"Audit","child_events":[`
	for body, want := range map[string]string{
		head + `{"status":"pending","previous_value":"open","event_type":"Change"},{"status":"hold","previous_value":"pending","event_type":"Change"}]`: `1763834400 status "on_hold"`,
		head + `{"status":"new","event_type":"Create"},{"priority":null,"event_type":"Create"}]`:                                                        `1763834400 priority null 1763834400 status "new"`,
		head + `{"status":"open","comment_present":true,"event_type":"Comment"},{"tags":["status"],"event_type":"Change"}]`:                             "",
		`"timestamp":1763834477,` + head + `{"assignee_id":"","previous_value":7,"event_type":"Change"}]`:                                               "1763834477 assignee null",
		head + `]`: "",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"ticket_events":[{"id":7,`+body+`}],"end_time":1763834477,"end_of_stream":true,"count":1}`)
		}))
		h := newHarness(t, "organizations", nil)
		h.url = server.URL
		records := open(t, h, "ticket_events").drain(t)
		if got := strings.ReplaceAll(strings.Join(moments(t, records), " "), "under-test/tickets/5 ", ""); got != want || len(records) != 1 {
			t.Errorf("%s: got %d events that tell %s, want %s", body, len(records), got, want)
		}
		server.Close()
	}
}

// TestRecordedAudits: what a real account answered is read as its export is.
func TestRecordedAudits(t *testing.T) {
	body, err := os.ReadFile(connectortest.Shared(t, "recorded/zendesk/go-zendesk/GET__ticket_audits.json"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	defer server.Close()
	h := newHarness(t, "organizations", nil)
	h.url = server.URL
	page, err := open(t, h, "ticket_events").src.Read(t.Context(), "ticket_events", `{"v":1,"phase":"audit","start":1316990144,"after":"x","tickets":["666"],"until":9,"begun":5}`)
	if got := moments(t, page.Records); err != nil || fmt.Sprint(got) != `[under-test/tickets/666 1316990144 status "open"]` || page.Next != `{"v":1,"phase":"time","start":1316990145}` {
		t.Errorf("got %v, next %s, %v", got, page.Next, err)
	}
}
