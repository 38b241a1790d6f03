package zendesktest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

func TestCursorPaging(t *testing.T) {
	a := open(t, zendesktest.Options{})
	a.make(6)
	var all []string
	path := "/api/v2/users.json?page[size]=3"
	for {
		p := a.get(path)
		all = append(all, p.ids()...)
		if !p.Meta.HasMore {
			// As recorded, the link goes on although nothing follows; what it leads to is empty and has no cursors.
			if last := a.get(*p.Links.Next); len(last.Users) != 0 || last.Meta.AfterCursor != nil || last.Links.Next != nil {
				t.Errorf("after the end: got %+v", last)
			}
			break
		}
		path = *p.Links.Next
	}
	if len(all) != 7 || !slices.IsSorted(all) {
		t.Errorf("got %v, want seven by ascending id", all)
	}
	back := a.get(*a.get(*a.get("/api/v2/users?page[size]=3").Links.Next).Links.Prev)
	if !slices.Equal(back.ids(), all[:3]) || back.Meta.HasMore {
		t.Errorf("back: got %v, want %v and nothing before", back.ids(), all[:3])
	}
	a.do("GET", "/api/v2/users?page[size]=x", nil).want(t, 400, nil)
	a.do("GET", "/api/v2/users?page[after]=x", nil).want(t, 400, nil)
}

func TestOffsetPagingEndsAtTenThousand(t *testing.T) {
	a := open(t, zendesktest.Options{NumberedLast: 6})
	a.make(9)
	p := a.get("/api/v2/users?per_page=3")
	if p.Count != 10 || len(p.Users) != 3 {
		t.Errorf("first: got %d of %d", len(p.Users), p.Count)
	}
	second := a.get(*p.NextPage)
	if slices.Equal(second.ids(), p.ids()) || second.NextPage == nil {
		t.Errorf("second: got %v, want other rows and a link", second.ids())
	}
	r := a.do("GET", *second.NextPage, nil).want(t, 400, nil)
	if !strings.Contains(string(r.body), "cursor pagination") {
		t.Errorf("third: got %s", r.body)
	}
}

func TestFiltersAndMany(t *testing.T) {
	a := open(t, zendesktest.Options{})
	ids := a.make(3)
	agent := a.create("users", map[string]any{"name": "Agent", "role": "agent", "external_id": "Ext-1"})
	if got := a.get("/api/v2/users?role[]=admin&role[]=agent").ids(); len(got) != 2 || got[1] != agent {
		t.Errorf("roles: got %v", got)
	}
	if got := a.get("/api/v2/users?external_id=EXT-1").ids(); !slices.Equal(got, []string{agent}) {
		t.Errorf("external_id in another case: got %v", got)
	}
	if err := a.Delete("users", ids[0]); err != nil {
		t.Fatal(err)
	}
	if got := a.get("/api/v2/users/show_many?ids=" + strings.Join(ids, ",")).ids(); !slices.Equal(got, ids[1:]) {
		t.Errorf("show_many: got %v, want those that are active", got)
	}
	var e struct {
		Error string
		Max   int `json:"max_count"`
	}
	a.do("GET", "/api/v2/users/show_many?ids="+strings.Repeat("1,", 101), nil).want(t, 400, &e)
	if e.Error != "TooManyValues" || e.Max != 100 {
		t.Errorf("101 ids: got %+v", e)
	}
	var n struct{ Count struct{ Value int } }
	if a.do("GET", "/api/v2/users/count?role[]=end-user", nil).want(t, 200, &n); n.Count.Value != 2 {
		t.Errorf("count: got %+v", n)
	}
	org := a.create("organizations", map[string]any{"name": "Acme"})
	if err := a.Set("users", map[string]any{"organization_id": org}, ids[1]); err != nil {
		t.Fatal(err)
	}
	p := a.get("/api/v2/users?include=organizations,identities")
	if len(p.Organizations) != 1 || len(p.Identities) != 3 {
		t.Errorf("include: got %d organizations and %d identities, want 1 and 3", len(p.Organizations), len(p.Identities))
	}
}

// TestArchivedTicketsLeaveTheLists: they stay in the exports, and are shown to whoever knows their id.
func TestArchivedTicketsLeaveTheLists(t *testing.T) {
	a := open(t, zendesktest.Options{})
	old := a.create("tickets", map[string]any{"description": "D", "status": "closed"})
	a.clock.Advance(121 * 24 * time.Hour)
	young := a.create("tickets", map[string]any{"description": "D", "status": "closed"})
	a.clock.Advance(2 * time.Minute)
	for _, path := range []string{"/api/v2/tickets", "/api/v2/tickets?page[size]=10"} {
		if got := a.get(path).ids(); !slices.Equal(got, []string{young}) {
			t.Errorf("%s: got %v, want %s", path, got, young)
		}
	}
	if got := a.get("/api/v2/tickets").Count; got != 1 {
		t.Errorf("count: got %d", got)
	}
	if got := a.get("/api/v2/tickets/show_many?ids=" + old).ids(); !slices.Equal(got, []string{old}) {
		t.Errorf("by id: got %v", got)
	}
	if rows, _ := a.export("tickets", start); len(rows) != 2 {
		t.Errorf("export: got %+v, want both", rows)
	}
}

func TestRatings(t *testing.T) {
	a := open(t, zendesktest.Options{})
	var ids []string
	for _, r := range []map[string]any{{"score": "offered"}, {"score": "good", "comment": "Fast"}, {"score": "bad"}} {
		r["ticket_id"] = a.create("tickets", map[string]any{"description": "D"})
		ids = append(ids, a.create("satisfaction_ratings", r))
		a.clock.Advance(time.Hour)
	}
	if err := a.Set("satisfaction_ratings", map[string]any{"score": "good"}, ids[0]); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]string{
		"": ids, "score=received": ids, "score=bad": ids[2:], "score=received_with_comment": ids[1:2], "score=good_without_comment": ids[:1],
		fmt.Sprintf("score=received&start_time=%d", start.Unix()+60): ids[1:], fmt.Sprintf("page[size]=5&end_time=%d", start.Unix()+60): ids[:1],
	} {
		if got := a.get("/api/v2/satisfaction_ratings?" + query).ids(); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", query, got, want)
		}
	}
	row, _ := a.Row("tickets", "2")
	if rating := fmt.Sprint(row.Fields["satisfaction_rating"]); !strings.Contains(rating, "Fast") {
		t.Errorf("ticket: got rating %s", rating)
	}
}

// TestTicketEventsAndMetrics: comments' texts come only when they are asked for, and metric events come late.
func TestTicketEventsAndMetrics(t *testing.T) {
	a := open(t, zendesktest.Options{MetricDelay: 10 * time.Minute})
	person := a.make(1)[0]
	id := a.create("tickets", map[string]any{"subject": "S", "description": "First words", "requester_id": person})
	a.clock.Advance(time.Minute)
	a.create("comments", map[string]any{"ticket_id": id, "body": "An answer"})
	if err := a.Set("tickets", map[string]any{"status": "solved"}, id); err != nil {
		t.Fatal(err)
	}
	a.clock.Advance(2 * time.Minute)
	type events struct {
		Events []struct {
			EventType string `json:"event_type"`
			Timestamp int64
			Children  []map[string]any `json:"child_events"`
		} `json:"ticket_events"`
		Count int
	}
	var plain, full events
	path := fmt.Sprintf("/api/v2/incremental/ticket_events.json?start_time=%d", start.Unix())
	a.do("GET", path, nil).want(t, 200, &plain)
	a.do("GET", path+"&include=comment_events", nil).want(t, 200, &full)
	if plain.Count != 3 || plain.Events[0].Children[0]["body"] != nil || full.Events[1].Children[0]["body"] != "An answer" {
		t.Errorf("events: got %+v and %+v", plain, full)
	}
	change := full.Events[2].Children[0]
	if change["status"] != "solved" || change["previous_value"] != "new" || change["event_type"] != "Change" {
		t.Errorf("change: got %v", change)
	}
	var m struct {
		Events []struct{ Metric, Type string } `json:"ticket_metric_events"`
		Count  int
		Meta   struct {
			HasMore bool   `json:"has_more"`
			After   string `json:"after_cursor"`
		}
	}
	path = fmt.Sprintf("/api/v2/incremental/ticket_metric_events?start_time=%d", start.Unix())
	if a.do("GET", path, nil).want(t, 200, &m); m.Count != 0 {
		t.Errorf("metric events: got %d after two minutes, want them late", m.Count)
	}
	a.clock.Advance(10 * time.Minute)
	if a.do("GET", path, nil).want(t, 200, &m); m.Count != 8 || m.Events[4].Metric != "reply_time" || m.Events[4].Type != "fulfill" {
		t.Errorf("metric events: got %+v, want 4 started, the reply, 3 ended", m)
	}
	a.do("GET", path+"&page[size]=5", nil).want(t, 200, &m)
	first := m.Events
	a.do("GET", path+"&page[size]=5&page[after]="+m.Meta.After, nil).want(t, 200, &m)
	if len(first) != 5 || len(m.Events) != 3 || m.Meta.HasMore {
		t.Errorf("by cursor: got %d and %d", len(first), len(m.Events))
	}
	var metric struct {
		Metric struct {
			Replies int
			Solved  *string `json:"solved_at"`
		} `json:"ticket_metric"`
	}
	a.do("GET", "/api/v2/tickets/"+id+"/metrics", nil).want(t, 200, &metric)
	if metric.Metric.Replies != 1 || metric.Metric.Solved == nil {
		t.Errorf("metrics: got %+v", metric)
	}
}
