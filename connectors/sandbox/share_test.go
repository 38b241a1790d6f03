package sandbox_test

import (
	"testing"

	"github.com/millrace/millrace/connectors/sandbox"
)

// TestShareIsWhole: what a share keeps refers to the same customers as before, whatever else was left out.
func TestShareIsWhole(t *testing.T) {
	all := sandbox.Generate(5, 400)
	third := func(rest int) func(int) bool { return func(i int) bool { return i%3 == rest } }
	none := func(int) bool { return false }
	part := all.Shared(sandbox.Share{Organization: none, Person: third(0), Deal: third(1), Ticket: third(2)})
	if len(part.People) == 0 || len(part.People) >= len(all.People) || len(part.Deals) != (len(all.Deals)+1)/3 {
		t.Fatalf("got %d people and %d deals of %d and %d", len(part.People), len(part.Deals), len(all.People), len(all.Deals))
	}
	place := 0
	for i, d := range all.Deals {
		if i%3 != 1 {
			continue
		}
		got := part.Deals[place]
		place++
		if got.Name != d.Name || part.People[got.Person] != moved(all, part, d.Person) {
			t.Errorf("deal %q is of %q, want %q", got.Name, part.People[got.Person].Email, all.People[d.Person].Email)
		}
		if (got.Organization < 0) != (d.Organization < 0) || d.Organization >= 0 && part.Organizations[got.Organization] != all.Organizations[d.Organization] {
			t.Errorf("deal %q lost its organization", got.Name)
		}
	}
	for _, p := range part.People {
		if p.Organization >= len(part.Organizations) {
			t.Errorf("%s works for organization %d of %d", p.Email, p.Organization, len(part.Organizations))
		}
	}
	if whole := all.Shared(sandbox.Share{}); len(whole.People) != len(all.People) || whole.Tickets[3] != all.Tickets[3] {
		t.Error("an empty share does not keep everything")
	}
}

// moved is a person as the share must have it: the same but for the place of its organization.
func moved(all, part sandbox.Customers, i int) sandbox.Person {
	p := all.People[i]
	if p.Organization >= 0 {
		for j, o := range part.Organizations {
			if o == all.Organizations[p.Organization] {
				p.Organization = j
			}
		}
	}
	return p
}
