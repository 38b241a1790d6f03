package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/ledger"
)

// say stores a contact with an address: contacts with one address are one customer.
func (c *crm) say(id, name, email string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock = c.clock.Add(time.Millisecond)
	data, _ := json.Marshal(map[string]string{"id": id, "name": name, "email": email})
	c.put(connectors.Record{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: id}, Version: c.clock, Seen: c.clock, Data: data})
}

// addresses maps contacts with their addresses.
type addresses struct{}

func (addresses) Version() string { return "1" }
func (addresses) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	var v struct{ Name, Email string }
	if err := json.Unmarshal(rec.Data, &v); err != nil {
		return canonical.Profile{}, mapping.Outcome{}, errors.New("not an object")
	}
	name, _ := json.Marshal(v.Name)
	emails, _ := json.Marshal([]map[string]string{{"address": v.Email}})
	return canonical.Profile{Kind: canonical.Person, Fields: []canonical.Field{{Name: "emails", Value: emails}, {Name: "name.full", Value: name}}},
		mapping.Outcome{}, nil
}

func newMergeWorld(t testing.TB) *world {
	w := newWorld(t)
	w.mapper = addresses{}
	return w
}

// owners returns the links of the ledger, and fails the test when one belongs to two items.
func (w *world) owners() map[connectors.Link]string {
	w.t.Helper()
	owners := map[connectors.Link]string{}
	err := w.ledger.EachLink(w.ctx(), "board", func(entity string, k ledger.Link) error {
		if other, twice := owners[k.Link]; twice {
			w.t.Errorf("%s belongs to %s and to %s", k.Link, other, k.Key)
		}
		owners[k.Link] = k.Key
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return owners
}

// board returns what is on the board in the order in which it was made: title, * when it is open, and comments.
func (b *board) list() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for n := 1; n <= b.next; n++ {
		link := connectors.Link(fmt.Sprintf("t%d", n))
		item, there := b.items[link]
		if !there {
			continue
		}
		line := string(link) + " " + item.Title
		if !item.Completed {
			line += " *"
		}
		list = append(list, line)
	}
	return list
}

func (w *world) wantBoard(when string, want ...string) {
	w.t.Helper()
	w.backfill()
	if got := w.board.list(); !slices.Equal(got, want) {
		w.t.Fatalf("%s: got %q, want %q", when, got, want)
	}
	w.owners()
	w.board.shows(w.t)
}

// The contact with the smaller number gives its id to the customer that two become, whichever was shown first.
func TestOldestItemStays(t *testing.T) {
	for name, first := range map[string]string{"the one that stays is older": "1", "the one that goes is older": "2"} {
		t.Run(name, func(t *testing.T) {
			w := newMergeWorld(t)
			w.start()
			for _, id := range []string{first, map[string]string{"1": "2", "2": "1"}[first]} {
				w.crm.say(id, "Ada "+id, id+"@one.example")
				w.backfill()
			}
			older, younger := "t1 Ada "+first, w.board.list()[1]
			younger = strings.TrimSuffix(younger, " *")
			w.crm.say("1", "Ada", "ada@one.example")
			w.crm.say("2", "Ada", "ada@one.example")
			w.wantBoard("merged", "t1 Ada *", younger)
			if said := w.board.said["t2"]; len(said) != 1 || !strings.Contains(said[0], "merged into Ada.") || !strings.HasSuffix(said[0], "https://board.example/t1") {
				t.Errorf("the closed one says %q, want where it goes on", said)
			}
			w.crm.say("2", "Eve", "eve@one.example")
			w.wantBoard("separated", map[string][]string{"1": {"t1 Ada *", "t2 Eve *"}, "2": {"t1 Ada *", "t2 Eve *"}}[first]...)
			if said := w.board.said["t2"]; len(said) != 2 || !strings.Contains(said[1], "separated") {
				t.Errorf("the opened one says %q, want that it was separated", said)
			}
			for range 3 {
				w.crm.say("2", "Ada", "ada@one.example")
				w.wantBoard("merged again", "t1 Ada *", "t2 Eve")
				w.crm.say("2", "Eve", "eve@one.example")
				w.wantBoard("separated again", "t1 Ada *", "t2 Eve *")
			}
			_ = older
			w.halt()
		})
	}
}

// A customer that was never shown takes the object over of the one that merges into it.
func TestUnshownCustomerTakesTheItemOver(t *testing.T) {
	w := newMergeWorld(t)
	w.start()
	w.crm.say("2", "Ada", "ada@one.example")
	w.wantBoard("alone", "t1 Ada *")
	w.crm.say("1", "Ada L.", "ada@one.example")
	w.wantBoard("with an older record", "t1 Ada L. *")
	for _, key := range w.owners() {
		if key != w.board.items["t1"].Key {
			t.Errorf("the object carries the key %s, the ledger says %s", w.board.items["t1"].Key, key)
		}
	}
	w.crm.say("1", "Ada L.", "other@one.example")
	w.wantBoard("separated", "t1 Ada L. *", "t2 Ada *")
	w.crm.say("1", "Ada L.", "ada@one.example")
	w.wantBoard("merged again", "t1 Ada L. *", "t2 Ada")
	w.crm.say("1", "Ada L.", "other@one.example")
	w.wantBoard("separated again", "t1 Ada L. *", "t2 Ada *")
	w.halt()
}

// While a call about an entity is under way, a merge must wait: the call would land on what shows somebody else.
func TestMergeWaitsForACall(t *testing.T) {
	w := newMergeWorld(t)
	begun, end := make(chan struct{}), make(chan struct{})
	w.board.before = func(want connectors.Want) error {
		if want.Item.Title == "Ada" {
			w.board.mu.Unlock()
			close(begun)
			<-end
			w.board.mu.Lock()
			w.board.before = nil
		}
		return nil
	}
	w.start()
	w.crm.say("2", "Ada", "ada@one.example")
	<-begun
	w.crm.say("1", "Ada L.", "ada@one.example")
	w.until(func() bool {
		totals, err := w.ledger.Totals(w.ctx())
		return err == nil && totals.Entities[canonical.Person] == 1 && totals.Live["crm/contacts"] == 2
	})
	w.until(func() bool { // the one that stays has been looked at, and waits
		b, err := w.ledger.Dirty(w.ctx(), "board", "", 10)
		return err == nil && len(b.Due) == 1
	})
	close(end)
	w.wantBoard("merged", "t1 Ada L. *")
	w.halt()
}

// TestMergesNeverDoubleNorClose merges and separates customers at random while calls fail, answers are lost and the program
// is started anew. No object ever belongs to two items, and in the end every customer is shown once and open.
func TestMergesNeverDoubleNorClose(t *testing.T) {
	fewer(t, "10")
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{t: rt, rules: testRules, crm: newCRM(), board: newBoard(), path: filepath.Join(t.TempDir(), "ledger.db"), mapper: addresses{}}
		w.change = func(o *router.Options) { o.Share = 1 }
		w.board.latency = time.Duration(rapid.IntRange(0, 20).Draw(rt, "latency in ms")) * time.Millisecond
		w.start()
		defer func() {
			if w.stop != nil {
				_ = w.stop()
			}
		}()
		emails := map[string]string{}
		for range rapid.IntRange(3, 14).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0, 1, 2, 3, 4, 5:
				id := rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(rt, "contact")
				emails[id] = rapid.SampledFrom([]string{"a@one.example", "b@one.example", "c@one.example"}).Draw(rt, "address")
				w.crm.say(id, "N "+emails[id][:1], emails[id])
			case 6:
				w.until(func() bool { return w.crm.allRead() })
			case 7:
				w.settled()
			case 8:
				w.fault(rapid.IntRange(0, 3).Draw(rt, "fault"), rapid.IntRange(1, 3).Draw(rt, "times"))
			case 9:
				w.halt()
				w.start()
			}
			w.owners()
		}
		w.calm()
		w.backfill()
		w.owners()
		w.verdict(emails)
		w.halt()
	})
}

// verdict wants each address to be shown by one open object.
func (w *world) verdict(emails map[string]string) {
	w.t.Helper()
	want := map[string]int{}
	for _, email := range emails {
		want["N "+email[:1]] = 1
	}
	got := map[string]int{}
	for _, title := range w.board.shows(w.t) {
		got[title]++
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		problems, _ := w.router.Problems(w.ctx())
		w.t.Fatalf("open on the board: %v, want %v; all: %q; %v", got, want, w.board.list(), problems)
	}
}

// settled waits until everything is shown, as far as faults let it.
func (w *world) settled() {
	w.calm()
	w.backfill()
}

func (w *world) calm() {
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	w.board.before, w.board.after, w.board.closed = nil, nil, nil
}

// fault makes the next calls fail.
func (w *world) fault(kind, times int) {
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	fail := func(connectors.Want) error {
		if times--; times < 0 {
			return nil
		}
		return errors.New("connection reset")
	}
	switch kind {
	case 0:
		w.board.before = fail
	case 1, 2:
		w.board.after = fail
	case 3:
		w.board.closed = func() error { return fail(connectors.Want{}) }
	}
}

// allRead reports whether everything was read.
func (c *crm) allRead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.given >= len(c.changes)
}

func (w *world) ctx() context.Context { return context.Background() }
