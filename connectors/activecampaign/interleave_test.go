package activecampaign_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// TestAnyInterleavingOfContactsAndTheirLists: contacts come, change and go, join and leave lists and get tags, which leaves no
// stamp on them, many in one second, while they are polled and listed anew from connections that know nothing of one another.
// In the end what was read is what the account has, and nothing else.
func TestAnyInterleavingOfContactsAndTheirLists(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := newHarness(t, "contacts", nil)
			h.clock.Freeze()
			l := &listing{h: h, rnd: rand.New(rand.NewPCG(seed, 1)), r: newReader(t, h, "contacts")}
			for range 300 {
				l.step(t)
			}
			l.r.drain(t)
			l.r.drain(t)
			for _, row := range h.sim.Rows("contacts") { // what leaves a stamp is shown by polls alone
				if got := gjson.GetBytes(l.r.got["contacts/"+row.ID].Data, "firstName").String(); got != row.Text("firstName") {
					t.Errorf("contacts/%s: got the name %q by polling, want %q", row.ID, got, row.Text("firstName"))
				}
			}
			h.clock.Advance(time.Second)
			l.full, l.r.src = nil, newReader(t, h, "contacts").src
			for l.listed = false; !l.listed; { // what leaves none, and what was deleted, by listing anew
				l.list(t)
			}
			l.check(t)
		})
	}
}

// listing is a poll and a listing that take turns, as the router has them.
type listing struct {
	h      *harness
	rnd    *rand.Rand
	r      *reader
	full   *reader         // the listing that is under way, nil = none
	known  map[string]bool // what was known when it began
	listed bool            // one has ended
	offers string          // the second list
}

func (l *listing) contact() string {
	rows := l.h.sim.Rows("contacts")
	if len(rows) == 0 {
		return ""
	}
	return rows[l.rnd.IntN(len(rows))].ID
}

// step does one thing in the account, or reads one page.
func (l *listing) step(t *testing.T) {
	if l.offers == "" {
		l.offers = l.h.make(t, "lists", map[string]any{"name": "Offers", "stringid": "offers"})
	}
	id, what := l.contact(), l.rnd.IntN(13)
	switch {
	case id == "" || what == 0:
		l.h.Create(t, 1+l.rnd.IntN(40))
	case what == 1:
		l.h.Change(t, id)
	case what <= 4:
		must(t, l.h.sim.Subscribe(id, []string{"1", l.offers}[l.rnd.IntN(2)], l.rnd.IntN(4)))
	case what == 5:
		must(t, l.h.sim.Tag(id, fmt.Sprint("tag ", l.rnd.IntN(3))))
	case what == 6:
		_ = l.h.sim.Untag(id, fmt.Sprint("tag ", l.rnd.IntN(3))) // that it may not have
	case what == 7 && l.rnd.IntN(3) == 0:
		l.h.Delete(t, id)
	case what == 8:
		l.h.clock.Advance(time.Duration(l.rnd.IntN(40_000)) * time.Second)
	case what == 9:
		l.r.src = newReader(t, l.h, "contacts").src
	case what == 10:
		l.list(t)
	default:
		l.r.read(t)
	}
}

// list reads a page of the listing; what one did not list that was known before it began is gone.
func (l *listing) list(t *testing.T) {
	if l.full == nil {
		l.h.clock.Advance(time.Second) // of two answers of one second nobody knows the later
		l.full = newReader(t, l.h, "contacts")
		l.full.sweep, l.known = true, map[string]bool{}
		for key := range l.r.got {
			l.known[key] = true
		}
	}
	page := l.full.read(t)
	l.r.take(page.Records)
	if page.More {
		return
	}
	for key := range l.known {
		if _, found := l.full.got[key]; !found {
			delete(l.r.got, key)
		}
	}
	l.full, l.listed = nil, true
}

// check compares what was read with the account.
func (l *listing) check(t *testing.T) {
	t.Helper()
	want, got := map[string]string{}, map[string]string{}
	for _, row := range l.h.sim.Rows("contacts") {
		want["contacts/"+row.ID] = row.Text("firstName") + " " + l.standing(row.ID)
	}
	for _, row := range l.h.sim.Rows("contactLists") {
		want["contactLists/"+row.ID] = row.Text("status")
	}
	for key, r := range l.r.got {
		if strings.HasPrefix(key, "contactLists/") {
			got[key] = gjson.GetBytes(r.Data, "status").String()
			continue
		}
		var parts []string
		for _, one := range gjson.GetBytes(r.Data, "lists").Array() {
			parts = append(parts, one.Get("list").String()+"="+one.Get("status").String())
		}
		for _, tag := range gjson.GetBytes(r.Data, "tags").Array() {
			parts = append(parts, tag.String())
		}
		slices.Sort(parts)
		got[key] = gjson.GetBytes(r.Data, "firstName").String() + " " + strings.Join(parts, ",")
	}
	if !maps.Equal(got, want) {
		for key := range want {
			if got[key] != want[key] {
				t.Errorf("%s: got %q, want %q", key, got[key], want[key])
			}
		}
		for key := range got {
			if _, there := want[key]; !there {
				t.Errorf("%s is known and was deleted", key)
			}
		}
	}
}

// standing is how a contact stands on lists, and its tags.
func (l *listing) standing(id string) string {
	var parts []string
	for _, row := range l.h.sim.Rows("contactLists") {
		if row.Text("contact") == id {
			parts = append(parts, row.Text("list")+"="+row.Text("status"))
		}
	}
	names := map[string]string{}
	for _, row := range l.h.sim.Rows("tags") {
		names[row.ID] = row.Text("tag")
	}
	for _, row := range l.h.sim.Rows("contactTags") {
		if row.Text("contact") == id {
			parts = append(parts, names[row.Text("tag")])
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
