package salesforce_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// TestNewFieldIsReadAndFilled: a field that is added is read with the next pass, and the rows that have a value in it are
// read again although their stamp did not move (estuary PR 3493: missing until a restart).
func TestNewFieldIsReadAndFilled(t *testing.T) {
	h := newHarness(t, "Account", nil)
	ids := h.Create(t, 450)
	r := newReader(t, h, "Account")
	r.settle(t, h)
	h.clock.Advance(time.Minute)
	h.sim.AddField("Account", salesforcetest.Field{Name: "Tier__c", Type: "string", Calculated: true})
	for _, id := range ids[:300] {
		if err := h.sim.SetCalculated("Account", "Tier__c", id, "Gold"); err != nil {
			t.Fatal(err)
		}
	}
	h.log.Reset()
	before := r.rows
	r.drain(t, h)
	for i, id := range ids {
		if got := r.value(id, "Tier__c").String(); (got == "Gold") != (i < 300) {
			t.Fatalf("row %d: got %q", i, got)
		}
	}
	if again := r.rows - before; again < 300 || again > 310 {
		t.Errorf("got %d rows again, want the 300 that have a value", again)
	}
	h.clock.Advance(h.Settle())
	before = r.rows
	r.drain(t, h)
	if r.rows != before {
		t.Errorf("got %d rows once more", r.rows-before)
	}
}

// TestUnchangedDescribeIsAskedFor: every pass asks whether the object changed, and is answered with nothing when it did not.
// Now and then it asks for all of it: what the user may see can change without the object's own time.
func TestUnchangedDescribeIsAskedFor(t *testing.T) {
	h := newHarness(t, "Account", nil)
	h.clock.Advance(time.Hour)
	r := newReader(t, h, "Account")
	r.settle(t, h)
	for _, wait := range []time.Duration{time.Minute, 7 * time.Hour} {
		want := http.StatusNotModified
		if wait > time.Hour {
			want = http.StatusOK
		}
		h.log.Reset()
		h.clock.Advance(wait)
		r.drain(t, h)
		var statuses []int
		for _, e := range h.log.Recent() {
			if strings.HasSuffix(e.Path, "/describe") {
				statuses = append(statuses, e.Status)
			}
		}
		if !slices.Equal(statuses, []int{want}) {
			t.Errorf("after %v: got describes answered %v, want one with %d", wait, statuses, want)
		}
	}
}

// TestHiddenFieldIsLeftOut: a field that is hidden from the user between two pages, or removed, is left out from then on.
func TestHiddenFieldIsLeftOut(t *testing.T) {
	h := newHarness(t, "Account", nil)
	ids := h.Create(t, 450)
	r := newReader(t, h, "Account")
	r.read(t)
	h.sim.HideField("Account", "Phone")
	h.sim.HideField("Account", "Fax")
	r.settle(t, h)
	r.check(t, h)
	h.Change(t, ids...)
	r.settle(t, h)
	r.check(t, h)
	if r.value(ids[0], "Phone").Exists() || !r.value(ids[0], "Name").Exists() {
		t.Errorf("got %s, want it without the hidden field", r.records[ids[0]].Data)
	}
}

// TestRefusedFieldIsLeftOut: a field that describe lists and queries refuse does not stop the stream.
func TestRefusedFieldIsLeftOut(t *testing.T) {
	h := newHarness(t, "Account", nil)
	ids := h.Create(t, 3)
	h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Query().Get("q"), "Tradestyle") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `[{"message":"\nSELECT Id, Tradestyle FROM\n ^\nERROR at Row:1:Column:12\nNo such column 'Tradestyle' on entity 'Account'.","errorCode":"INVALID_FIELD"}]`)
			return
		}
		next.ServeHTTP(w, r)
	})
	r := newReader(t, h, "Account")
	r.settle(t, h)
	r.check(t, h)
	if r.value(ids[0], "Tradestyle").Exists() || !r.value(ids[0], "Site").Exists() {
		t.Errorf("got %s", r.records[ids[0]].Data)
	}
}

// wide adds so many fields that they do not fit into an address.
func wide(t testing.TB, h *harness, object string) (last string) {
	for i := range 400 {
		last = fmt.Sprintf("A_field_with_a_rather_long_name_%03d__c", i)
		h.sim.AddField(object, salesforcetest.Field{Name: last, Type: "string"})
	}
	return last
}

// TestWideObjectIsReadWhole: an object whose fields do not fit into an address of 16,384 bytes is read by id, all fields of
// a row in one instant. Airbyte joins several queries and skips the rows that changed between them.
func TestWideObjectIsReadWhole(t *testing.T) {
	for _, stream := range []string{"Account", "Opportunity"} {
		t.Run(stream, func(t *testing.T) {
			h := newHarness(t, stream, nil)
			last := wide(t, h, stream)
			ids := h.Create(t, 250)
			if err := h.sim.Set(stream, map[string]any{last: "there"}, ids...); err != nil {
				t.Fatal(err)
			}
			gone := h.Create(t, 1)[0]
			// A row changes and another one goes between the query and the reading of its fields.
			changed := false
			h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if strings.Contains(r.URL.Path, "/composite/sobjects/") && !changed {
					changed = true
					h.clock.Advance(time.Second)
					h.Change(t, ids[3])
					h.Delete(t, gone)
				}
				next.ServeHTTP(w, r)
			})
			r := newReader(t, h, stream)
			r.settle(t, h)
			r.check(t, h)
			for _, id := range ids {
				if r.value(id, last).String() != "there" {
					t.Fatalf("row %s lacks its last field: %.200s", id, r.records[id].Data)
				}
			}
			if stream == "Opportunity" && !strings.Contains(string(r.records[ids[0]].Data), `"OpportunityContactRoles":[{"Id":"00K`) {
				t.Errorf("the contact roles are missing: %.80s", r.records[ids[0]].Data)
			}
			for _, e := range h.log.Recent() {
				if n := len(e.Path) + len(e.Query); n > 14_000 {
					t.Fatalf("got an address of %d bytes", n)
				}
			}
			if !changed {
				t.Error("no row was read by id")
			}
			got, err := r.src.(connectors.Getter).Get(context.Background(), []connectors.Ref{{Connection: "under-test", Object: stream, ID: ids[0]}})
			if err != nil || len(got) != 1 || string(got[0].Data) != string(r.records[ids[0]].Data) {
				t.Errorf("by id: got %d records and %v, want what the scan said", len(got), err)
			}
		})
	}
}

// TestFormulasAreRefreshedBySweep: a formula changes without a stamp (heroku roadmap #319). The sweep brings it, and says so
// with a later Seen.
func TestFormulasAreRefreshedBySweep(t *testing.T) {
	h := newHarness(t, "Account", nil)
	h.sim.AddField("Account", salesforcetest.Field{Name: "Total__c", Type: "currency", Precision: 18, Scale: 2, Calculated: true})
	id := h.Create(t, 1)[0]
	r := newReader(t, h, "Account")
	r.settle(t, h)
	if err := h.sim.SetCalculated("Account", "Total__c", id, 12.5); err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(h.Settle())
	r.drain(t, h)
	if got := r.value(id, "Total__c"); got.Raw != "null" {
		t.Errorf("by polling: got %s; if polls see formulas now, the sweep need not", got.Raw)
	}
	r.sweep(t, h)
	if got := r.value(id, "Total__c"); got.Raw != "12.5" {
		t.Errorf("after a sweep: got %s, want 12.5", got.Raw)
	}
}

// without makes describe forget fields, as for a user who may not read them.
func without(t *testing.T, h *harness, names ...string) {
	h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/describe") {
			next.ServeHTTP(w, r)
			return
		}
		whole := httptest.NewRecorder()
		next.ServeHTTP(whole, r)
		for name, values := range whole.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(whole.Code)
		text := whole.Body.String()
		for _, name := range names {
			text = strings.ReplaceAll(text, `"name":"`+name+`"`, `"name":""`)
		}
		_, _ = w.Write([]byte(text))
	})
}

// TestOtherStamps: where SystemModstamp cannot be read, LastModifiedDate says what changed; where nothing does, every pass
// lists everything.
func TestOtherStamps(t *testing.T) {
	for _, c := range []struct {
		hidden   []string
		stamp    string
		snapshot bool
	}{
		{[]string{"SystemModstamp"}, "LastModifiedDate", false},
		{[]string{"SystemModstamp", "LastModifiedDate"}, "CreatedDate", false},
		{[]string{"SystemModstamp", "LastModifiedDate", "CreatedDate"}, "", true},
	} {
		h := newHarness(t, "Contact", nil)
		without(t, h, c.hidden...)
		h.extra["volatile"] = []any{"Contact.Title"} // so that Streams describes
		ids := h.Create(t, 450)
		r := newReader(t, h, "Contact")
		streams, err := r.src.Streams(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(streams, func(s connectors.Stream) bool { return s.Name == "Contact" }); streams[i].Snapshot != c.snapshot {
			t.Errorf("%v hidden: got %+v", c.hidden, streams[i])
		}
		r.drain(t, h)
		if len(r.records) != len(ids) {
			t.Errorf("%v hidden: got %d records, want %d", c.hidden, len(r.records), len(ids))
		}
		h.clock.Advance(time.Minute)
		if r.drain(t, h); c.snapshot && r.rows != 2*len(ids) {
			t.Errorf("got %d rows by two listings, want all twice", r.rows)
		}
		for _, q := range h.queries() {
			if strings.Contains(q, "ORDER BY "+c.stamp+",") != (strings.Contains(q, "ORDER BY") && !strings.Contains(q, "ORDER BY Id")) {
				t.Errorf("%v hidden: got the query …%s", c.hidden, q[max(0, len(q)-200):])
			}
		}
	}
}
