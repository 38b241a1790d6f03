package hubspottest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
)

type linkRow struct {
	From   struct{ ID string }
	To     []linkEnd
	Paging struct{ Next struct{ After string } }
}

type linkEnd struct {
	ToObjectID       any `json:"toObjectId"`
	AssociationTypes []struct {
		TypeID int `json:"typeId"`
		Label  *string
	}
}

func (a *account) company(name string) string {
	a.t.Helper()
	id, err := a.Create("companies", map[string]string{"name": name})
	if err != nil {
		a.t.Fatal(err)
	}
	return id
}

func TestAssociations(t *testing.T) {
	a := open(t, hubspottest.Options{AssociationPage: 2})
	ids := a.make(2)
	before, _ := a.Object("contacts", ids[0])
	a.clock.Advance(time.Hour)
	c := []string{a.company("A"), a.company("B"), a.company("C")}
	const base = "/crm/associations/2026-09/contacts/companies/batch/"
	body := fmt.Sprintf(`{"inputs":[{"from":{"id":%q},"to":{"id":%q},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":1}]},
		{"from":{"id":%q},"to":{"id":"77"},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":279}]}]}`, ids[0], c[0], ids[0])
	var made page
	a.do("POST", base+"create", body).want(t, 207, &made)
	if len(made.Results) != 1 || made.Errors[0].SubCategory != "crm.associations.INVALID_IDENTIFIER" {
		t.Errorf("create: got %+v", made)
	}
	for _, id := range c[1:] {
		if err := a.Associate("contacts", ids[0], "companies", id, 0); err != nil {
			t.Fatal(err)
		}
	}
	if after, _ := a.Object("contacts", ids[0]); !after.Updated.Equal(before.Updated) {
		t.Errorf("modified: got %v, want %v as before the associations", after.Updated, before.Updated)
	}
	var got struct {
		Results   []linkRow
		NumErrors int
	}
	a.do("POST", base+"read", fmt.Sprintf(`{"inputs":[{"id":%q},{"id":%q}]}`, ids[0], ids[1])).want(t, 207, &got)
	if row := got.Results[0]; len(row.To) != 2 || row.Paging.Next.After == "" || got.NumErrors != 1 || len(row.To[0].AssociationTypes) != 2 {
		t.Fatalf("first page: got %+v, want two of three with a cursor, the first primary, and an error for the other contact", got)
	}
	after := got.Results[0].Paging.Next.After
	got.Results = nil
	a.do("POST", base+"read", fmt.Sprintf(`{"inputs":[{"id":%q,"after":%q}]}`, ids[0], after)).want(t, 200, &got)
	if row := got.Results[0]; len(row.To) != 1 || row.Paging.Next.After != "" {
		t.Errorf("second page: got %+v, want the third", got)
	}
	// A new primary company takes the place of the old one, also when it is set from the company's side.
	if err := a.Associate("companies", c[1], "contacts", ids[0], 2); err != nil {
		t.Fatal(err)
	}
	links := a.Linked("contacts", ids[0], "companies")
	if !slices.Equal(links[c[0]], []int{279}) || !slices.Equal(links[c[1]], []int{1, 279}) {
		t.Errorf("primary: got %v, want it at %s", links, c[1])
	}
	var r struct {
		Associations map[string]struct{ Results []struct{ ID, Type string } }
	}
	a.do("GET", "/crm/v3/objects/contacts/"+ids[0]+"?associations=company,deals", nil).want(t, 200, &r)
	if n := len(r.Associations["companies"].Results); n != 4 || len(r.Associations) != 1 {
		t.Errorf("inline: got %+v, want four entries for three companies and nothing else", r)
	}
	a.do("POST", base+"archive", fmt.Sprintf(`{"inputs":[{"from":{"id":%q},"to":[{"id":%q},{"id":%q}]}]}`, ids[0], c[0], c[1])).want(t, 200, nil)
	a.do("DELETE", "/crm/v4/objects/contacts/"+ids[0]+"/associations/companies/"+c[2], nil).want(t, 204, nil)
	if links := a.Linked("companies", c[2], "contacts"); len(links) != 0 {
		t.Errorf("removed: got %v, want none on the other side either", links)
	}
	a.do("PUT", "/crm/v4/objects/contacts/"+ids[0]+"/associations/default/companies/"+c[0], nil).want(t, 200, nil)
	a.do("PUT", "/crm/objects/2026-09/contacts/"+ids[1]+"/associations/companies/"+c[0], `[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":1}]`).want(t, 201, nil)
	a.do("PUT", "/crm/v4/objects/contacts/"+ids[0]+"/associations/contacts/"+ids[0], `[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":449}]`).want(t, 400, nil)
	a.do("POST", "/crm/v4/associations/notes/notes/batch/read", `{"inputs":[]}`).want(t, 400, nil)
	var listed struct{ Results []linkEnd }
	a.do("GET", "/crm/v4/objects/companies/"+c[0]+"/associations/contacts", nil).want(t, 200, &listed)
	if len(listed.Results) != 2 {
		t.Errorf("list: got %+v, want both contacts", listed)
	}
}
