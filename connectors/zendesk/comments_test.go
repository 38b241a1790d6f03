package zendesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestCommentsOfEveryChangedTicket: every comment of every ticket that changed is returned, whatever fails in between and
// however often the process starts anew; tickets that did not change cost nothing (airbyte#8519).
func TestCommentsOfEveryChangedTicket(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	tickets := h.Create(t, 230)
	want := map[string]bool{}
	comment := func(ticket string, n int) {
		for i := range n {
			id := h.make(t, "comments", map[string]any{"ticket_id": ticket, "author_id": json.Number(h.asker), "body": fmt.Sprintf("comment %d", i)})
			want[id] = true
		}
	}
	comment(tickets[0], 3)
	comment(tickets[7], 205) // three pages
	comment(tickets[229], 1)
	for _, c := range h.sim.Rows("comments") {
		want[c.ID] = true
	}
	must(t, h.sim.Delete("tickets", tickets[5]))
	h.clock.Advance(2 * time.Minute)
	got := map[string]int{}
	r := open(t, h, "ticket_comments")
	for i := 0; ; i++ {
		if i%3 == 0 { // a request in the middle of the page fails: nothing of it counts
			must(t, h.plan.Add(sandbox.Fault{Match: sandbox.Match{Path: "/comments$"}, Kind: "500", Skip: 4, Times: 1}))
			if page, err := r.src.Read(context.Background(), "ticket_comments", r.at); err != nil && len(page.Records) > 0 {
				t.Error("got part of a page together with an error")
			}
			h.plan.Clear()
		}
		r = &reader{src: open(t, h, "ticket_comments").src, stream: "ticket_comments", at: r.at}
		page := r.page(t)
		for _, rec := range page.Records {
			got[rec.Ref.ID]++
			if d := gjson.ParseBytes(rec.Data); !d.Get("ticket_id").Exists() || d.Get("author_role").String() == "" {
				t.Fatalf("got %s, want it with its ticket and its author's role", rec.Data)
			}
		}
		if !page.More {
			if age := h.clock.Now().Sub(page.Complete); age < time.Minute || age > 2*time.Minute {
				t.Errorf("complete up to %v ago, want what the export showed", age)
			}
			break
		}
		if len(r.at) > 4000 {
			t.Fatalf("the cursor has %d bytes", len(r.at))
		}
	}
	for id := range want {
		c, _ := h.sim.Row("comments", id)
		deleted := fmt.Sprint(c.Fields["ticket_id"]) == tickets[5]
		if n := got[id]; n != 1 && !deleted || deleted && n > 0 {
			t.Errorf("comment %s of ticket %v: returned %d times", id, c.Fields["ticket_id"], n)
		}
	}
	h.log.Reset()
	comment(tickets[3], 1)
	h.clock.Advance(2 * time.Minute)
	later := r.drain(t)
	asked := 0
	for _, e := range h.log.Recent() {
		if strings.HasSuffix(e.Path, "/comments") {
			asked++
		}
	}
	if len(later) != 2 || asked != 1 {
		t.Errorf("after one change: %d comments with %d requests for comments, want those of the ticket with one", len(later), asked)
	}
}

// TestTicketThatVanished: between the export and the request for comments a ticket may go; the others are read all the same.
func TestTicketThatVanished(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	tickets := h.Create(t, 15)
	h.clock.Advance(2 * time.Minute)
	r := open(t, h, "ticket_comments")
	r.page(t)
	must(t, h.sim.DeleteForever("tickets", tickets[11]))
	r.drain(t)
	if n := len(r.got); n != 4 {
		t.Errorf("got %d comments of the tickets after the first ten, want 4", n)
	}
}

// TestCommentsOfAPageAreFew: one page makes a bounded number of requests.
func TestCommentsOfAPageAreFew(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	h.Create(t, 30)
	h.clock.Advance(2 * time.Minute)
	r := open(t, h, "ticket_comments")
	for range 4 {
		h.log.Reset()
		r.page(t)
		if n := h.log.Totals().Requests; n > 11 {
			t.Errorf("a page cost %d requests, want at most 11", n)
		}
	}
}

// TestCommentsOfAnAccountThatIsGone: when the account is renamed or closed while comments are read, or a proxy does not find
// it, every address is answered 404. That is no ticket without comments.
func TestCommentsOfAnAccountThatIsGone(t *testing.T) {
	for body, kind := range map[string]connectors.Kind{
		`<html><title>Help Desk</title>No help desk at acme.zendesk.com</html>`: connectors.Gone,
		`404 page not found`: connectors.Gone, ``: connectors.Gone, `{"error":"InvalidEndpoint"}`: connectors.Gone,
		`{"error":"RecordNotFound","description":"Not found"}`: 0,
	} {
		h := newHarness(t, "tickets", nil)
		h.Create(t, 3)
		h.clock.Advance(2 * time.Minute)
		real := h.sim.Handler()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/comments") {
				real.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(server.Close)
		h.url = server.URL
		if _, err := open(t, h, "ticket_comments").src.Read(t.Context(), "ticket_comments", ""); connectors.KindOf(err) != kind {
			t.Errorf("%q: got %v, want kind %v", body, err, kind)
		}
	}
}
