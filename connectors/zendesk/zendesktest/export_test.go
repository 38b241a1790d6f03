package zendesktest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// names returns the names of the rows in their order.
func names(rows []item) []string {
	var out []string
	for _, r := range rows {
		switch {
		case r.Name != nil:
			out = append(out, *r.Name)
		default:
			out = append(out, r.Subject)
		}
	}
	return out
}

func TestCursorExportWithholdsTheLastMinute(t *testing.T) {
	a := open(t, zendesktest.Options{})
	ids := a.make(3)
	a.clock.Advance(59 * time.Second)
	rows, cursor := a.export("users", start.Add(-time.Second))
	if len(rows) != 0 || cursor == "" {
		t.Fatalf("within the minute: got %d rows and cursor %q, want none and a cursor", len(rows), cursor)
	}
	a.clock.Advance(2 * time.Second)
	p := a.get("/api/v2/incremental/users/cursor?cursor=" + cursor)
	if got := p.ids(); len(got) != 3 || !p.EndOfStream || !slices.Contains(got, ids[2]) {
		t.Fatalf("after it: got %v, end %t; want three users, at the end", got, p.EndOfStream)
	}
	if err := a.Set("users", map[string]any{"name": "Changed"}, ids[0]); err != nil {
		t.Fatal(err)
	}
	a.clock.Advance(61 * time.Second)
	p = a.get("/api/v2/incremental/users/cursor?cursor=" + p.AfterCursor)
	if got := names(p.Users); !slices.Equal(got, []string{"Changed"}) {
		t.Errorf("the cursor of the end, later: got %v, want the changed one alone", got)
	}
	a.do("GET", "/api/v2/incremental/users/cursor?cursor=bogus", nil).want(t, 400, nil)
	a.do("GET", fmt.Sprintf("/api/v2/incremental/users/cursor?start_time=%d", a.clock.Now().Add(-59*time.Second).Unix()), nil).want(t, 422, nil)
	a.do("GET", "/api/v2/incremental/organizations", nil).want(t, 400, nil)
}

func TestSameCursorGivesTheSameOrNewer(t *testing.T) {
	a := open(t, zendesktest.Options{})
	ids := a.make(6)
	a.clock.Advance(2 * time.Minute)
	first := a.get(fmt.Sprintf("/api/v2/incremental/users/cursor?start_time=%d&per_page=3", start.Unix()-1))
	again := a.get("/api/v2/incremental/users/cursor?per_page=3&cursor=" + first.AfterCursor)
	same := a.get("/api/v2/incremental/users/cursor?per_page=3&cursor=" + first.AfterCursor)
	if !slices.Equal(again.ids(), same.ids()) || len(again.ids()) != 3 || again.EndOfStream {
		t.Fatalf("got %v and %v, want the same three and no end", again.ids(), same.ids())
	}
	if err := a.Set("users", map[string]any{"name": "Newer"}, ids[5]); err != nil {
		t.Fatal(err)
	}
	a.clock.Advance(2 * time.Minute)
	newer := a.get("/api/v2/incremental/users/cursor?per_page=3&cursor=" + first.AfterCursor)
	if got := names(newer.Users); got[2] != "Newer" {
		t.Errorf("after a change: got %v, want it last", got)
	}
}

func TestTimeExportRepeatsItsLastRowAndLoopsOnATie(t *testing.T) {
	a := open(t, zendesktest.Options{})
	for i := range 3 {
		a.create("organizations", map[string]any{"name": fmt.Sprintf("Early %d", i)})
		a.clock.Advance(time.Second)
	}
	for i := range 1200 {
		a.create("organizations", map[string]any{"name": fmt.Sprintf("Tied %04d", i)})
	}
	a.clock.Advance(2 * time.Minute)
	path := fmt.Sprintf("/api/v2/incremental/organizations.json?start_time=%d", start.Unix())
	p := a.get(path)
	if p.Count != 1000 || p.EndOfStream || *p.EndTime != start.Unix()+3 {
		t.Fatalf("first: got %d rows to %d, end %t", p.Count, *p.EndTime, p.EndOfStream)
	}
	second := a.get(*p.NextPage)
	third := a.get(*second.NextPage)
	if second.Count != 1000 || !slices.Equal(second.ids(), third.ids()) || *second.NextPage != *third.NextPage {
		t.Errorf("tie: got %d rows and another page after it, want the same page for ever", second.Count)
	}
	p = a.get(fmt.Sprintf("/api/v2/incremental/organizations?start_time=%d&per_page=2", start.Unix()))
	next := a.get(*p.NextPage)
	if p.ids()[1] != next.ids()[0] {
		t.Errorf("duplicate: got %v then %v, want the last row again", p.ids(), next.ids())
	}
	if empty := a.get(fmt.Sprintf("/api/v2/incremental/organizations?start_time=%d", start.Unix()+30)); empty.Count != 0 || empty.EndTime != nil || !empty.EndOfStream {
		t.Errorf("empty: got %+v", empty)
	}
}

func TestTicketsFollowGeneratedTimestamp(t *testing.T) {
	a := open(t, zendesktest.Options{})
	id := a.create("tickets", map[string]any{"subject": "Broken", "description": "It is broken."})
	a.clock.Advance(2 * time.Minute)
	rows, cursor := a.export("tickets", start)
	if len(rows) != 1 || rows[0].Generated != start.Unix() {
		t.Fatalf("got %+v", rows)
	}
	if err := a.Touch(id); err != nil {
		t.Fatal(err)
	}
	a.clock.Advance(2 * time.Minute)
	p := a.get("/api/v2/incremental/tickets/cursor?cursor=" + cursor)
	if len(p.Tickets) != 1 || p.Tickets[0].UpdatedAt != rows[0].UpdatedAt || p.Tickets[0].Generated <= rows[0].Generated {
		t.Errorf("system update: got %+v, want the old updated_at and a newer generated_timestamp", p.Tickets)
	}
}

func TestDeletedAndPurgedRowsInExports(t *testing.T) {
	a := open(t, zendesktest.Options{})
	users := a.make(2)
	ticket := a.create("tickets", map[string]any{"subject": "S", "description": "D", "requester_id": users[1]})
	org := a.create("organizations", map[string]any{"name": "Acme"})
	for object, id := range map[string]string{"users": users[0], "tickets": ticket, "organizations": org} {
		if err := a.Delete(object, id); err != nil {
			t.Fatal(err)
		}
	}
	a.clock.Advance(2 * time.Minute)
	rows, _ := a.export("users", start)
	if i := slices.IndexFunc(rows, func(r item) bool { return fmt.Sprint(r.ID) == users[0] }); i < 0 || rows[i].Active || rows[i].Email != nil {
		t.Errorf("user: got %+v, want an inactive one without an address", rows)
	}
	rows, _ = a.export("tickets", start)
	if len(rows) != 1 || rows[0].Status != "deleted" {
		t.Errorf("ticket: got %+v, want status deleted", rows)
	}
	if p := a.get(fmt.Sprintf("/api/v2/incremental/tickets/cursor?start_time=%d&exclude_deleted=true", start.Unix())); len(p.Tickets) != 0 {
		t.Errorf("exclude_deleted: got %+v", p.Tickets)
	}
	if p := a.get(fmt.Sprintf("/api/v2/incremental/organizations?start_time=%d", start.Unix())); len(p.Organizations) != 1 || p.Organizations[0].DeletedAt == nil {
		t.Errorf("organization: got %+v, want deleted_at", p.Organizations)
	}
	a.do("GET", "/api/v2/organizations/"+org, nil).want(t, 404, nil)
	a.do("GET", "/api/v2/tickets/"+ticket, nil).want(t, 404, nil)
	if err := a.DeleteForever("users", users[0]); err != nil {
		t.Fatal(err)
	}
	if err := a.DeleteForever("tickets", ticket); err != nil {
		t.Fatal(err)
	}
	a.clock.Advance(2 * time.Minute)
	rows, _ = a.export("users", start.Add(time.Second))
	if len(rows) != 1 || *rows[0].Name != "Permanently Deleted User" || !rows[0].PermanentlyDeleted {
		t.Errorf("purged user: got %+v", rows)
	}
	if rows, _ = a.export("tickets", start.Add(time.Second)); len(rows) != 1 || rows[0].Subject != "SCRUBBED" {
		t.Errorf("scrubbed ticket: got %+v", rows)
	}
}

// TestExportOfAHundredThousandUsers counts calls: N/1000 and one more, that finds the end.
func TestExportOfAHundredThousandUsers(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: 100,000 users take a few seconds")
	}
	log := sandbox.NewLog(0)
	a := open(t, zendesktest.Options{Log: log})
	people := sandbox.Generate(7, 100_000)
	people.Tickets, people.Deals = nil, nil
	begun := time.Now()
	a.Seed(people)
	seeded := time.Since(begun)
	rows, _ := a.export("users", time.Unix(0, 0))
	if want := 100_000 + len(people.Owners) + 1; len(rows) != want {
		t.Errorf("got %d users, want %d", len(rows), want)
	}
	if got := log.Count("GET", "/api/v2/incremental/users/cursor"); got != 101 {
		t.Errorf("got %d calls, want 101", got)
	}
	t.Logf("seeded in %v, read in %v", seeded, time.Since(begun)-seeded)
}
