package activecampaign_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
)

// TestOddValues: the key's user, who has no stamps; deals that are hidden; totals that are texts or numbers.
func TestOddValues(t *testing.T) {
	h := newHarness(t, "deals", func(o *activecampaigntest.Options) { o.HiddenDeals = []string{"Secret"} })
	hidden := h.make(t, "deals", map[string]any{"title": "Secret"})
	h.make(t, "deals", map[string]any{"title": "Open"})
	users, deals := newReader(t, h, "users"), newReader(t, h, "deals")
	users.drain(t)
	deals.drain(t)
	if v := users.got["users/1"].Version; v.IsZero() || v.After(time.Unix(0, 0)) {
		t.Errorf("got version %v for a user without stamps, want the oldest there is", v)
	}
	rules := ownRules(t)
	if _, out, err := rules.Map(deals.got["deals/"+hidden]); err != nil || !strings.Contains(out.Filtered, "may not see") {
		t.Errorf("got %+v and %v for a hidden deal, want it filtered by name", out, err)
	}
	for stream, want := range map[string]int64{"users": 1, "deals": 2, "lists": 1, "contacts": 0} {
		if n, err := users.src.(connectors.Counter).Count(context.Background(), stream); err != nil || n != want {
			t.Errorf("%s: got %d and %v, want %d", stream, n, err, want)
		}
	}
}

// TestVersionsAreInstants: a stamp's offset is the account's, and the version does not depend on it.
func TestVersionsAreInstants(t *testing.T) {
	for _, zone := range []time.Duration{-11 * time.Hour, -5 * time.Hour, 5*time.Hour + 45*time.Minute, 14 * time.Hour} {
		h := newHarness(t, "contacts", func(o *activecampaigntest.Options) { o.Zone = zone })
		h.clock.Freeze()
		id := contact(t, h, "zoe@initech.example")
		r := newReader(t, h, "contacts")
		r.drain(t)
		if v, want := r.got["contacts/"+id].Version, h.clock.Now().Truncate(time.Second); !v.Equal(want) {
			t.Errorf("%v: got %v, want %v", zone, v, want)
		}
	}
}

// TestAnonymizedContactIsForgotten: a contact that was anonymized at ActiveCampaign keeps nothing here.
func TestAnonymizedContactIsForgotten(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	id := contact(t, h, "zoe@initech.example")
	must(t, h.sim.Set("contacts", map[string]any{"anonymized": "1"}, id))
	gone := contact(t, h, "lou@initech.example")
	must(t, h.sim.Set("contacts", map[string]any{"deleted": "1"}, gone))
	r := newReader(t, h, "contacts")
	r.drain(t)
	if rec := r.got["contacts/"+id]; rec.Deleted.Kind != connectors.Privacy || rec.Data != nil {
		t.Errorf("got %+v with %d bytes, want it to be forgotten", rec.Deleted, len(rec.Data))
	}
	if rec := r.got["contacts/"+gone]; rec.Deleted.Kind != connectors.Soft {
		t.Errorf("got %+v, want it deleted", rec.Deleted)
	}
}

// TestMessagesWithoutTheirText: the text of letters is not kept.
func TestMessagesWithoutTheirText(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	if slices.Contains(newStreams(t, h), "messages") {
		t.Error("messages are read although nobody named them")
	}
	h.extra["streams"] = []string{"messages"}
	h.make(t, "messages", map[string]any{"subject": "Spring", "html": "<p>" + strings.Repeat("x", 5000) + "</p>", "text": "xxx"})
	r := newReader(t, h, "messages")
	r.drain(t)
	if data := string(r.got["messages/1"].Data); strings.Contains(data, "xxx") || !strings.Contains(data, "Spring") {
		t.Errorf("got %s", data)
	}
}

func newStreams(t *testing.T, h *harness) (names []string) {
	list, err := newReader(t, h, "").src.Streams(context.Background())
	must(t, err)
	for _, s := range list {
		names = append(names, s.Name)
	}
	return names
}
