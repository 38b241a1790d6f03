package soql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/soql"
)

func TestParse(t *testing.T) {
	q, err := soql.Parse(`select Id, Account.Owner.Name, (SELECT ContactId FROM OpportunityContactRoles WHERE IsPrimary = true LIMIT 5)
		FROM Opportunity WHERE (SystemModstamp > 2026-05-01T12:00:00.000Z OR (SystemModstamp = 2026-05-01T12:00:00+01:00 AND Id > '006000000000001'))
		AND Name LIKE 'O\'B%' AND StageName NOT IN ('a','b') AND NOT (Amount = null) ORDER BY SystemModstamp ASC NULLS LAST, Id DESC LIMIT 10 OFFSET 2`)
	if err != nil {
		t.Fatal(err)
	}
	if len(q.Items) != 3 || strings.Join(q.Items[1].Path, ".") != "Account.Owner.Name" || q.Items[2].Children == nil || q.Items[2].Children.Limit != 5 {
		t.Errorf("items: got %+v", q.Items)
	}
	all := q.Where.(soql.And)
	if len(all) != 4 || len(all[0].(soql.Or)) != 2 || all[1].(*soql.Cond).Values[0].Text != "O'B%" || all[2].(*soql.Cond).Op != "NOT IN" {
		t.Errorf("where: got %+v", all)
	}
	if len(q.Order) != 2 || !q.Order[0].NullsLast || q.Order[0].Desc || !q.Order[1].Desc || q.Limit != 10 || q.Offset != 2 {
		t.Errorf("tail: got %+v limit %d offset %d", q.Order, q.Limit, q.Offset)
	}
	if q, err = soql.Parse("SELECT COUNT() FROM Account"); err != nil || !q.Count {
		t.Errorf("count: got %+v, %v", q, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "unexpected token: <EOF>",
		"SELECT FROM Account":    "unexpected token: 'FROM'",
		"SELECT Id FRM Account":  "unexpected token: 'FRM'",
		"SELECT Id FROM A WHERE": "unexpected token: <EOF>",
		"SELECT Id FROM A WHERE a=1 AND b=2 OR c=3":                "unexpected token: 'OR'",
		"SELECT Id FROM A WHERE a='x":                              "line breaks not allowed in string literals",
		"SELECT Id FROM A WHERE a=2026-05-01T12:00:00 00:00":       "unexpected token: 'T12'",
		"SELECT Id, (SELECT Id, (SELECT Id FROM Z) FROM X) FROM A": "unexpected token: '('",
		"SELECT Id FROM A LIMIT -1":                                "unexpected token: '-1'",
		"SELECT Id FROM A WHERE " + strings.Repeat("(", 60):        "condition is nested too deeply",
	} {
		if _, err := soql.Parse(text); err == nil || err.Error() != want {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
}

func TestPoint(t *testing.T) {
	text := "SELECT Id,Name,BillingCity,IsDeleted FROM Accout"
	got := soql.Point(text, strings.Index(text, "Accout"), "sObject type 'Accout' is not supported.")
	if !strings.Contains(got, fmt.Sprintf("^\nERROR at Row:1:Column:%d\nsObject type", strings.Index(text, "Accout")+1)) {
		t.Errorf("got %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("SELECT Id FROM A WHERE x IN ('a') ORDER BY y DESC LIMIT 1")
	f.Add("SELECT COUNT() FROM A WHERE a > LAST_N_DAYS:3")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := soql.Parse(text)
		if err == nil && q.From == "" {
			t.Errorf("%q: no object and no error", text)
		}
	})
}
