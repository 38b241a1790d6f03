package mailchimp_test

import (
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
)

// TestSmallLists: audiences, segments with tags, and interests with their categories, each once, with the names that they
// belong to.
func TestSmallLists(t *testing.T) {
	h := newHarness(t, nil)
	second := h.sim.CreateList("Customers")
	ids, err := h.sim.AddInterests(second, "Topics", "Robots", "Looms")
	must(t, err)
	_, err = h.sim.AddInterests(second, "Empty")
	must(t, err)
	saved, err := h.sim.AddSegment(h.list, "Opened lately")
	must(t, err)
	member, err := h.sim.Create(second, mailchimptest.Member{Email: "zoe@initech.example", Status: "subscribed", Tags: []string{"vip"}, Interests: map[string]bool{ids[1]: true}})
	must(t, err)
	h.clock.Advance(time.Minute)

	if got := of("lists", open(t, h, "lists").drain(t)); len(got) != 2 || says(got[second], "name") != "Customers" || says(got[second], "stats.member_count") != "1" {
		t.Errorf("lists: got %v", got)
	}
	segments := of("segments", open(t, h, "segments").drain(t))
	if len(segments) != 2 || says(segments[saved], "list_name") != "News" || says(segments[saved], "type") != "saved" {
		t.Errorf("segments: got %v", segments)
	}
	interests := of("interests", open(t, h, "interests").drain(t))
	if one := interests[second+":"+ids[1]]; len(interests) != 2 || says(one, "name") != "Looms" || says(one, "category") != "Topics" || says(one, "subscriber_count") != "1" {
		t.Errorf("interests: got %v", interests)
	}
	got := of("members", open(t, h, "members").drain(t))[member]
	if says(got, "interest_ids.#") != "1" || says(got, "interest_ids.0") != ids[1] || says(got, "list_name") != "Customers" || says(got, "tags.0.name") != "vip" {
		t.Errorf("member: got %s", got.Data)
	}
}

// TestShrinkingListIsReadAgain: an offset into a list that has lost rows steps over others; the list is read again, and a
// list that loses rows all the time ends all the same.
func TestShrinkingListIsReadAgain(t *testing.T) {
	for name, always := range map[string]bool{"once": false, "always": true} {
		h := newHarness(t, nil)
		var lists []string
		for i := range 60 {
			lists = append(lists, h.sim.CreateList(fmt.Sprint("List ", i)))
			h.clock.Advance(time.Second)
		}
		h.url = rewriting(t, h.url, small(10))
		r := open(t, h, "lists")
		gone := 0
		for pages := 0; ; pages++ {
			if pages > 100 {
				t.Fatalf("%s: no end after 100 pages", name)
			}
			more := r.page(t).More
			if pages == 1 || always && gone < 50 {
				h.sim.DeleteList(lists[gone])
				gone++
			}
			if !more {
				break
			}
		}
		got := of("lists", r.got)
		for _, id := range lists[gone:] {
			if _, ok := got[id]; !ok && !always {
				t.Errorf("%s: list %s was stepped over", name, id)
			}
		}
	}
}

// small has a list answer no more rows than n, as if there were a thousand times more of them.
func small(n int) func(path, query string) string {
	return func(path, query string) string {
		q, err := url.ParseQuery(query)
		if path == "/3.0/reports" { // those of a page of campaigns must fit in one answer
			return query
		}
		if count, bad := strconv.Atoi(q.Get("count")); err == nil && bad == nil && count > n {
			q.Set("count", strconv.Itoa(n))
		}
		return q.Encode()
	}
}

// TestManyPagesOfEverything: every stream is the same in pages of three as in one.
func TestManyPagesOfEverything(t *testing.T) {
	h := newHarness(t, nil)
	for i := range 8 {
		list := h.sim.CreateList(fmt.Sprint("List ", i))
		_, err := h.sim.AddInterests(list, "Topics", "A", "B", "C", "D")
		must(t, err)
		for j := range 5 {
			_, err := h.sim.AddSegment(list, fmt.Sprint("Segment ", j))
			must(t, err)
		}
		h.create(t, list, 7)
		id := h.sim.AddCampaign(mailchimptest.Campaign{List: list, Title: "T", Subject: "S", Recipients: 7, Sent: h.clock.Now().Add(-time.Hour)})
		for j := range 9 {
			must(t, h.sim.AddEvent(id, mailchimptest.Event{Address: fmt.Sprintf("p%d@initech.example", j%4), Action: "open", At: h.clock.Now().Add(time.Duration(j-60) * time.Minute)}))
		}
	}
	h.clock.Advance(time.Minute)
	whole := map[string]map[string]connectors.Record{}
	for _, s := range h.Connector().Spec.Streams {
		whole[s.Name] = of(s.Name, open(t, h, s.Name).drain(t))
	}
	h.url = rewriting(t, h.url, small(3))
	for _, s := range h.Connector().Spec.Streams {
		got := of(s.Name, open(t, h, s.Name).drain(t))
		if len(got) != len(whole[s.Name]) || len(got) == 0 {
			t.Errorf("%s: got %d records in pages of three, %d in one", s.Name, len(got), len(whole[s.Name]))
		}
		for id, r := range got {
			if string(r.Data) != string(whole[s.Name][id].Data) {
				t.Errorf("%s %s: got %s, want %s", s.Name, id, r.Data, whole[s.Name][id].Data)
			}
		}
	}
}
