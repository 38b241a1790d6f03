package zendesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// TestListsArePagedByCursor: paging by number ends at 10,000 objects (airbyte#19266), so no list is read by it.
func TestListsArePagedByCursor(t *testing.T) {
	h := newHarness(t, "organizations", func(o *zendesktest.Options) { o.NumberedLast = 100 })
	org := h.Create(t, 1)[0]
	for i := range 130 {
		h.make(t, "users", map[string]any{"name": fmt.Sprintf("Agent %d", i), "role": "agent"})
		gone := h.make(t, "users", map[string]any{"name": fmt.Sprintf("Gone %d", i), "role": "agent"})
		must(t, h.sim.Delete("users", gone))
		h.make(t, "users", map[string]any{"name": fmt.Sprintf("Member %d", i), "organization_id": json.Number(org)})
	}
	for stream, want := range map[string]int{"agents": 1 + 130 + 130, "organization_memberships": 130} {
		if got := open(t, h, stream).drain(t); len(got) != want {
			t.Errorf("%s: got %d records, want %d", stream, len(got), want)
		}
	}
	for _, e := range h.log.Recent() {
		if strings.Contains(e.Query, "per_page") || !strings.Contains(e.Query, "page%5Bsize%5D") {
			t.Errorf("%s was asked for with %s", e.Path, e.Query)
		}
	}
}

// TestAgentsBecomeOwners: administrators, agents, suspended and deleted ones; no end users.
func TestAgentsBecomeOwners(t *testing.T) {
	h := newHarness(t, "users", nil)
	group := h.make(t, "groups", map[string]any{"name": "Second Level"})
	agent := h.make(t, "users", map[string]any{"name": "Ada", "role": "agent", "email": "ada@acme.example", "default_group_id": json.Number(group)})
	suspended := h.make(t, "users", map[string]any{"name": "Sue", "role": "agent", "suspended": true})
	gone := h.make(t, "users", map[string]any{"name": "Gus", "role": "agent"})
	customer := h.make(t, "users", map[string]any{"name": "Zoë"})
	lost := h.make(t, "users", map[string]any{"name": "Lou"})
	must(t, h.sim.Delete("users", gone, lost))
	all := map[string]gjson.Result{}
	for _, r := range open(t, h, "agents").drain(t) {
		all[r.Ref.ID] = gjson.ParseBytes(r.Data)
		if r.Deleted.Kind != connectors.NotDeleted || r.Ref.Object != "agents" {
			t.Errorf("got %s as %q", r.Ref, r.Deleted.Kind)
		}
	}
	if len(all) != 4 || all[customer].Exists() || all[lost].Exists() {
		t.Errorf("got %d agents, want 4 and no customer", len(all))
	}
	if name := all[agent].Get("group_name").String(); name != "Second Level" {
		t.Errorf("got the group %q, want the default group's name", name)
	}
	if !all[suspended].Get("suspended").Bool() || all[gone].Get("active").Bool() || !all[gone].Exists() {
		t.Errorf("got %v and %v, want one suspended and one inactive", all[suspended], all[gone])
	}
	h.log.Reset()
	if few := open(t, h, "agents", "deleted_agents", false).drain(t); len(few) != 3 || len(h.queries("/api/v2/deleted_users")) != 0 {
		t.Errorf("without deleted agents: got %d, want 3 and no request for deleted users", len(few))
	}
}

// TestMembershipsSayWhose: each says of which kind its user is, so that rules can tell.
func TestMembershipsSayWhose(t *testing.T) {
	h := newHarness(t, "organizations", nil)
	orgs := h.Create(t, 2)
	user := h.make(t, "users", map[string]any{"name": "Zoë", "organization_id": json.Number(orgs[0])})
	further := h.make(t, "organization_memberships", map[string]any{"user_id": json.Number(user), "organization_id": json.Number(orgs[1])})
	records := open(t, h, "organization_memberships").drain(t)
	if len(records) != 2 {
		t.Fatalf("got %d memberships, want 2", len(records))
	}
	for _, r := range records {
		d := gjson.ParseBytes(r.Data)
		if d.Get("user_role").String() != "end-user" || !d.Get("user_active").Bool() || (r.Ref.ID == further) == d.Get("default").Bool() {
			t.Errorf("got %s", r.Data)
		}
	}
}

// TestPipelineOfStatuses: its stages are the custom statuses, whose kind is their category; without those the statuses
// that the status field offers.
func TestPipelineOfStatuses(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	h.make(t, "custom_statuses", map[string]any{"status_category": "open", "agent_label": "Waiting on customer"})
	records := open(t, h, "ticket_pipelines").drain(t)
	if len(records) != 1 {
		t.Fatalf("got %d records, want 1", len(records))
	}
	if got := categoriesOf(records[0]); !strings.Contains(got, "open=Waiting on customer") || !strings.HasSuffix(got, " closed=Closed") {
		t.Errorf("got %s", got)
	}
	must(t, h.plan.Add(sandbox.Fault{Match: sandbox.Match{Path: "custom_statuses"}, Kind: "403"}))
	off := open(t, h, "ticket_pipelines").drain(t)
	if got := categoriesOf(off[0]); !strings.HasPrefix(got, "new=New open=Open pending=Pending") || !strings.HasSuffix(got, "solved=Solved closed=Closed") {
		t.Errorf("without custom statuses: got %s", got)
	}
	if !off[0].Version.Equal(records[0].Version) && off[0].Version.Before(records[0].Version) {
		t.Errorf("the later record has the version %v, before %v", off[0].Version, records[0].Version)
	}
	h.plan.Clear()
	must(t, h.plan.Add(sandbox.Fault{Match: sandbox.Match{Path: "custom_statuses"}, Kind: "500"}))
	if _, err := open(t, h, "ticket_pipelines").src.Read(context.Background(), "ticket_pipelines", ""); err == nil {
		t.Error("a failure looks like an account without custom statuses")
	}
}

func categoriesOf(r connectors.Record) string {
	var list []string
	for _, s := range gjson.GetBytes(r.Data, "stages").Array() {
		list = append(list, s.Get("status_category").String()+"="+s.Get("name").String())
	}
	return strings.Join(list, " ")
}

// TestRatings: those that were given come, also when they were offered long before.
func TestRatings(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	tickets := h.Create(t, 3)
	rate := func(ticket, score string) string {
		return h.make(t, "satisfaction_ratings", map[string]any{"ticket_id": json.Number(ticket), "score": score, "comment": "Quick!"})
	}
	good := rate(tickets[0], "good")
	rate(tickets[1], "offered")
	r := open(t, h, "satisfaction_ratings")
	if got := ids(r.drain(t)); !slices.Equal(got, []string{good}) {
		t.Errorf("got %v, want %s", got, good)
	}
	h.clock.Advance(24 * time.Hour)
	bad := rate(tickets[2], "bad")
	if got := ids(r.drain(t)); !slices.Contains(got, bad) {
		t.Errorf("got %v, want %s among them", got, bad)
	}
	q := h.queries("/api/v2/satisfaction_ratings")
	if last := q[len(q)-1].Get("start_time"); last == "" {
		t.Error("the second listing begins at the beginning again")
	}
}

// TestStatusesAreNotForgotten: what a proxy refuses, or a token that was just revoked, is no account without custom statuses:
// the stages of all tickets would have other names until the next look.
func TestStatusesAreNotForgotten(t *testing.T) {
	for _, path := range []string{"/custom_statuses", "/ticket_forms"} {
		for _, c := range []struct {
			status int
			body   string
			good   bool
		}{
			{401, `{"error":"Couldn't authenticate you"}`, false}, {403, "<html>blocked</html>", false}, {404, "<html>No help desk at acme</html>", false},
			{403, `{"error":{"title":"Forbidden","message":"You do not have access to this page."}}`, true}, {404, `{"error":"InvalidEndpoint"}`, true},
		} {
			h := newHarness(t, "tickets", nil)
			real := h.sim.Handler()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(strings.TrimSuffix(r.URL.Path, ".json"), path) {
					real.ServeHTTP(w, r)
					return
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			t.Cleanup(server.Close)
			h.url = server.URL
			if _, err := open(t, h, "ticket_pipelines").src.Read(t.Context(), "ticket_pipelines", ""); (err == nil) != c.good {
				t.Errorf("%s answered with %d %s: got %v", path, c.status, c.body, err)
			}
		}
	}
}
