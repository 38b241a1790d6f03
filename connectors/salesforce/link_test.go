package salesforce_test

import (
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce"
	"github.com/millrace/millrace/mapping"
)

// TestRecordsHavePages: with the organization's address a record leads to its page, without it to none.
func TestRecordsHavePages(t *testing.T) {
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: salesforce.Connector.Spec.Rules})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"https://acme.my.salesforce.com/": `"https://acme.my.salesforce.com/006000000000001AAA"`,
		"":                                "",
	} {
		values, problems := salesforce.Connector.Spec.Parse(map[string]any{"client_id": "c", "site_url": address})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		vars := map[string]string{}
		if site := values.String("site_url"); site != "" {
			vars["site_url"] = site
		}
		set := mapping.NewSet(map[string]mapping.Connection{"sf": {Rules: rules, Vars: vars}})
		p, _, err := set.Map(connectors.Record{Ref: connectors.Ref{Connection: "sf", Object: "Opportunity", ID: "006000000000001AAA"},
			Data: []byte(`{"Id":"006000000000001AAA","Name":"Deal"}`)})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range p.Fields {
			if f.Name == "url" {
				got = string(f.Value)
			}
		}
		if got != want {
			t.Errorf("with site_url %q the record's page is %s, want %s", address, got, want)
		}
	}
}
