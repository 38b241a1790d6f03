package crashtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestKillsDuringMerges kills the program while customers become one and two again all the time. In the end every
// customer has one open card that names exactly its records, and no card was made that nobody needed.
func TestKillsDuringMerges(t *testing.T) {
	kills := int(fromEnv(t, "MILLRACE_KILLS", 12))
	for _, mode := range []string{"token", "oauth"} {
		t.Run(mode, func(t *testing.T) {
			s := newScene(t, mode, few, "700ms", 0)
			crowd := s.crowd(8)
			s.people.only, s.check = crowd.readdress, crowd.differences
			for round := range (kills + 1) / 2 {
				s.round(round)
			}
			s.settle()
			if cards := crowd.cards(); len(cards) > len(crowd.ids) {
				t.Errorf("there are %d cards of %d contacts: merges and separations pile up", len(cards), len(crowd.ids))
			}
		})
	}
}

// crowd are contacts without a company who share addresses.
type crowd struct {
	s   *scene
	ids []string
	at  map[string]string // address of each
}

func (s *scene) crowd(n int) *crowd {
	s.t.Helper()
	s.world.HubSpot.AddProperty("contacts", "work_email", "string", false)
	c := &crowd{s: s, at: map[string]string{}}
	for i := range n {
		address := fmt.Sprintf("m%d@crowd.example", i/2)
		id, err := s.world.HubSpot.Create("contacts", map[string]string{"firstname": fmt.Sprint("Crowd ", i), "lastname": "Member", "work_email": address})
		if err != nil {
			s.t.Fatal(err)
		}
		c.ids, c.at[id] = append(c.ids, id), address
	}
	return c
}

// readdress gives one of them another address, which half of the time is somebody else's.
func (c *crowd) readdress() (string, error) {
	id := c.ids[c.s.people.rng.IntN(len(c.ids))]
	c.at[id] = fmt.Sprintf("m%d@crowd.example", c.s.people.rng.IntN(len(c.ids)))
	return "contacts/" + id + " has " + c.at[id], c.s.people.h.Set("contacts", map[string]string{"work_email": c.at[id]}, id)
}

// cards returns what is shown of the crowd: the records that each card names, with a star when it is open.
func (c *crowd) cards() []string {
	var list []string
	for _, task := range c.s.world.Asana.Tasks() {
		var refs []string
		for _, ref := range sources(task.Notes) {
			if _, id, _ := strings.Cut(ref, "/"); strings.HasPrefix(ref, "contacts/") && c.at[id] != "" {
				refs = append(refs, id)
			}
		}
		if len(refs) == 0 {
			continue
		}
		slices.Sort(refs)
		line := strings.Join(refs, "+")
		if !task.Completed {
			line += " *"
		}
		list = append(list, line)
	}
	return list
}

// differences compares the open cards with who shares an address.
func (c *crowd) differences() []string {
	members := map[string][]string{}
	for id, address := range c.at {
		members[address] = append(members[address], id)
	}
	var want, got, list []string
	for _, ids := range members {
		slices.Sort(ids)
		want = append(want, strings.Join(ids, "+")+" *")
	}
	for _, card := range c.cards() {
		if strings.HasSuffix(card, "*") {
			got = append(got, card)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		list = append(list, fmt.Sprintf("open cards of the crowd:\n\t got %q\n\twant %q", got, want))
	}
	for _, by := range []string{"external", "Hub ID"} {
		for _, group := range c.s.world.Asana.Duplicates(by) {
			list = append(list, fmt.Sprintf("DUPLICATE: %d tasks carry the same key: %s", len(group), names(group)))
		}
	}
	return list
}
