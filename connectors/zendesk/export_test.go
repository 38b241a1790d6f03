package zendesk_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// reader reads a stream as the router would, page by page from a stored cursor.
type reader struct {
	src    connectors.Source
	stream string
	at     connectors.Cursor
	got    []connectors.Record
}

func open(t testing.TB, h *harness, stream string, change ...any) *reader {
	t.Helper()
	return &reader{src: connectortest.Open(t, h, change...).(connectors.Source), stream: stream}
}

func (r *reader) page(t testing.TB) connectors.Page {
	t.Helper()
	page, err := r.src.Read(context.Background(), r.stream, r.at)
	if err != nil {
		t.Fatalf("read %s after %s: %v", r.stream, r.at, err)
	}
	r.at, r.got = page.Next, append(r.got, page.Records...)
	return page
}

// drain reads until nothing more is ready and returns what came.
func (r *reader) drain(t testing.TB) []connectors.Record {
	t.Helper()
	r.got = nil
	for range 5000 {
		if !r.page(t).More {
			return r.got
		}
	}
	t.Fatalf("%s is not caught up after 5,000 pages", r.stream)
	return nil
}

func ids(records []connectors.Record) (list []string) {
	for _, r := range records {
		list = append(list, r.Ref.ID)
	}
	return list
}

// queries returns the queries of the requests to a path, oldest first.
func (h *harness) queries(path string) (list []url.Values) {
	for _, e := range h.log.Recent() {
		if strings.TrimSuffix(e.Path, ".json") == path {
			q, _ := url.ParseQuery(e.Query)
			list = append(list, q)
		}
	}
	return list
}

// TestServersCursorIsKept: whatever text the server gives as its cursor is what it gets back, byte by byte, also after the
// end of the stream; no clock takes its place (airbyte#28173).
func TestServersCursorIsKept(t *testing.T) {
	given := []string{"MTc2MzgzNDQwMC4wfHw3N3w=", "a b+c/=&%7C|é\"", strings.Repeat("x", 500), "last|0", "last|1"}
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query().Get("cursor")+r.URL.Query().Get("start_time"))
		n := min(len(asked), len(given)) - 1
		fmt.Fprintf(w, `{"users":[],"after_cursor":%q,"end_of_stream":%t}`, given[n], n >= 3)
	}))
	t.Cleanup(server.Close)
	h := newHarness(t, "users", nil)
	h.url = server.URL
	r := open(t, h, "users")
	r.drain(t)
	for range 2 { // the end of the stream: later polls
		h.clock.Advance(time.Hour)
		r.page(t)
	}
	want := append([]string{"1"}, given...)
	if !slices.Equal(asked, want) {
		t.Errorf("asked for\n%q\nwant\n%q", asked, want)
	}
}

// TestEveryRowComesOnce: of any rows, changed by people and by the system at any time, every last version is returned
// exactly once and none twice, however reading and changing interleave. A connector that judged a page by its first row
// dropped whole pages (estuary 5042ac3ca).
func TestEveryRowComesOnce(t *testing.T) {
	for _, stream := range []string{"users", "tickets", "organizations"} {
		t.Run(stream, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) { everyRowOnce(t, rt, stream) })
		})
	}
}

func everyRowOnce(t *testing.T, rt *rapid.T, stream string) {
	h := newHarness(t, stream, nil)
	h.clock.Freeze()
	r := open(t, h, stream)
	times := map[string]int{}
	count := func(records []connectors.Record) {
		for _, rec := range records {
			times[rec.Ref.ID+"@"+rec.Version.Format(time.RFC3339)]++
		}
	}
	var all []string
	for range rapid.IntRange(1, 30).Draw(rt, "steps") {
		switch rapid.IntRange(0, 5).Draw(rt, "step") {
		case 0:
			all = append(all, h.Create(t, rapid.IntRange(1, 8).Draw(rt, "n"))...)
		case 1:
			if len(all) > 0 {
				h.Change(t, rapid.SampledFrom(all).Draw(rt, "id"))
			}
		case 2:
			if len(all) > 0 && stream == "tickets" {
				if err := h.sim.Touch(rapid.SampledFrom(all).Draw(rt, "id")); err != nil {
					t.Fatal(err)
				}
			}
		case 3:
			h.clock.Advance(time.Duration(rapid.IntRange(0, 90).Draw(rt, "s")) * time.Second)
		default:
			count(r.page(t).Records)
			r.got = nil
		}
	}
	h.clock.Advance(2 * time.Minute)
	count(r.drain(t))
	for id, stamp := range h.Live(t) {
		if n := times[id+"@"+stamp.UTC().Format(time.RFC3339)]; n != 1 {
			rt.Errorf("%s %s at %v: returned %d times, want once", stream, id, stamp, n)
		}
	}
	for at, n := range times {
		if n > 1 {
			rt.Errorf("%s was returned %d times", at, n)
		}
	}
}

// TestSystemUpdateIsSeen: a system update leaves updated_at alone, so a version made of that would lose it.
func TestSystemUpdateIsSeen(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	id := h.Create(t, 1)[0]
	h.clock.Advance(2 * time.Minute)
	r := open(t, h, "tickets")
	before := r.drain(t)
	h.clock.Advance(time.Hour)
	if err := h.sim.Touch(id); err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(2 * time.Minute)
	after := r.drain(t)
	if len(before) != 1 || len(after) != 1 || !after[0].Version.After(before[0].Version) {
		t.Errorf("got %v and then %v, want the ticket twice, the second time newer", before, after)
	}
}

// TestMetricsCostNothing: metrics come beside the tickets, in as many requests as the tickets alone would take.
func TestMetricsCostNothing(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	id := h.Create(t, 1)[0]
	h.clock.Advance(14 * time.Minute)
	h.make(t, "comments", map[string]any{"ticket_id": id, "body": "Use the other printer."})
	h.Create(t, 1200)
	h.clock.Advance(2 * time.Minute)
	h.log.Reset()
	records := open(t, h, "tickets").drain(t)
	if n := h.log.Totals().Requests; n != 2 || len(records) != 1201 {
		t.Errorf("got %d records with %d requests, want 1201 with 2", len(records), n)
	}
	for _, r := range records {
		if r.Ref.ID == id && !strings.Contains(string(r.Data), `"reply_time_in_minutes":{"calendar":14,`) {
			t.Errorf("got %s, want it with its reply time", r.Data)
		}
	}
}

// TestTicketsAreNeverListed: lists leave out tickets that were archived, 120 days after they were closed (airbyte#10613).
// The export has them.
func TestTicketsAreNeverListed(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	made := h.Create(t, 3)
	h.set(t, map[string]any{"status": "closed"}, made[0])
	h.clock.Advance(200 * 24 * time.Hour)
	if listed := gjson.GetBytes(h.fetch(t, "/api/v2/tickets"), "tickets.#").Int(); listed != 2 {
		t.Fatalf("the simulator lists %d tickets, want it to leave the archived one out", listed)
	}
	h.log.Reset()
	r := open(t, h, "tickets")
	missing(t, made, r.drain(t))
	if _, err := r.src.(connectors.Sweeper).Sweep(context.Background(), "tickets", ""); err != nil {
		t.Fatal(err)
	}
	if n := len(h.queries("/api/v2/tickets")); n != 0 {
		t.Errorf("got %d requests to the list of tickets, want none", n)
	}
}

// TestDeletions: what is deleted, and how it comes back. Suspended users are not deleted.
func TestDeletions(t *testing.T) {
	h := newHarness(t, "users", nil)
	user := func(name string) string {
		return h.make(t, "users", map[string]any{"name": name, "email": name + "@initech.example"})
	}
	gone, forgotten, suspended, back := user("gone"), user("forgotten"), user("suspended"), user("back")
	h.asker = back
	h.clock.Advance(2 * time.Minute)
	open(t, h, "users").drain(t)
	must(t, h.sim.Delete("users", gone, back), h.sim.DeleteForever("users", forgotten), h.sim.Set("users", map[string]any{"suspended": true}, suspended),
		h.sim.Restore("users", back))
	h.clock.Advance(2 * time.Minute)
	want := map[string]connectors.DeletionKind{gone: connectors.Soft, forgotten: connectors.Privacy, suspended: connectors.NotDeleted, back: connectors.NotDeleted}
	for _, r := range open(t, h, "users").drain(t) {
		if kind, ok := want[r.Ref.ID]; ok && r.Deleted.Kind != kind {
			t.Errorf("user %s: got %q, want %q", r.Ref.ID, r.Deleted.Kind, kind)
		}
		if r.Deleted.Kind == connectors.Privacy && len(r.Data) > 0 {
			t.Errorf("the forgotten user comes with %s", r.Data)
		}
	}
}

// TestTicketDeletions: a deleted ticket can come back, a scrubbed one is to be forgotten.
func TestTicketDeletions(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	made := h.Create(t, 3)
	must(t, h.sim.Delete("tickets", made[0], made[2]), h.sim.DeleteForever("tickets", made[1]), h.sim.Restore("tickets", made[2]))
	h.clock.Advance(2 * time.Minute)
	want := map[string]connectors.DeletionKind{made[0]: connectors.Soft, made[1]: connectors.Privacy, made[2]: connectors.NotDeleted}
	for _, r := range open(t, h, "tickets").drain(t) {
		if r.Deleted.Kind != want[r.Ref.ID] {
			t.Errorf("ticket %s: got %q, want %q", r.Ref.ID, r.Deleted.Kind, want[r.Ref.ID])
		}
	}
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestCallsFor100000Users: at most a tenth more requests than there must be, one for each thousand and one for the end.
func TestCallsFor100000Users(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 100,000 users")
	}
	const n = 100_000
	h := newHarness(t, "users", nil)
	for i := range n - 1 {
		h.make(t, "users", map[string]any{"name": fmt.Sprintf("User %d", i)})
		if i%500 == 0 {
			h.clock.Advance(time.Second)
		}
	}
	h.clock.Advance(2 * time.Minute)
	h.log.Reset()
	r := open(t, h, "users")
	total := 0
	for more := true; more; {
		page := r.page(t)
		total, more, r.got = total+len(page.Records), page.More, nil
	}
	calls := h.log.Totals().Requests
	t.Logf("%d users with %d requests", total, calls)
	if most := 1.1 * (n/1000 + 1); total != n || float64(calls) > most {
		t.Errorf("got %d users with %d requests, want %d with at most %.0f", total, calls, n, most)
	}
}

// TestRefusedCursorSetsTheStreamBack: a cursor that Zendesk does not take is no dead letter; the stream begins anew.
func TestRefusedCursorSetsTheStreamBack(t *testing.T) {
	h := newHarness(t, "users", nil)
	r := open(t, h, "users")
	bad := base64.StdEncoding.EncodeToString([]byte("no place"))
	_, err := r.src.Read(context.Background(), "users", connectors.Cursor(fmt.Sprintf(`{"v":1,"phase":"export","after":%q}`, bad)))
	if !connectors.CursorExpired(err) || strings.Contains(err.Error(), bad) {
		t.Errorf("got %v, want it to say that the cursor is not taken, without the cursor", err)
	}
}

// TestExportNeedsAnAdministrator: the refusal says what to do.
func TestExportNeedsAnAdministrator(t *testing.T) {
	h := newHarness(t, "users", func(o *zendesktest.Options) { o.Role = "agent" })
	_, err := open(t, h, "users").src.Read(context.Background(), "users", "")
	if connectors.KindOf(err) != connectors.Denied || !strings.Contains(err.Error(), "administrator") {
		t.Errorf("got %v, want it denied with the role that is needed", err)
	}
}

// TestSweepThatIsAskedTooEarlyGoesOn: a sweep waits until the export shows everything of before it. When it is asked again
// before that, as after a restart, it waits on: a page that led nowhere new would count as a failure.
func TestSweepThatIsAskedTooEarlyGoesOn(t *testing.T) {
	for _, stream := range []string{"users", "tickets", "organizations"} {
		h := newHarness(t, stream, nil)
		h.clock.Freeze()
		h.Create(t, 3)
		h.clock.Advance(2 * time.Minute)
		sweeper := open(t, h, stream).src.(connectors.Sweeper)
		at := connectors.Cursor("")
		for i := range 5 {
			page, err := sweeper.Sweep(t.Context(), stream, at)
			if err != nil || !page.More || page.Wait <= 0 || page.Next == at {
				t.Fatalf("%s, page %d: got more %v, wait %v, next %s, %v; want to wait behind a new cursor", stream, i, page.More, page.Wait, page.Next, err)
			}
			at = page.Next
		}
		h.clock.Advance(2 * time.Minute)
		if page, err := sweeper.Sweep(t.Context(), stream, at); err != nil || page.More {
			t.Errorf("%s: got more %v and %v, want the end", stream, page.More, err)
		}
	}
}
