package salesforce_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce"
)

// TestBulkResultWithoutRows: a job that found nothing may have a result without even the line of columns.
func TestBulkResultWithoutRows(t *testing.T) {
	for _, rows := range []string{"0", "5"} {
		h := newHarness(t, "Contact", nil)
		h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if !strings.HasSuffix(r.URL.Path, "/results") {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/csv")
			w.Header().Set("Sforce-NumberOfRecords", rows)
			w.Header().Set("Sforce-Locator", "null")
		})
		r := newReader(t, h, "Contact", "backfill", "bulk")
		var err error
		for range 20 {
			var page connectors.Page
			if page, err = r.src.Read(t.Context(), r.stream, r.at); err != nil || !page.More {
				break
			}
			r.take(page)
			h.clock.Advance(page.Wait)
		}
		if (err == nil) != (rows == "0") {
			t.Errorf("announced %s rows: got %v", rows, err)
		}
	}
}

// TestBusyOrganizationIsNoReasonForREST: a job that is refused because too many requests run at the same time is asked for
// again. Reading by REST instead would cost a call for each 2,000 rows.
func TestBusyOrganizationIsNoReasonForREST(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	h.counted(t, 1_000_000)
	h.Create(t, 5)
	before, busy := h.front[0], true
	h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if busy && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/jobs/query") {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded."}]`)
			return
		}
		before(w, r, next)
	})
	r := newReader(t, h, "Contact")
	if page, err := r.src.Read(t.Context(), r.stream, ""); connectors.KindOf(err) != connectors.Limited {
		t.Errorf("got %d records and %v, want to be told to wait", len(page.Records), err)
	}
	busy = false
	if page := r.read(t); len(page.Records) > 0 || page.Wait == 0 {
		t.Errorf("got %d records, want to wait for a job", len(page.Records))
	}
}

// TestPageFitsIntoATransaction: the ledger takes 10,000 records at once. A setting that asks for more is refused, instead of
// the first page.
func TestPageFitsIntoATransaction(t *testing.T) {
	for rows, good := range map[int]bool{0: false, 1: true, 10_000: true, 10_001: false} {
		h := newHarness(t, "Contact", nil)
		h.extra["bulk_rows"] = rows
		values, problems := salesforce.Connector.Spec.Parse(h.Settings())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if _, err := salesforce.Connector.Open(connectors.Env{Settings: values, Now: h.clock.Now}); (err == nil) != good {
			t.Errorf("bulk_rows %d: got %v", rows, err)
		}
	}
}
