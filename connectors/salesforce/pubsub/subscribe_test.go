package pubsub_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce/pubsub"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	simulator "github.com/millrace/millrace/connectors/salesforce/salesforcetest/pubsub"
)

// quick keeps quiet subscriptions alive often.
var quick = simulator.Options{Keepalive: 50 * time.Millisecond}

// Every kind of change is told with its records and the fields it changed, which are bitmaps on the wire.
func TestChangesAreTold(t *testing.T) {
	w := open(t, quick)
	s := w.follow("")
	w.young(s)
	contact := w.create("Contact", map[string]any{"LastName": "Doe", "MailingCity": "Berlin"})
	w.must(w.org.Set("Contact", map[string]any{"FirstName": "Ann", "MailingCity": "", "Phone": "+49 30 1"}, contact))
	w.must(w.org.Delete("Contact", contact))
	w.must(w.org.Undelete("Contact", contact))
	got, _ := w.changes(s, 4)
	for i, want := range []string{pubsub.Create, pubsub.Update, pubsub.Delete, pubsub.Undelete} {
		c := got[i]
		if c.Type != want || c.Entity != "Contact" || !slices.Equal(c.IDs, []string{contact}) || c.Whole() || c.Deleted() != (want == pubsub.Delete) {
			t.Errorf("change %d: %+v, want %s of the contact", i, c, want)
		}
		if c.At.Before(start.Truncate(time.Second)) || c.At.After(start.Add(time.Minute)) || c.Transaction == "" || c.Sequence < 1 || c.User == "" {
			t.Errorf("change %d: %+v, want its commit", i, c)
		}
	}
	for _, name := range []string{"Name.FirstName", "MailingAddress.City", "Phone"} {
		if !slices.Contains(got[1].Changed, name) {
			t.Errorf("%s is not among the changed fields %v", name, got[1].Changed)
		}
	}
	if !slices.Equal(got[1].Nulled, []string{"MailingAddress.City"}) || got[1].Diff != nil {
		t.Errorf("emptied: %v, told as difference: %v; want the city, and nothing", got[1].Nulled, got[1].Diff)
	}
}

// A transaction that changes many records alike is one event; a merge is several of one transaction.
func TestRecordsOfOneTransactionAreToldTogether(t *testing.T) {
	w := open(t, quick)
	s := w.follow("")
	w.young(s)
	var ids []string
	for i := range 30 {
		ids = append(ids, w.create("Account", map[string]any{"Name": fmt.Sprint("Acme ", i)}))
	}
	w.must(w.org.Set("Account", map[string]any{"Rating": "Hot"}, ids...))
	w.must(w.org.Merge("Account", ids[0], ids[1], ids[2]))
	got, _ := w.changes(s, 35)
	if c := got[30]; !slices.Equal(c.IDs, ids) || !slices.Contains(c.Changed, "Rating") {
		t.Errorf("mass update: %d records, changed %v", len(c.IDs), c.Changed)
	}
	var lost []string
	for i, c := range got[31:] {
		if c.Transaction != got[31].Transaction || c.Sequence != i+1 {
			t.Errorf("part %d of the merge: %+v", i+1, c)
		}
		if c.Deleted() {
			lost = append(lost, c.IDs...)
		}
	}
	if !slices.Equal(lost, ids[1:3]) {
		t.Errorf("the merge deletes %v, want its losers", lost)
	}
}

// Following again behind a cursor tells everything after it and nothing before.
func TestCursorResumes(t *testing.T) {
	w := open(t, simulator.Options{Keepalive: 50 * time.Millisecond, Batch: 3})
	s := w.follow("")
	cursor := w.young(s)
	w.must(s.Close())
	var want []string
	for i := range 20 {
		want = append(want, w.create("Account", map[string]any{"Name": fmt.Sprint("Acme ", i)}))
	}
	for i := 0; i < len(want); {
		s := w.follow(cursor)
		b, err := w.next(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range b.Changes {
			if i >= len(want) || c.IDs[0] != want[i] {
				t.Fatalf("change %d is of %v, want %s", i, c.IDs, want[i])
			}
			i++
		}
		cursor = b.Next
		w.must(s.Close())
	}
}

// What was told in a quiet topic's empty answers keeps the place young: nothing expires while the connection lives.
func TestQuietTopicStaysYoung(t *testing.T) {
	w := open(t, quick)
	s := w.follow("")
	old := w.young(s)
	var cursor connectors.Cursor
	for range 4 {
		w.clock.Advance(24 * time.Hour)
		cursor = w.young(s)
	}
	w.must(s.Close())
	id := w.create("Account", map[string]any{"Name": "Acme"})
	if got, _ := w.changes(w.follow(cursor), 1); got[0].IDs[0] != id {
		t.Errorf("got %+v", got)
	}
	if _, err := w.next(w.follow(old)); !connectors.CursorExpired(err) {
		t.Errorf("a place of four days ago: %v, want expired", err)
	}
}

// A place that is too old, or on an instance the organization has left, is Gone with Expired set; so is a cursor that is
// none of ours.
func TestExpiredPlaces(t *testing.T) {
	w := open(t, quick)
	s := w.follow("")
	cursor := w.young(s)
	w.bus.Move()
	for _, c := range []connectors.Cursor{cursor, "r1:" + "AAAAAAAAAAEAAA", "r1:AAAA"} {
		_, err := w.next(w.follow(c))
		var e *connectors.Error
		if !connectors.CursorExpired(err) || !errors.As(err, &e) || !strings.Contains(e.Reason, "replayid") || e.Trace == "" {
			t.Errorf("cursor %q: %v, want expired, with the vendor's code and trace", c, err)
		}
	}
	for _, c := range []connectors.Cursor{"17", "r1:", "r1:!!", connectors.Cursor("r1:" + strings.Repeat("A", 4000))} {
		if _, err := w.client.Subscribe(t.Context(), "/data/ChangeEvents", c); !connectors.CursorExpired(err) {
			t.Errorf("cursor %q: %v, want expired", c, err)
		}
	}
}

// An access token that is refused is given up and the next one taken.
func TestRefusedTokenIsGivenUp(t *testing.T) {
	w := open(t, quick)
	w.tokens.list = []string{"stale", salesforcetest.DefaultToken}
	_, err := w.next(w.follow(""))
	if connectors.KindOf(err) != connectors.Temporary || !slices.Equal(w.tokens.refused, []string{"stale"}) {
		t.Fatalf("got %v, refused %v; want a failure that passes and the token given up", err, w.tokens.refused)
	}
	if strings.Contains(err.Error(), "stale") {
		t.Errorf("the error shows the token: %v", err)
	}
	w.young(w.follow(""))
}

// Errors have the kind the router acts upon.
func TestRefusals(t *testing.T) {
	w := open(t, simulator.Options{Keepalive: 50 * time.Millisecond, DailyEvents: 1})
	s, err := w.client.Subscribe(t.Context(), "/data/NoSuch__chn", "")
	w.must(err)
	defer s.Close()
	if _, err := w.next(s); connectors.KindOf(err) != connectors.Rejected {
		t.Errorf("a topic that is not there: %v, want rejected", err)
	}
	sub := w.follow("")
	w.young(sub)
	w.create("Account", map[string]any{"Name": "Acme"})
	w.changes(sub, 1)
	_, err = w.next(sub)
	if connectors.KindOf(err) != connectors.Limited || connectors.After(err) == 0 {
		t.Errorf("beyond the day's events: %v, want limited with a wait", err)
	}
	w.tokens.extra["id"] = "https://login.salesforce.com/id/"
	if _, err := w.client.Subscribe(t.Context(), "/data/ChangeEvents", ""); connectors.KindOf(err) != connectors.Denied {
		t.Errorf("a token without the organization's id: %v, want denied", err)
	}
}

// Many more events than may be outstanding keep coming, also when the server sends them one by one.
func TestFlowControl(t *testing.T) {
	for _, batch := range []int{0, 1, 7} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			w := open(t, simulator.Options{Keepalive: time.Minute, Batch: batch})
			s := w.follow("")
			go func() {
				for range 350 { // until the subscription has begun, some are before it
					_, _ = w.org.Create("Account", map[string]any{"Name": "Acme"})
					time.Sleep(100 * time.Microsecond)
				}
				w.bus.Tell("Account", pubsub.GapOverflow)
			}()
			for {
				got, _ := w.changes(s, 1)
				if c := got[len(got)-1]; c.Type == pubsub.GapOverflow {
					break
				}
			}
			if n := w.bus.Told(); n < 250 {
				t.Errorf("%d events were told", n)
			}
			if n := w.bus.Most(); n > 100 {
				t.Errorf("%d events were outstanding, the most is 100", n)
			}
		})
	}
}

// Events that name no records, and ids with a wildcard, are of the whole object.
func TestEventsOfAWholeObject(t *testing.T) {
	w := open(t, simulator.Options{Keepalive: 50 * time.Millisecond, Gap: func(c salesforcetest.Change) bool { return c.Object == "Lead" }})
	s := w.follow("")
	w.young(s)
	w.bus.Tell("Account", pubsub.GapOverflow)
	w.bus.Tell("Account", pubsub.Update, "001*")
	lead := w.create("Lead", map[string]any{"LastName": "Doe", "Company": "Acme"})
	got, _ := w.changes(s, 3)
	for i, whole := range []bool{true, true, false} {
		if got[i].Whole() != whole {
			t.Errorf("change %d: %+v, want whole %v", i, got[i], whole)
		}
	}
	if c := got[2]; c.Type != pubsub.GapCreate || c.IDs[0] != lead || c.Changed != nil {
		t.Errorf("gap: %+v, want the creation of the lead and no fields", c)
	}
}

// A schema that changes on the way is fetched; each is fetched once.
func TestSchemaChangesOnTheWay(t *testing.T) {
	w := open(t, quick)
	s := w.follow("")
	w.young(s)
	id := w.create("Account", map[string]any{"Name": "Acme"})
	w.changes(s, 1)
	w.org.AddField("Account", salesforcetest.Field{Name: "Tier__c"})
	for _, tier := range []string{"Gold", "Silver"} {
		w.must(w.org.Set("Account", map[string]any{"Tier__c": tier}, id))
		got, _ := w.changes(s, 1)
		if !slices.Contains(got[0].Changed, "Tier__c") {
			t.Errorf("changed: %v, want the new field", got[0].Changed)
		}
	}
	if n := w.client.Schemas(); n != 2 {
		t.Errorf("%d schemas are kept, want 2", n)
	}
}

// An event whose schema the vendor does not know is as good as lost: it is told as such, and what comes behind it is read.
func TestEventWithoutSchemaStopsNothing(t *testing.T) {
	w := open(t, quick)
	s := w.follow("")
	before := w.young(s)
	w.must(s.Close())
	w.create("Account", map[string]any{"Name": "Acme"})
	w.bus.ForgetSchema("Account")
	lead := w.create("Lead", map[string]any{"LastName": "Doe", "Company": "Acme"})
	unread, read := 0, []pubsub.Change(nil)
	for again := w.follow(before); len(read) == 0; {
		b, err := w.next(again)
		if err != nil {
			t.Fatal(err)
		}
		unread, read = unread+b.Unread, append(read, b.Changes...)
	}
	if unread != 1 || len(read) != 1 || read[0].IDs[0] != lead {
		t.Errorf("got %d unread and %+v, want one unread and the lead", unread, read)
	}
}

// A connection that is lost, and one on which the server says nothing any more, end with an error that passes.
func TestLostAndSilentConnections(t *testing.T) {
	w := open(t, simulator.Options{Keepalive: 300 * time.Millisecond})
	s := w.follow("")
	w.young(s)
	w.bus.Drop()
	if _, err := w.next(s); connectors.KindOf(err) != connectors.Temporary || !strings.Contains(err.Error(), "service.unavailable") {
		t.Errorf("dropped: %v, want temporary", err)
	}
	w.client.SetSilence(50 * time.Millisecond)
	if _, err := w.next(w.follow("")); connectors.KindOf(err) != connectors.Temporary || !strings.Contains(err.Error(), "said nothing") {
		t.Errorf("silent: %v, want temporary", err)
	}
}

// Closing ends everything that runs for a subscription, and ending the context ends the wait with its error.
func TestCloseLeavesNothing(t *testing.T) {
	w := open(t, quick)
	before := goleak.IgnoreCurrent()
	s := w.follow("")
	w.young(s)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	for {
		if _, err := s.Next(ctx); err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the context's error", err)
			}
			break
		}
	}
	w.must(s.Close())
	w.must(w.bus.Close()) // the server's own goroutines
	goleak.VerifyNone(t, before)
	_ = w.bus
}
