package salesforcetest_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

func TestQueryShowsWhatAnOrganizationHas(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	account := o.create("Account", map[string]any{"Name": "Acme", "AnnualRevenue": 50000, "NumberOfEmployees": 12, "BillingCity": "Köln"})
	contact := o.create("Contact", map[string]any{"FirstName": "Jürgen", "LastName": "O'Brien", "AccountId": account[:15]})
	deal := o.create("Opportunity", map[string]any{"Name": "D", "StageName": "Closed Won", "CloseDate": "2026-12-01", "AccountId": account, "Amount": 1000.5})
	o.create("OpportunityContactRole", map[string]any{"OpportunityId": deal, "ContactId": contact, "Role": "Evaluator", "IsPrimary": true})
	p := o.query("SELECT Id, name, Account.Name, Account.Owner.Name, Amount, IsWon, Probability, ExpectedRevenue, (SELECT ContactId, Role, IsPrimary FROM OpportunityContactRoles) FROM Opportunity")
	if p.TotalSize != 1 || len(p.Records) != 1 {
		t.Fatalf("got %+v", p)
	}
	r := p.Records[0]
	parent := r["Account"].(map[string]any)
	roles := r["OpportunityContactRoles"].(map[string]any)
	role := roles["records"].([]any)[0].(map[string]any)
	if r["Name"] != "D" || parent["Name"] != "Acme" || parent["Owner"].(map[string]any)["Name"] != "Ada Okafor" || r["IsWon"] != true || r["ExpectedRevenue"] != 1000.5 ||
		roles["totalSize"] != 1.0 || role["ContactId"] != contact || role["IsPrimary"] != true {
		t.Errorf("got %+v", r)
	}
	raw := string(o.do("GET", "query?q="+url.QueryEscape("SELECT AnnualRevenue, NumberOfEmployees, BillingAddress, ShippingAddress, CreatedDate FROM Account"), nil).want(t, 200, nil).body)
	for _, part := range []string{`"AnnualRevenue":50000.0`, `"NumberOfEmployees":12`, `"city":"Köln"`, `"ShippingAddress":null`, `"CreatedDate":"2026-11-22T09:00:00.000+0000"`} {
		if !strings.Contains(raw, part) {
			t.Errorf("got %s without %s", raw, part)
		}
	}
}

func TestQueryConditions(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	for i, name := range []string{"Alpha", "beta", "Gamma 100%", "gamma_x"} {
		fields := map[string]any{"Name": name}
		if i > 0 {
			fields["AnnualRevenue"], fields["Industry"] = i*100, "Energy"
		}
		o.create("Account", fields)
		o.clock.Advance(time.Hour)
	}
	for where, want := range map[string][]string{
		"Name = 'ALPHA'": {"Alpha"},
		"Name != 'alpha' AND AnnualRevenue < 300":          {"beta", "Gamma 100%"},
		"AnnualRevenue != 100":                             {"Alpha", "Gamma 100%", "gamma_x"},
		"AnnualRevenue = null":                             {"Alpha"},
		"Industry = ''":                                    {"Alpha"},
		"AnnualRevenue >= 200 OR Name LIKE 'b%'":           {"beta", "Gamma 100%", "gamma_x"},
		"Name LIKE '%\\\\%'":                               {},
		"Name LIKE '%100\\%'":                              {"Gamma 100%"},
		"Name LIKE 'gamma\\_x'":                            {"gamma_x"},
		"Name LIKE '_eta'":                                 {"beta"},
		"Name IN ('beta','Alpha') AND IsDeleted = false":   {"Alpha", "beta"},
		"Name NOT IN ('beta','Alpha')":                     {"Gamma 100%", "gamma_x"},
		"NOT (Name LIKE 'gamma%')":                         {"Alpha", "beta"},
		"CreatedDate > 2026-11-22T10:00:00Z":               {"Gamma 100%", "gamma_x"},
		"CreatedDate >= 2026-11-22T12:00:00.000+01:00":     {"Gamma 100%", "gamma_x"},
		"CreatedDate = TODAY":                              {"Alpha", "beta", "Gamma 100%", "gamma_x"},
		"CreatedDate < TODAY":                              {},
		"Owner.Name = 'ada okafor' AND Parent.Name = null": {"Alpha", "beta", "Gamma 100%", "gamma_x"},
	} {
		if got := o.query("SELECT Name FROM Account WHERE " + where + " ORDER BY CreatedDate").column("Name"); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", where, got, want)
		}
	}
	if got := o.query("SELECT Name FROM Account ORDER BY AnnualRevenue DESC NULLS FIRST, Name LIMIT 3").column("Name"); !slices.Equal(got, []string{"Alpha", "gamma_x", "Gamma 100%"}) {
		t.Errorf("order: got %v", got)
	}
	if p := o.query("SELECT COUNT() FROM Account WHERE AnnualRevenue > 100"); p.TotalSize != 2 || len(p.Records) != 0 {
		t.Errorf("count: got %+v", p)
	}
}

func TestQueryRefuses(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	o.HideField("Contact", "Phone")
	for soql, want := range map[string][2]string{
		"SELECT Id FRM Account":                                          {"MALFORMED_QUERY", "ERROR at Row:1:Column:11"},
		"SELECT Name,BillingCity,IsDeleted FROM Accout":                  {"INVALID_TYPE", "sObject type 'Accout' is not supported"},
		"SELECT Nam FROM Account":                                        {"INVALID_FIELD", "No such column 'Nam' on entity 'Account'"},
		"SELECT Phone FROM Contact":                                      {"INVALID_FIELD", "No such column 'Phone'"},
		"SELECT Id FROM Contact WHERE Phone = 'x'":                       {"INVALID_FIELD", "No such column 'Phone'"},
		"SELECT Foo.Name FROM Contact":                                   {"INVALID_FIELD", "Didn't understand relationship 'Foo'"},
		"SELECT (SELECT Id FROM Foos) FROM Contact":                      {"INVALID_TYPE", "Didn't understand relationship 'Foos'"},
		"SELECT Id FROM Account WHERE CreatedDate > '2026-01-01'":        {"INVALID_FIELD", "must be of type dateTime and should not be enclosed in quotes"},
		"SELECT Id FROM Account WHERE AnnualRevenue = '5'":               {"INVALID_FIELD", "must be of type double"},
		"SELECT Id FROM Account WHERE Name = 5":                          {"INVALID_FIELD", "must be of type string and should be enclosed"},
		"SELECT Id FROM Account WHERE Id = 'x'":                          {"INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"},
		"SELECT Id FROM Account WHERE Description = 'x'":                 {"INVALID_FIELD", "can not be filtered"},
		"SELECT Id FROM Account WHERE Name='a' AND Name='b' OR Name='c'": {"MALFORMED_QUERY", "unexpected token: 'OR'"},
		"SELECT FIELDS(ALL) FROM Account LIMIT 201":                      {"MALFORMED_QUERY", "LIMIT of at most 200"},
	} {
		o.do("GET", "query?q="+url.QueryEscape(soql), nil).refused(t, 400, want[0], want[1])
	}
	o.do("GET", "query?q=SELECT+Id+FROM+Account+WHERE+Name='"+strings.Repeat("x", 16400)+"'", nil).refused(t, 414, "URI_TOO_LONG", "")
	o.do("GET", "query?q=SELECT+Id+FROM+Account", nil, "X-Long", strings.Repeat("x", 16400)).refused(t, 431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "")
}

func TestPagesAndTheirLocators(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	ids := o.contacts(450)
	var p page
	o.do("GET", "query?q=SELECT+Id+FROM+Contact+ORDER+BY+Id", nil, "Sforce-Query-Options", "batchSize=200").want(t, 200, &p)
	if p.Done || p.TotalSize != 450 || len(p.Records) != 200 || !strings.HasPrefix(p.NextRecordsURL, data+"query/0r8") {
		t.Fatalf("got %d of %d, next %s", len(p.Records), p.TotalSize, p.NextRecordsURL)
	}
	// What is purged meanwhile is missing from its page; what changes is shown as it is now.
	must(t, o.Purge("Contact", ids[200]))
	next := p.NextRecordsURL
	all := o.query("SELECT Id FROM Contact ORDER BY Id", "Sforce-Query-Options", "batchSize=10")
	if all.TotalSize != 449 || !slices.Equal(all.column("Id"), slices.Delete(slices.Clone(ids), 200, 201)) {
		t.Errorf("got %d of %d", len(all.Records), all.TotalSize)
	}
	o.do("GET", next, nil).want(t, 200, &p)
	if p.TotalSize != 450 || len(p.Records) != 199 {
		t.Errorf("second page: got %d of %d, want 199 of 450", len(p.Records), p.TotalSize)
	}
	o.clock.Advance(48 * time.Hour)
	o.do("GET", next, nil).refused(t, 400, "INVALID_QUERY_LOCATOR", "QUERY_LOCATOR_EXPIRED")
	o.do("GET", "query/nonsense", nil).refused(t, 400, "INVALID_QUERY_LOCATOR", "FORMAT")
}

// TestSeekInsideATie reads rows that share one SystemModstamp in small pages by the form connectors use.
func TestSeekInsideATie(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	ids := o.contacts(95)
	o.clock.Advance(time.Minute)
	must(t, o.Set("Contact", map[string]any{"Title": "x"}, ids[10:60]...))
	var got []string
	at, last := "2026-11-22T00:00:00.000Z", "000000000000000"
	for range 20 {
		p := o.query(fmt.Sprintf("SELECT Id, SystemModstamp FROM Contact WHERE SystemModstamp > %s OR (SystemModstamp = %s AND Id > '%s') ORDER BY SystemModstamp, Id LIMIT 7", at, at, last))
		if len(p.Records) == 0 {
			break
		}
		got = append(got, p.column("Id")...)
		end := p.Records[len(p.Records)-1]
		at, last = strings.Replace(end["SystemModstamp"].(string), "+0000", "Z", 1), end["Id"].(string)
	}
	want := slices.Concat(ids[:10], ids[60:], ids[10:60])
	if !slices.Equal(got, want) {
		t.Errorf("got %d rows, want %d in the order of time and id", len(got), len(want))
	}
}

// TestIndexesFindWhatScansFind compares random conditions with the same in a form that no index helps with.
func TestIndexesFindWhatScansFind(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	account := o.create("Account", map[string]any{"Name": "A"})
	var ids []string
	for i := range 60 {
		fields := map[string]any{"LastName": fmt.Sprint(i)}
		if i%3 == 0 {
			fields["AccountId"] = account
		}
		ids = append(ids, o.create("Contact", fields))
		if i%4 == 0 {
			o.clock.Advance(time.Second)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	operator := func() string { return []string{"<", ">", "<=", ">=", "=", "!="}[r.IntN(6)] }
	var cond func(depth int) string
	cond = func(depth int) string {
		switch n := r.IntN(8); {
		case depth > 0 && n < 4:
			how := []string{" AND ", " OR "}[r.IntN(2)]
			return "(" + cond(depth-1) + how + cond(depth-1) + how + cond(depth-1) + ")"
		case n == 4:
			return "AccountId = '" + account[:15] + "'"
		case n == 5:
			return fmt.Sprintf("Id IN ('%s','%s')", ids[r.IntN(60)], ids[r.IntN(60)][:15])
		case n == 6:
			return "Id " + operator() + " '" + ids[r.IntN(60)] + "'"
		}
		return "SystemModstamp " + operator() + start.Add(time.Duration(r.IntN(16_000))*time.Millisecond).Format(" 2006-01-02T15:04:05.000Z")
	}
	for range 400 {
		where := cond(2)
		want := o.query("SELECT Id FROM Contact WHERE NOT (NOT (" + where + ")) ORDER BY LastName").column("Id")
		slices.Sort(want)
		for _, order := range []string{"", " ORDER BY Id", " ORDER BY SystemModstamp, Id", " ORDER BY SystemModstamp DESC LIMIT 1000"} {
			got := o.query("SELECT Id FROM Contact WHERE " + where + order).column("Id")
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("%s%s: got %d rows, want %d", where, order, len(got), len(want))
			}
		}
	}
}
