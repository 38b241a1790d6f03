package salesforce_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// bulked reads by Bulk jobs with pages of 200 rows, whatever the number of rows.
func bulked(t testing.TB, stream string, change func(*salesforcetest.Options)) *harness {
	h := newHarness(t, stream, change)
	h.extra["backfill"], h.extra["bulk_rows"] = "bulk", 200
	return h
}

// TestSourceByBulk: the suite, with a scan that is a Bulk job.
func TestSourceByBulk(t *testing.T) {
	connectortest.Source(t, func(t *testing.T) connectortest.SourceHarness { return bulked(t, "Contact", nil) })
}

// awkward are texts that CSV, JSON or either's readers stumble over.
var awkward = []string{"plain", `a "quoted" text, with commas`, "two\r\nlines", "two\nlines", "a lone\rreturn", "\"", ",", "'", "trailing\r\n", "日本語 Ελληνικά é\u0301",
	"line separator\u2028here", "<b>&amp;</b>", `back\slash`, "null", "true", "0012", " spaces around "}

// TestBulkSaysWhatRESTSays: a record is the same bytes whichever way it came, or a customer would change to and fro.
func TestBulkSaysWhatRESTSays(t *testing.T) {
	h := bulked(t, "Account", nil)
	for i, text := range awkward {
		f := map[string]any{"Name": fmt.Sprint("row ", i), "Description": text, "BillingStreet": text}
		if i%2 == 0 {
			f["AnnualRevenue"], f["NumberOfEmployees"], f["BillingLatitude"] = 1.5e7, i, -12.50
		}
		h.create(t, "Account", f)
	}
	byBulk := newReader(t, h, "Account")
	byBulk.drain(t, h)
	h.extra["backfill"] = "rest"
	byREST := newReader(t, h, "Account")
	byREST.drain(t, h)
	if len(byBulk.records) != len(awkward) || len(byREST.records) != len(awkward) {
		t.Fatalf("got %d and %d records, want %d", len(byBulk.records), len(byREST.records), len(awkward))
	}
	var refs []connectors.Ref
	for id, rest := range byREST.records {
		refs = append(refs, rest.Ref)
		if bulk := byBulk.records[id]; string(bulk.Data) != string(rest.Data) || !bulk.Version.Equal(rest.Version) {
			t.Errorf("row %s: by Bulk\n%s\nby REST\n%s", id, bulk.Data, rest.Data)
		}
	}
	got, err := byREST.src.(connectors.Getter).Get(context.Background(), refs)
	if err != nil || len(got) != len(refs) {
		t.Fatalf("got %d records and %v, want %d", len(got), err, len(refs))
	}
	for _, rec := range got {
		if want := byREST.records[rec.Ref.ID]; string(rec.Data) != string(want.Data) {
			t.Errorf("row %s: by id\n%s\nby REST\n%s", rec.Ref.ID, rec.Data, want.Data)
		}
	}
}

// TestJobIsWaitedFor: while a job runs its pages are empty and ask to wait, longer each time; a restart goes on with it.
func TestJobIsWaitedFor(t *testing.T) {
	h := bulked(t, "Contact", func(o *salesforcetest.Options) { o.BulkDelay = 5 * time.Minute })
	h.Create(t, 450)
	r := newReader(t, h, "Contact")
	var waits []time.Duration
	for {
		page := r.read(t)
		if page.Wait == 0 {
			break
		}
		if len(page.Records) > 0 || !page.More {
			t.Fatalf("got %d records together with a wait", len(page.Records))
		}
		waits = append(waits, page.Wait)
		h.clock.Advance(page.Wait)
		r.src = connectortest.Open(t, h).(connectors.Source)
	}
	if len(waits) < 5 || len(waits) > 12 || waits[0] > 5*time.Second || waits[len(waits)-1] != time.Minute {
		t.Errorf("got waits of %v, want them to grow up to a minute", waits)
	}
	started := 0
	for _, e := range h.log.Recent() {
		if e.Method == http.MethodPost && strings.HasSuffix(e.Path, "/jobs/query") {
			started++
		}
	}
	if started != 1 {
		t.Errorf("got %d jobs, want one", started)
	}
	r.settle(t, h)
	r.check(t, h)
}

// TestJobsFallBack: where jobs are not allowed, used up, failed or late (airbyte #17148: InProgress for ever on 400 rows;
// estuary PR 3318: the day's jobs are used up), the rows are read by REST, and nothing is lost.
func TestJobsFallBack(t *testing.T) {
	tried := 0
	answer := func(status int, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if !strings.Contains(r.URL.Path, "/jobs/query") {
				next.ServeHTTP(w, r)
				return
			}
			tried++
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	state := func(state, rest string) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if !strings.Contains(r.URL.Path, "/jobs/query") {
				next.ServeHTTP(w, r)
				return
			}
			tried++
			fmt.Fprintf(w, `{"id":"750ak000009AVi5AAG","state":%q%s}`, state, rest)
		}
	}
	cases := map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"turned off": answer(403, `[{"errorCode":"FEATURENOTENABLED","message":"Async Api not enabled"}]`),
		"used up":    answer(400, `[{"errorCode":"LIMIT_EXCEEDED","message":"Max bulk v2 query jobs (10000) per 24 hrs has been reached"}]`),
		"failed":     state("Failed", `,"errorMessage":"InvalidBatch : Field name not found"`),
		"aborted":    state("Aborted", ""),
		"late":       state("InProgress", ""),
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, "Contact", nil)
			tried = 0
			h.behind(t, change)
			h.extra["bulk_deadline"] = "10m"
			h.counted(t, 1_000_000)
			h.Create(t, 250)
			h.clock.Advance(time.Second)
			r := newReader(t, h, "Contact")
			r.settle(t, h)
			r.check(t, h)
			if tried == 0 || r.rows < 250 {
				t.Errorf("got %d rows after %d calls for a job, want a job to be tried", r.rows, tried)
			}
		})
	}
}

// TestJobThatIsGone: a job's result is kept for seven days. A cursor that is older is expired, so that the stream begins
// anew; it is neither an empty page nor a failure for ever.
func TestJobThatIsGone(t *testing.T) {
	h := bulked(t, "Contact", nil)
	h.Create(t, 3)
	for _, c := range []string{
		`{"v":1,"phase":"bulk","bound":1795348800000,"job":{"id":"750ak000009AVi5AAG","began":1795348800000}}`,
		`{"v":1,"phase":"bulk","bound":1795348800000,"job":{"id":"750ak000009AVi5AAG","began":1795348800000,"locator":"MTAwMDA"}}`,
	} {
		_, err := newReader(t, h, "Contact").src.Read(context.Background(), "Contact", connectors.Cursor(c))
		if !connectors.CursorExpired(err) {
			t.Errorf("%s: got %v, want the cursor expired", c, err)
		}
	}
}

// TestTruncatedResultIsNoPage: a result that breaks off in the middle of a row, or between two, is no page.
func TestTruncatedResultIsNoPage(t *testing.T) {
	h := bulked(t, "Contact", nil)
	h.Create(t, 50)
	cut := 0
	h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/results") || cut == 0 {
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
		lines := strings.SplitAfter(whole.Body.String(), "\n")
		fmt.Fprint(w, strings.Join(lines[:cut], ""))
	})
	r := newReader(t, h, "Contact")
	r.read(t)
	at := r.at
	for _, cut = range []int{1, 2, 25, 50} {
		page, err := r.src.Read(context.Background(), "Contact", at)
		if connectors.KindOf(err) != connectors.Temporary || len(page.Records) > 0 || page.Next != "" {
			t.Errorf("%d lines: got %d records and %v, want it to be asked for again", cut, len(page.Records), err)
		}
	}
	cut = 0
	r.settle(t, h)
	r.check(t, h)
}
