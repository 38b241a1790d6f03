package zendesk_test

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
)

// TestBorderRowsComeOnce: each page of the time-based export begins with the second that the one before ended with, and
// every poll with the last second there is (dlt#659).
func TestBorderRowsComeOnce(t *testing.T) {
	h := newHarness(t, "organizations", nil)
	made := 0
	for made < 2500 {
		made += len(h.Create(t, 7))
		h.clock.Advance(time.Second)
	}
	h.clock.Advance(2 * time.Minute)
	r := open(t, h, "organizations")
	got := ids(r.drain(t))
	slices.Sort(got)
	if n := len(slices.Compact(slices.Clone(got))); n != made || len(got) != made {
		t.Errorf("got %d records of %d organizations, want each of %d once", len(got), n, made)
	}
	for range 3 {
		h.clock.Advance(time.Hour)
		if again := r.drain(t); len(again) != 0 {
			t.Errorf("an idle poll returned %d records, want none", len(again))
		}
	}
	h.log.Reset()
	h.Change(t, got[0])
	h.clock.Advance(2 * time.Minute)
	if changed := ids(r.drain(t)); len(changed) != 1 || changed[0] != got[0] {
		t.Errorf("got %v, want the one that changed", changed)
	}
}

// TestTiedSecondIsGotPast: a second with more rows than a page holds is listed, and what came before and after it comes
// too, in a bounded number of requests, also in a sweep.
func TestTiedSecondIsGotPast(t *testing.T) {
	h := newHarness(t, "organizations", nil)
	h.clock.Freeze()
	made := h.Create(t, 500)
	h.clock.Advance(time.Second)
	made = append(made, h.Create(t, 2345)...)
	h.clock.Advance(time.Second)
	made = append(made, h.Create(t, 5)...)
	h.clock.Advance(2 * time.Minute)
	h.log.Reset()
	r := open(t, h, "organizations")
	r.drain(t)
	missing(t, made, r.got)
	if n := h.log.Totals().Requests; n > 40 {
		t.Errorf("it took %d requests, want one for each hundred and a few", n)
	}
	sweep := open(t, h, "organizations")
	for {
		page, err := sweep.src.(connectors.Sweeper).Sweep(context.Background(), "organizations", sweep.at)
		if err != nil {
			t.Fatal(err)
		}
		sweep.at, sweep.got = page.Next, append(sweep.got, page.Records...)
		h.clock.Advance(page.Wait)
		if !page.More {
			break
		}
	}
	missing(t, made, sweep.got)
}

func missing(t *testing.T, want []string, got []connectors.Record) {
	t.Helper()
	have := map[string]bool{}
	for _, id := range ids(got) {
		have[id] = true
	}
	n := 0
	for _, id := range want {
		if !have[id] {
			n++
		}
	}
	if n > 0 {
		t.Errorf("%d of %d are missing", n, len(want))
	}
}

// TestOrganizationDeletions: the export says when one was deleted, and a merged one looks the same.
func TestOrganizationDeletions(t *testing.T) {
	h := newHarness(t, "organizations", nil)
	made := h.Create(t, 3)
	h.clock.Advance(2 * time.Minute)
	r := open(t, h, "organizations")
	r.drain(t)
	must(t, h.sim.Delete("organizations", made[0]), h.sim.MergeOrganizations(made[1], made[2]))
	h.clock.Advance(2 * time.Minute)
	want := map[string]connectors.DeletionKind{made[0]: connectors.Soft, made[2]: connectors.Soft}
	for _, rec := range r.drain(t) {
		if rec.Deleted.Kind != want[rec.Ref.ID] {
			t.Errorf("organization %s: got %q, want %q", rec.Ref.ID, rec.Deleted.Kind, want[rec.Ref.ID])
		}
		delete(want, rec.Ref.ID)
	}
	if len(want) > 0 {
		t.Errorf("nothing was said of %v", want)
	}
}

// TestNonsenseOfTheTimeExport: answers that would lead back, or nowhere, are errors and no end of the stream.
func TestNonsenseOfTheTimeExport(t *testing.T) {
	const row = `{"id":1,"updated_at":"2026-11-30T10:00:00Z"}`
	for _, body := range []string{
		`{"organizations":[` + row + `],"end_time":5,"end_of_stream":false,"count":1}`,
		`{"organizations":[` + row + `],"end_time":99999999999,"end_of_stream":true,"count":1}`,
		`{"organizations":[{"id":"x","updated_at":"2026-11-30T10:00:00Z"}],"end_time":1796032800,"end_of_stream":true}`,
		`{"organizations":[{"id":1}],"end_time":1796032800,"end_of_stream":true}`,
		`{"organizations":null,"end_time":1796032800,"end_of_stream":true}`, `{}`, `[]`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
		h := newHarness(t, "organizations", nil)
		h.url = server.URL
		_, err := open(t, h, "organizations").src.Read(context.Background(), "organizations", `{"v":1,"phase":"time","start":1796000000}`)
		if connectors.KindOf(err) != connectors.Temporary {
			t.Errorf("%s: got %v, want an error that is tried again", body, err)
		}
		server.Close()
	}
}

// TestOldAnswersHaveNoEndOfStream: then a page that is not full is the last.
func TestOldAnswersHaveNoEndOfStream(t *testing.T) {
	rows := make([]string, 1000)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":%d,"updated_at":"2026-11-30T10:00:00Z"}`, i+1)
	}
	for n, more := range map[int]bool{1000: true, 999: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", "Mon, 30 Nov 2026 12:00:00 GMT")
			fmt.Fprintf(w, `{"organizations":[%s],"end_time":1796032800}`, strings.Join(rows[:n], ","))
		}))
		h := newHarness(t, "organizations", nil)
		h.url = server.URL
		page := open(t, h, "organizations").page(t)
		if page.More != more || len(page.Records) != n {
			t.Errorf("%d rows: got %d records and more %v, want more %v", n, len(page.Records), page.More, more)
		}
		server.Close()
	}
}
