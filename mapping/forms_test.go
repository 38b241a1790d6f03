package mapping

import (
	"slices"
	"strings"
	"testing"
)

// An id of a peer that people or tools write in another form than its records have leads to the same record.
func TestIDsOfPeersHaveOneForm(t *testing.T) {
	long := func(id string) string {
		if strings.HasPrefix(id, "003") && len(id) == 4 {
			return id + "-long"
		}
		return id
	}
	r := load(t, rules)
	peers := map[string]string{"salesforce": "sf"}
	with := NewSet(map[string]Connection{"hs-main": {Rules: r, Peers: peers, Forms: map[string]func(string) string{"salesforce": long}}})
	without := NewSet(map[string]Connection{"hs-main": {Rules: r, Peers: peers}})
	for _, c := range []struct {
		set      *Set
		id, want string
	}{
		{with, "003A", "sf/Contact/003A-long"}, {with, " 003A ", "sf/Contact/003A-long"}, {with, "003A-long", "sf/Contact/003A-long"},
		{with, "no id", "sf/Contact/no id"}, {without, "003A", "sf/Contact/003A"},
	} {
		p, o, err := c.set.Map(record("contacts", "7", `{"id":"7","properties":{"salesforcecontactid":"`+c.id+`"}}`))
		if err != nil || !slices.Equal(p.Same, []string{c.want}) || o.Warnings != nil {
			t.Errorf("%q: got %v, %v, %v; want %s", c.id, p.Same, o.Warnings, err, c.want)
		}
	}
	if with.Version() == without.Version() {
		t.Error("both sets have one version: records that are stored would keep their references")
	}
}
