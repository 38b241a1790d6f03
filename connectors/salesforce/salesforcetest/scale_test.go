package salesforcetest_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
)

func TestFaultsOfThePlan(t *testing.T) {
	plan := sandbox.NewPlan(1)
	o := open(t, salesforcetest.Options{Plan: plan})
	must(t, plan.Add(sandbox.Fault{Match: sandbox.Match{Path: "/query"}, Kind: "400", Times: 1}, sandbox.Fault{Match: sandbox.Match{Method: "PATCH"}, Kind: "400", Times: 1},
		sandbox.Fault{Match: sandbox.Match{Path: "/limits"}, Kind: "503", Times: 1, RetryAfter: "5"}))
	o.do("GET", "query?q=SELECT+Id+FROM+Account", nil).refused(t, 400, "QUERY_TIMEOUT", "running for too long")
	o.do("PATCH", "sobjects/Account/001ak0000000001", `{}`).refused(t, 400, "UNABLE_TO_LOCK_ROW", "")
	if r := o.do("GET", "limits", nil); r.header.Get("Retry-After") != "5" {
		t.Errorf("got %v", r.header)
	} else {
		r.refused(t, 503, "SERVER_UNAVAILABLE", "")
	}
	o.do("GET", "query?q=SELECT+Id+FROM+Account", nil).want(t, 200, nil)
}

// large is an organization with many contacts, a second apart, and the paths of the seeks that begin in their middle.
func large(t testing.TB, n int) (*org, map[string]string) {
	o := open(t, salesforcetest.Options{})
	middle := ""
	for i := range n {
		id := o.create("Contact", map[string]any{"LastName": fmt.Sprint("L", i), "Email": fmt.Sprintf("l%d@acme.example", i), "CreatedDate": start.Add(time.Duration(i-n) * time.Second)})
		if i == n/2 {
			middle = id
		}
	}
	paths := map[string]string{}
	fill := strings.NewReplacer("TIME", start.Add(time.Duration(-n/2)*time.Second).Format("2006-01-02T15:04:05Z"), "ROW", middle)
	for name, soql := range seeks {
		paths[name] = data + "query?q=" + url.QueryEscape(fill.Replace(soql))
	}
	return o, paths
}

// seeks are the queries of a reader that goes on after a row: none may look at every row.
var seeks = map[string]string{
	"stamp": "SELECT Id, LastName, Email, SystemModstamp FROM Contact WHERE SystemModstamp > TIME OR (SystemModstamp = TIME AND Id > '003000000000000') ORDER BY SystemModstamp, Id LIMIT 200",
	"id":    "SELECT Id, LastName, Email FROM Contact WHERE SystemModstamp < 2030-01-01T00:00:00Z AND Id > 'ROW' ORDER BY Id LIMIT 200",
	"one":   "SELECT Id FROM Contact WHERE Id = 'ROW' AND SystemModstamp < 2030-01-01T00:00:00Z",
}

// TestSeeksAreNotScans counts allocations, of which every row that is looked at costs at least one.
func TestSeeksAreNotScans(t *testing.T) {
	const rows = 20_000
	o, paths := large(t, rows)
	for name, path := range paths {
		var p page
		o.do("GET", path, nil).want(t, 200, &p)
		if want := map[string]int{"one": 1}[name]; len(p.Records) != max(want, 200*(1-want)) {
			t.Errorf("%s: got %d rows", name, len(p.Records))
		}
		if got := testing.AllocsPerRun(1, func() { o.do("GET", path, nil).want(t, 200, nil) }); got > rows/2 {
			t.Errorf("%s: %v allocations, want a page to cost what the page has, not what the table has", name, got)
		}
	}
}

// BenchmarkSeek measures a page of 200 rows out of 100,000.
func BenchmarkSeek(b *testing.B) {
	o, paths := large(b, 100_000)
	for name, path := range paths {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest("GET", path, nil)
				r.Header.Set("Authorization", "Bearer "+o.token)
				w := httptest.NewRecorder()
				if o.Handler().ServeHTTP(w, r); w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	o := open(t, salesforcetest.Options{CommitLag: time.Millisecond})
	o.OnChange(func(c salesforcetest.Change) { o.Row(c.Object, c.IDs[0]) })
	ids := o.contacts(20)
	done := make(chan bool)
	for w := range 4 {
		go func() {
			defer func() { done <- true }()
			for i := range 40 {
				r := httptest.NewRequest("GET", data+"query?q=SELECT+Id,Account.Name+FROM+Contact+ORDER+BY+LastName", nil)
				r.Header.Set("Authorization", "Bearer "+o.token)
				o.Handler().ServeHTTP(httptest.NewRecorder(), r)
				_ = o.Set("Contact", map[string]any{"Title": fmt.Sprint(i)}, ids[(w*7+i)%len(ids)])
				o.clock.Advance(time.Millisecond)
				o.Rows("Contact")
			}
		}()
	}
	for range 4 {
		<-done
	}
}
