package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
)

// bigCustomer has a thousand of everything.
func bigCustomer() *customerReport {
	rep := &customerReport{ID: "org_1", Kind: canonical.Organization, Label: "Acme", ReferredBy: map[string][]brief{}}
	for i := range 1000 {
		name := fmt.Sprint("x", i)
		rep.Fields = append(rep.Fields, identity.Why{Field: name, Value: json.RawMessage(`"` + strings.Repeat("long ", 100) + `"`), Source: "crm/companies/1"})
		rep.Members = append(rep.Members, memberReport{Ref: "crm/companies/" + name})
		for _, k := range []string{"person", "deal", "ticket"} {
			rep.ReferredBy[k] = append(rep.ReferredBy[k], brief{ID: name, Label: strings.Repeat("name ", 100)})
		}
		rep.Timeline = append(rep.Timeline, moment{At: time.Unix(int64(i), 0), What: "deal opened", Label: name})
		rep.Shown = append(rep.Shown, shownReport{Target: "asana", Title: strings.Repeat("title ", 100)})
		rep.Review = append(rep.Review, pairReport{A: name, B: name})
		rep.Decisions = append(rep.Decisions, ledger.Decision{A: name, B: name})
	}
	return rep
}

// A customer fits a screen, however large it is; nothing is left out with --all.
func TestCustomerFitsAScreen(t *testing.T) {
	var b bytes.Buffer
	a := &app{out: &b, columns: 120}
	a.printCustomer(bigCustomer(), false)
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) > 72 {
		t.Errorf("got %d lines, want at most 72", len(lines))
	}
	for _, line := range lines {
		if n := columns(line); n > 150 { // the cells before the last one are never cut below what says something
			t.Errorf("got a line of %d columns: %s", n, line)
		}
	}
	b.Reset()
	a.printCustomer(bigCustomer(), true)
	if n := strings.Count(b.String(), "\n"); n < 9000 {
		t.Errorf("got %d lines with --all, want all 9,000", n)
	}
}
