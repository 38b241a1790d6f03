package activecampaign_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/connectortest"
)

// reader reads a stream of an open connection.
type reader struct {
	src    connectors.Source
	stream string
	at     connectors.Cursor
	sweep  bool
	got    map[string]connectors.Record // the newest of each, by object and id
	pages  int
}

func newReader(t testing.TB, h *harness, stream string) *reader {
	t.Helper()
	return &reader{src: connectortest.Open(t, h).(connectors.Source), stream: stream, got: map[string]connectors.Record{}}
}

func (r *reader) read(t testing.TB) connectors.Page {
	t.Helper()
	read := r.src.Read
	if r.sweep {
		read = r.src.(connectors.Sweeper).Sweep
	}
	page, err := read(context.Background(), r.stream, r.at)
	if err != nil {
		t.Fatalf("read %s after %q: %v", r.stream, r.at, err)
	}
	r.take(page.Records)
	r.at, r.pages = page.Next, r.pages+1
	return page
}

// take does what the ledger does: the later version counts, of equal ones the later answer.
func (r *reader) take(records []connectors.Record) {
	for _, rec := range records {
		key := rec.Ref.Object + "/" + rec.Ref.ID
		old, ok := r.got[key]
		if !ok || rec.Version.After(old.Version) || rec.Version.Equal(old.Version) && !rec.Seen.Before(old.Seen) {
			r.got[key] = rec
		}
	}
}

func (r *reader) drain(t testing.TB) {
	t.Helper()
	for range 5000 {
		if !r.read(t).More {
			return
		}
	}
	t.Fatal("the stream does not come to its end")
}

// status is how a contact stands on a list, as its record says.
func (r *reader) status(contact, list string) string {
	return gjson.GetBytes(r.got["contacts/"+contact].Data, `lists.#(list=="`+list+`").status`).String()
}

func contact(t testing.TB, h *harness, address string) string {
	t.Helper()
	return h.make(t, "contacts", map[string]any{"email": address})
}

// TestListsAndTagsThatLeaveNoStamp: ActiveCampaign does not always move a contact's stamp when its lists or tags change. The
// next listing of all contacts shows it, a webhook at once, and so does a poll within a day of the contact's last change.
func TestListsAndTagsThatLeaveNoStamp(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	id := contact(t, h, "zoe@initech.example")
	must(t, h.sim.Subscribe(id, "1", activecampaigntest.Subscribed))
	r := newReader(t, h, "contacts")
	r.drain(t)
	if r.status(id, "1") != "1" || r.got["contactLists/1"].Data == nil {
		t.Fatalf("got %s, want the contact on the list, and its membership", r.got["contacts/"+id].Data)
	}
	h.clock.Advance(time.Hour)
	must(t, h.sim.Tag(id, "vip"))
	if r.drain(t); !strings.Contains(string(r.got["contacts/"+id].Data), `"tags":["vip"]`) {
		t.Error("a tag within a day of the contact's last change does not show")
	}
	h.clock.Advance(72 * time.Hour)
	r.drain(t)
	must(t, h.sim.Untag(id, "vip"), h.sim.Subscribe(id, "1", activecampaigntest.Unsubscribed))
	h.clock.Advance(time.Minute)
	if r.drain(t); r.status(id, "1") != "1" {
		t.Error("the simulator moved the stamp, so that this test shows nothing")
	}
	webhook := newReader(t, h, "contacts")
	records, err := webhook.src.(connectors.Getter).Get(context.Background(), []connectors.Ref{{Connection: connectortest.Connection, Object: "contacts", ID: id}})
	must(t, err)
	sweep := newReader(t, h, "contacts")
	sweep.sweep = true
	sweep.drain(t)
	for how, list := range map[string]map[string]connectors.Record{"a fetch": byKey(records), "a listing of all": sweep.got} {
		r := &reader{got: map[string]connectors.Record{}}
		for _, rec := range list {
			r.take([]connectors.Record{rec})
		}
		if r.status(id, "1") != "2" || !strings.Contains(string(r.got["contacts/"+id].Data), `"tags":[]`) || gjson.GetBytes(r.got["contactLists/1"].Data, "status").String() != "2" {
			t.Errorf("%s says %s, want the contact unsubscribed and without the tag", how, r.got["contacts/"+id].Data)
		}
	}
}

func byKey(records []connectors.Record) map[string]connectors.Record {
	r := &reader{got: map[string]connectors.Record{}}
	r.take(records)
	return r.got
}

// TestSideLoadsAreCompleteOrNothing: a contact without its lists would be one who did not unsubscribe.
func TestSideLoadsAreCompleteOrNothing(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	id := contact(t, h, "zoe@initech.example")
	must(t, h.sim.Subscribe(id, "1", activecampaigntest.Unsubscribed), h.sim.Tag(id, "vip"), h.sim.SetField(id, "TIER", "dropdown", "Gold"))
	for _, member := range []string{"contactLists", "contactTags", "fieldValues"} {
		h.front = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			rewrite(w, r, next, func(body string) string {
				return strings.Replace(body, gjson.Get(body, member).Raw, "[]", 1)
			})
		}
		page, err := newReader(t, h, "contacts").src.Read(context.Background(), "contacts", "")
		if connectors.KindOf(err) != connectors.Temporary || len(page.Records) > 0 {
			t.Errorf("without its rows of %s: got %d records and %v, want none and Temporary", member, len(page.Records), err)
		}
	}
}

// rewrite answers with what another handler answers, changed.
func rewrite(w http.ResponseWriter, r *http.Request, next http.Handler, change func(string) string) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(rec.Code)
	fmt.Fprint(w, change(rec.Body.String()))
}

// TestAccountWithoutSideLoads: `include` is not in the document. An account that ignores it is told apart from contacts on no
// list, and can be read without.
func TestAccountWithoutSideLoads(t *testing.T) {
	h := newHarness(t, "contacts", func(o *activecampaigntest.Options) { o.NoSideLoads = true })
	id := contact(t, h, "zoe@initech.example")
	must(t, h.sim.Subscribe(id, "1", activecampaigntest.Unsubscribed))
	_, err := newReader(t, h, "contacts").src.Read(context.Background(), "contacts", "")
	if connectors.KindOf(err) != connectors.Gone || !strings.Contains(err.Error(), "side_loads") || connectors.CursorExpired(err) {
		t.Errorf("got %v, want Gone and what to do", err)
	}
	h.extra["side_loads"] = []string{}
	r := newReader(t, h, "contacts")
	r.drain(t)
	if data := string(r.got["contacts/"+id].Data); !strings.Contains(data, "zoe@") || strings.Contains(data, `"lists":`) {
		t.Errorf("got %s, want the contact, and no word of its lists", data)
	}
	if len(r.got) != 1 || len(along(t, h)) != 0 {
		t.Errorf("got %d records and %v along, want only the contact: what is not listed any more would be taken for gone", len(r.got), along(t, h))
	}
}

// along returns what comes along with contacts.
func along(t *testing.T, h *harness) []string {
	t.Helper()
	list, err := newReader(t, h, "contacts").src.Streams(context.Background())
	must(t, err)
	for _, s := range list {
		if s.Name == "contacts" {
			return s.Along
		}
	}
	t.Fatal("contacts are not read")
	return nil
}

// TestMembershipsComeAlong: with the contact, in the same bytes whichever way it is read, and not again once it is off the list.
func TestMembershipsComeAlong(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	id := contact(t, h, "zoe@initech.example")
	must(t, h.sim.Subscribe(id, "1", activecampaigntest.Subscribed))
	if got := along(t, h); !slices.Equal(got, []string{"contactLists"}) {
		t.Errorf("got %v along, want the memberships", got)
	}
	read, sweep := newReader(t, h, "contacts"), newReader(t, h, "contacts")
	sweep.sweep = true
	read.drain(t)
	sweep.drain(t)
	records, err := read.src.(connectors.Getter).Get(context.Background(), []connectors.Ref{{Connection: connectortest.Connection, Object: "contacts", ID: id}})
	must(t, err)
	want := read.got["contactLists/1"]
	for how, got := range map[string]connectors.Record{"listed": sweep.got["contactLists/1"], "fetched": byKey(records)["contactLists/1"]} {
		if string(got.Data) != string(want.Data) || !got.Version.Equal(want.Version) || len(got.Data) == 0 {
			t.Errorf("%s: got\n%s at %v, read\n%s at %v", how, got.Data, got.Version, want.Data, want.Version)
		}
	}
	must(t, h.sim.Delete("contactLists", "1"))
	sweep.got = map[string]connectors.Record{}
	if sweep.drain(t); len(sweep.got) != 1 {
		t.Errorf("got %d records, want the contact alone", len(sweep.got))
	}
}

// TestContactsOnVeryManyLists: a page is no larger than the ledger takes; what does not fit is asked for again.
func TestContactsOnVeryManyLists(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	ids := h.Create(t, 90)
	for i := range 70 {
		list := h.make(t, "lists", map[string]any{"name": fmt.Sprint("list ", i)})
		for _, id := range ids {
			must(t, h.sim.Subscribe(id, list, activecampaigntest.Subscribed))
		}
	}
	r := newReader(t, h, "contacts")
	for more := true; more; {
		page := r.read(t)
		if more = page.More; len(page.Records) > 5000 || len(page.Records) == 0 {
			t.Errorf("got a page of %d records", len(page.Records))
		}
	}
	if len(r.got) != 90*71 {
		t.Errorf("got %d records, want %d", len(r.got), 90*71)
	}
}

// TestDeletionWhileListing: what is deleted between two pages moves everything behind it forward; nothing slips through.
func TestDeletionWhileListing(t *testing.T) {
	for _, c := range []struct {
		stream      string
		pages, gone int // so many pages are read, and so many of the first rows deleted then
	}{{"accounts", 2, 1}, {"accounts", 2, 60}, {"accounts", 2, 100}, {"accounts", 4, 290}, {"deals", 2, 3}, {"deals", 3, 250}} {
		h := newHarness(t, c.stream, nil)
		name := map[string]string{"accounts": "name", "deals": "title"}[c.stream]
		var ids []string
		for i := range 450 {
			ids = append(ids, h.make(t, c.stream, map[string]any{name: fmt.Sprint("x", i)}))
		}
		r := newReader(t, h, c.stream)
		for range c.pages {
			r.read(t)
		}
		for _, id := range ids[:c.gone] {
			must(t, h.sim.Delete(c.stream, id))
		}
		r.drain(t)
		for _, id := range ids[c.gone:] {
			if _, ok := r.got[c.stream+"/"+id]; !ok {
				t.Errorf("%s: %s slipped through when %d were deleted", c.stream, id, c.gone)
				break
			}
		}
	}
}

// TestContactDeletedWhileReading: keyset paging does not move.
func TestContactDeletedWhileReading(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	ids := h.Create(t, 350)
	r := newReader(t, h, "contacts")
	r.read(t)
	for _, id := range ids[:90] {
		must(t, h.sim.Delete("contacts", id))
	}
	r.drain(t)
	for _, id := range ids[90:] {
		if _, ok := r.got["contacts/"+id]; !ok {
			t.Fatalf("contact %s slipped through", id)
		}
	}
	if h.log.Count("GET", "/api/3/contacts") != 4 {
		t.Errorf("got %d requests, want 4", h.log.Count("GET", "/api/3/contacts"))
	}
	for _, e := range h.log.Recent() {
		if strings.Contains(e.Query, "offset") {
			t.Errorf("contacts are read by offset: %s", e.Query)
		}
	}
}

// TestIgnoredKeysetIsNoEndlessLoop: whoever does not know id_greater sends the first page for ever.
func TestIgnoredKeysetIsNoEndlessLoop(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	h.Create(t, 150)
	h.front = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		q := r.URL.Query()
		q.Del("id_greater")
		r.URL.RawQuery = q.Encode()
		next.ServeHTTP(w, r)
	}
	r := newReader(t, h, "contacts")
	r.read(t)
	if _, err := r.src.Read(context.Background(), "contacts", r.at); connectors.KindOf(err) != connectors.Temporary {
		t.Errorf("got %v, want Temporary", err)
	}
}

// TestSweepEndsWithNothing: a short page is no proof that nothing follows, and what two sweeps do not list is deleted.
func TestSweepEndsWithNothing(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	h.Create(t, 150)
	h.front = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		q := r.URL.Query()
		q.Set("limit", "60") // an account that gives less than it is asked for
		r.URL.RawQuery = q.Encode()
		next.ServeHTTP(w, r)
	}
	r := newReader(t, h, "contacts")
	r.sweep = true
	if r.drain(t); len(r.got) != 150 {
		t.Errorf("the sweep lists %d contacts of 150", len(r.got))
	}
}

// TestStandingIsAsOldAsItsLastChange: somebody who left and subscribes again did so now, whichever stamp of the row moves, and
// although that of the contact does not.
func TestStandingIsAsOldAsItsLastChange(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	id := contact(t, h, "zoe@initech.example")
	r := newReader(t, h, "contacts")
	var version time.Time
	last := ""
	for i, status := range []int{activecampaigntest.Subscribed, activecampaigntest.Unsubscribed, activecampaigntest.Subscribed} {
		must(t, h.sim.Subscribe(id, "1", status))
		r.drain(t)
		got := r.got["contacts/"+id]
		since := gjson.GetBytes(got.Data, "lists.0.since").String()
		if i > 0 && (since <= last || !got.Version.Equal(version)) {
			t.Errorf("status %d: since %q after %q, version %v after %v; want a later since and the same version", status, since, last, got.Version, version)
		}
		last, version = since, got.Version
		h.clock.Advance(time.Minute)
	}
}
