package mailchimp_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestMembersWhileTheyMove: members of several audiences change, are archived, come back and change their address while
// they are read, also hundreds in one second, and the connection is opened anew again and again: in the end each is there as
// it is, whether or not the order within a second holds.
func TestMembersWhileTheyMove(t *testing.T) {
	for _, shuffle := range []bool{false, true} {
		h := newHarness(t, func(o *mailchimptest.Options) { o.Shuffle = shuffle })
		h.clock.Freeze()
		rnd := rand.New(rand.NewPCG(7, 7))
		second := h.sim.CreateList("Customers")
		var ids []string
		bulk := 1300
		if shuffle {
			bulk = 40 // no offset gets through a long second whose order changes all the time
		}
		ids = append(ids, h.create(t, h.list, bulk)...)
		for range 900 {
			ids = append(ids, h.create(t, second, 1)...)
			h.clock.Advance(time.Second)
		}
		r := open(t, h, "members")
		for step := range 60 {
			r = &reader{src: open(t, h, "members").src, stream: "members", at: r.at, got: r.got}
			r.page(t)
			for range rnd.IntN(30) {
				id := ids[rnd.IntN(len(ids))]
				switch step % 4 {
				case 0:
					_ = h.sim.Archive(id) // one that is archived already stays so
				case 1:
					must(t, h.sim.Set(mailchimptest.Member{Status: "subscribed", ByPerson: true}, id))
				case 2:
					h.serial++
					must(t, h.sim.Set(mailchimptest.Member{Email: fmt.Sprintf("moved%d@initech.example", h.serial)}, id))
				default:
					h.Change(t, id)
				}
			}
			if step%3 == 0 {
				h.clock.Advance(time.Duration(rnd.IntN(4000)) * time.Millisecond)
			}
		}
		h.clock.Advance(10 * time.Second)
		r.drain(t)
		if r.at == "" {
			t.Fatal("caught up with an empty cursor")
		}
		r.drain(t)
		check(t, h, r.got)
	}
}

// check compares what was read with the account, by version and by what it says.
func check(t *testing.T, h *harness, got []connectors.Record) {
	t.Helper()
	last := map[connectors.Ref]connectors.Record{}
	for _, rec := range got {
		if old, ok := last[rec.Ref]; !ok || !rec.Version.Before(old.Version) {
			last[rec.Ref] = rec
		}
	}
	for _, m := range h.sim.Members() {
		rec := last[connectors.Ref{Connection: "under-test", Object: "members", ID: m.ID}]
		membership := last[connectors.Ref{Connection: "under-test", Object: "memberships", ID: m.ID}]
		if !rec.Version.Equal(m.Stamp) || says(rec, "status") != m.Status || says(rec, "email_address") != m.Email {
			t.Fatalf("member %s of %v: got %v %s %s, want %s", m.ID, m.Stamp, rec.Version, says(rec, "status"), says(rec, "email_address"), m.Status)
		}
		if archived := membership.Deleted.Kind == connectors.Archived; archived != (m.Status == "archived") || says(membership, "person") != m.ID {
			t.Fatalf("membership %s of a member who is %s: got %+v %s", m.ID, m.Status, membership.Deleted, membership.Data)
		}
	}
}

// TestPresentSecondIsLeftAlone: a second that is not over may get more rows, and rows of it other values under the same stamp.
func TestPresentSecondIsLeftAlone(t *testing.T) {
	h := newHarness(t, nil)
	h.clock.Freeze()
	ids := h.Create(t, 3)
	r := open(t, h, "members")
	if got := r.drain(t); len(got) != 0 {
		t.Errorf("got %d records of the present second", len(got))
	}
	h.Change(t, ids[1])
	h.clock.Advance(3 * time.Second)
	r.drain(t)
	if got := of("members", r.got); len(got) != 3 || says(got[ids[1]], "full_name") != "changed 000004 Zhou" {
		t.Errorf("got %v", got)
	}
}

// TestArchivedMember: archiving takes the membership away and leaves the person; coming back brings it back.
func TestArchivedMember(t *testing.T) {
	h := newHarness(t, nil)
	ids := h.Create(t, 3)
	h.clock.Advance(time.Minute)
	r := open(t, h, "members")
	r.drain(t)
	must(t, h.sim.Archive(ids[1]))
	h.clock.Advance(time.Minute)
	got := r.drain(t)
	member, membership := of("members", got)[ids[1]], of("memberships", got)[ids[1]]
	if member.Deleted.Kind != connectors.NotDeleted || says(member, "status") != "archived" || membership.Deleted.Kind != connectors.Archived {
		t.Errorf("got %+v %s and %+v, want a person without membership", member.Deleted, says(member, "status"), membership.Deleted)
	}
	must(t, h.sim.Set(mailchimptest.Member{Status: "subscribed", ByPerson: true}, ids[1]))
	h.clock.Advance(time.Minute)
	if m := of("memberships", r.drain(t))[ids[1]]; m.Deleted.Kind != connectors.NotDeleted || says(m, "status") != "subscribed" {
		t.Errorf("got %+v %s, want it back", m.Deleted, m.Data)
	}
}

// TestChangedAddressIsOnePerson: the record stays, its address and Mailchimp's hash of it change.
func TestChangedAddressIsOnePerson(t *testing.T) {
	h := newHarness(t, nil)
	id := h.Create(t, 1)[0]
	h.clock.Advance(time.Minute)
	r := open(t, h, "members")
	before := of("members", r.drain(t))[id]
	must(t, h.sim.Set(mailchimptest.Member{Email: "new@initech.example"}, id))
	h.clock.Advance(time.Minute)
	after := of("members", r.drain(t))
	if len(after) != 1 || says(after[id], "email_address") != "new@initech.example" || says(before, "id") == says(after[id], "id") ||
		says(before, "unique_email_id") == says(after[id], "unique_email_id") {
		t.Errorf("got %v, want the same member with another address", after)
	}
}

// TestCallsForManyMembers: 100,000 members cost no more than a tenth above the least, a thousand a page, however many share
// a second.
func TestCallsForManyMembers(t *testing.T) {
	for name, each := range map[string]int{"a second each": 1, "a bulk import": 4000} {
		const n = 100_000
		h := newHarness(t, nil)
		h.clock.Freeze()
		for i := 0; i < n; i += each {
			h.create(t, h.list, min(each, n-i))
			h.clock.Advance(time.Second)
		}
		h.clock.Advance(time.Minute)
		h.log.Reset()
		r := open(t, h, "members")
		r.drain(t)
		if got := len(of("members", r.got)); got != n || len(r.got) != 2*n {
			t.Errorf("%s: got %d members in %d records, want %d, each once with its membership", name, got, len(r.got), n)
		}
		calls := h.log.Totals().Requests
		if calls > n/1000*11/10 {
			t.Errorf("%s: %d requests, want at most a tenth above %d", name, calls, n/1000)
		}
		t.Logf("%s: %d requests for %d members", name, calls, n)
		h.clock.Advance(2 * time.Minute)
		r.drain(t)
		h.log.Reset()
		if got := r.drain(t); h.log.Totals().Requests != 3 || len(got) > 0 {
			t.Errorf("%s: a poll of nothing cost %d requests and brought %d records", name, h.log.Totals().Requests, len(got))
		}
	}
}

// TestShortPagesAreNoEnd: a page that is shorter than was asked for ends nothing while the total says that there is more.
func TestShortPagesAreNoEnd(t *testing.T) {
	h := newHarness(t, nil)
	ids := h.Create(t, 700)
	h.clock.Advance(time.Minute)
	h.url = rewriting(t, h.url, func(path, query string) string { return strings.Replace(query, "count=1000", "count=90", 1) })
	r := open(t, h, "members")
	r.drain(t)
	if got := len(of("members", r.got)); got != len(ids) {
		t.Errorf("got %d of %d members", got, len(ids))
	}
}

// TestSweepSeesEveryStatusAndEveryAudience: what a sweep does not list is taken for deleted.
func TestSweepSeesEveryStatusAndEveryAudience(t *testing.T) {
	h := newHarness(t, nil)
	other := h.sim.CreateList("Other")
	want := map[string]bool{}
	for _, list := range []string{h.list, other} {
		for _, status := range []string{"subscribed", "unsubscribed", "cleaned", "pending", "transactional"} {
			h.serial++
			id, err := h.sim.Create(list, mailchimptest.Member{Email: fmt.Sprintf("p%d@initech.example", h.serial), Status: status})
			must(t, err)
			want[id] = true
		}
		gone := h.create(t, list, 2)
		must(t, h.sim.Archive(gone[0]), h.sim.Delete(gone[1]))
		want[gone[0]] = true
	}
	src := open(t, h, "members").src.(connectors.Sweeper)
	got := map[string]bool{}
	for at, more := connectors.Cursor(""), true; more; {
		page, err := src.Sweep(t.Context(), "members", at)
		must(t, err)
		for _, r := range page.Records {
			got[r.Ref.ID] = got[r.Ref.ID] || r.Ref.Object == "members"
		}
		at, more = page.Next, page.More
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestAudienceDeletedMeanwhile: the others are read on.
func TestAudienceDeletedMeanwhile(t *testing.T) {
	h := newHarness(t, nil)
	h.Create(t, 1500)
	other := h.sim.CreateList("Other")
	ids := h.create(t, other, 5)
	h.clock.Advance(time.Minute)
	r := open(t, h, "members")
	r.page(t)
	h.sim.DeleteList(h.list)
	r.drain(t)
	for _, id := range ids {
		if _, ok := of("members", r.got)[id]; !ok {
			t.Errorf("member %s of the audience behind the deleted one was not read", id)
		}
	}
}

// TestNothingIsWritten: the connector makes no other request than GET.
func TestNothingIsWritten(t *testing.T) {
	h := newHarness(t, nil)
	h.sim.Seed(sandbox.Generate(3, 40))
	h.clock.Advance(time.Hour)
	for _, s := range h.Connector().Spec.Streams {
		open(t, h, s.Name).drain(t)
	}
	for _, e := range h.log.Recent() {
		if e.Method != "GET" {
			t.Errorf("%s %s was sent", e.Method, e.Path)
		}
	}
}
