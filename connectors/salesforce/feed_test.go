package salesforce_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/pubsub"
)

// feeding is an organization with its event bus.
type feeding struct {
	*harness
	bus *pubsub.Server
}

func newFeeding(t *testing.T, o pubsub.Options) *feeding {
	t.Helper()
	h := signed(t, map[string]any{"sign_in": "client_credentials", "cdc": true}, salesforcetest.App{ClientCredentials: true}, nil)
	o.Clock = h.clock
	if o.Keepalive == 0 {
		o.Keepalive = 40 * time.Millisecond
	}
	f := &feeding{harness: h, bus: pubsub.New(h.sim, o)}
	url, err := f.bus.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.bus.Close() })
	h.extra["pubsub_endpoint"] = url
	return f
}

func (*feeding) Feed() string        { return "ChangeEvents" }
func (f *feeding) Age(*testing.T)    { f.clock.Advance(73 * time.Hour) }
func (f *feeding) Cut(*testing.T)    { f.bus.Drop() }
func (f *feeding) Miss(t *testing.T) { f.bus.Tell("Contact", "GAP_OVERFLOW") }

func TestFeeder(t *testing.T) {
	connectortest.Feeder(t, func(t *testing.T) connectortest.FeedHarness { return newFeeding(t, pubsub.Options{}) })
}

// follow opens the feed and waits until it has begun.
func (f *feeding) follow(t *testing.T) connectors.Follower {
	t.Helper()
	w, err := connectortest.Open(t, f).(connectors.Feeder).Follow(t.Context(), f.Feed(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	f.next(t, w)
	return w
}

func (f *feeding) next(t *testing.T, w connectors.Follower) connectors.News {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	n, err := w.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// told returns the refs of what is told next.
func (f *feeding) told(t *testing.T, w connectors.Follower) (refs []string, missed []string) {
	t.Helper()
	for len(refs) == 0 && len(missed) == 0 {
		n := f.next(t, w)
		for _, h := range n.Hints {
			refs = append(refs, h.Ref.Object+"/"+h.Ref.ID)
		}
		missed = n.Missed
	}
	slices.Sort(refs)
	return refs, missed
}

// A gap event has no fields and names its records: they are fetched, now (redpanda connect passes them through).
func TestGapEventsAreFetched(t *testing.T) {
	f := newFeeding(t, pubsub.Options{Gap: func(salesforcetest.Change) bool { return true }})
	w := f.follow(t)
	id := f.create(t, "Contact", map[string]any{"LastName": "Doe"})
	if refs, missed := f.told(t, w); !slices.Equal(refs, []string{"Contact/" + id}) || missed != nil {
		t.Errorf("told %v, missed %v; want the contact", refs, missed)
	}
}

// The streams of an object share its events, a change of a field's type is of every record, and what is not read is not
// told.
func TestFeedNamesStreams(t *testing.T) {
	f := newFeeding(t, pubsub.Options{})
	w := f.follow(t)
	f.sim.AddObject("Asset__c", "a0A")
	f.create(t, "Asset__c", map[string]any{"Name": "Pump"})
	id := f.create(t, "Task", map[string]any{"Subject": "Call back"})
	if refs, _ := f.told(t, w); !slices.Equal(refs, []string{"Activity/" + id, "Task/" + id}) {
		t.Errorf("told %v, want the task under both its streams and nothing else", refs)
	}
	f.bus.Tell("Task", "UPDATE", "00T*")
	if refs, missed := f.told(t, w); refs != nil || !slices.Equal(missed, []string{"Task", "Activity"}) {
		t.Errorf("told %v, missed %v; want both streams read again", refs, missed)
	}
}

// Channels are followed by name, and a topic that is not there is said by check.
func TestChannels(t *testing.T) {
	f := newFeeding(t, pubsub.Options{Channels: map[string][]string{"/data/Sales__chn": {"Contact"}}})
	f.extra["cdc_channels"] = []any{"Sales__chn", "Missing__chn"}
	conn := connectortest.Open(t, f)
	if feeds := conn.(connectors.Feeder).Feeds(); len(feeds) != 2 || feeds[0].Name != "Sales__chn" {
		t.Errorf("feeds: %v", feeds)
	}
	findings, err := conn.(connectors.Checker).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, c := range findings {
		if c.What == "change data capture" {
			said = append(said, c.Detail)
			if c.OK == strings.Contains(c.Detail, "Missing") {
				t.Errorf("finding %+v", c)
			}
		}
	}
	if len(said) != 2 {
		t.Errorf("check says %q, want a finding for each channel", said)
	}
}

// Settings that cannot work are refused before anything is asked.
func TestFeedSettings(t *testing.T) {
	for _, change := range []map[string]any{{"pubsub_endpoint": "http://api.pubsub.salesforce.com:80"}, {"pubsub_endpoint": "nowhere"},
		{"cdc_channels": []any{"/data/ChangeEvents"}}} {
		settings := map[string]any{"client_id": "c", "cdc": true}
		for k, v := range change {
			settings[k] = v
		}
		values, problems := salesforce.Connector.Spec.Parse(settings)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if _, err := salesforce.Connector.Open(connectors.Env{Settings: values, Now: time.Now}); err == nil {
			t.Errorf("%v was taken", change)
		}
	}
}
