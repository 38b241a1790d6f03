package router_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
)

// post stores an e-mail with a contact.
func (c *crm) post(id, contact string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock = c.clock.Add(time.Millisecond)
	data, _ := json.Marshal(map[string]string{"with": contact, "at": at.UTC().Format(canonical.TimeLayout)})
	c.put(connectors.Record{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: id}, Version: c.clock, Seen: c.clock, Data: data})
}

// postMapper maps what post and set store.
type postMapper struct{ mapper }

func (m postMapper) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	var v struct{ With, At string }
	if err := json.Unmarshal(rec.Data, &v); err != nil || v.With == "" {
		return m.mapper.Map(rec)
	}
	p := canonical.Profile{Kind: canonical.Interaction}
	for _, f := range [][2]string{{"contacts", `["crm/contacts/` + v.With + `"]`}, {"direction", `"inbound"`}, {"kind", `"email"`},
		{"occurred_at", `"` + v.At + `"`}, {"subject", `"` + rec.Ref.ID + `"`}} {
		p.Fields = append(p.Fields, canonical.Field{Name: f[0], Value: json.RawMessage(f[1])})
	}
	return p, mapping.Outcome{}, nil
}

// tell leaves what is left once.
func (b *board) tell(link connectors.Link, list []connectors.Comment) {
	for _, c := range list {
		if key := string(link) + " " + c.Key; !c.InDoubt || !b.keys[key] {
			b.keys[key] = true
			b.told[link] = append(b.told[link], c.Text)
		}
	}
}

// A daemon tells a day when it has ended, whether it ran all the time or was started later, and once although answers are lost.
func TestDaemonTellsWhatHappenedOnADay(t *testing.T) {
	w := newWorld(t)
	var ahead atomic.Int64
	begun, morning := time.Now(), time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	w.now = func() time.Time { return morning.Add(time.Since(begun) + time.Duration(ahead.Load())) }
	later := func(d time.Duration) { ahead.Add(int64(d)) }
	w.rules = strings.TrimRight(testRules, "\n ") + "\n    digest: day + \" \" + join(map(interactions, .subject), \",\")\n"
	w.mapper = postMapper{}
	w.crm.set("1", "Ada")
	w.start()
	w.backfill()
	told := func() string {
		w.board.mu.Lock()
		defer w.board.mu.Unlock()
		return strings.Join(w.board.told["t1"], "; ")
	}
	later(time.Minute)
	w.crm.post("m1", "1", w.now())
	w.backfill()
	if got := told(); got != "" {
		t.Errorf("during the day: %q, want nothing", got)
	}
	later(24 * time.Hour)
	w.until(func() bool { return told() == "2026-11-22 m1" })
	lost := 1
	w.board.mu.Lock()
	w.board.after = func(want connectors.Want) error {
		if len(want.Comments) > 0 && lost > 0 {
			lost--
			return errors.New("connection reset")
		}
		return nil
	}
	w.board.mu.Unlock()
	w.crm.post("m2", "1", w.now())
	w.backfill()
	w.halt()
	later(24 * time.Hour)
	w.start()
	w.until(func() bool { return strings.HasPrefix(told(), "2026-11-22 m1; 2026-11-23 m2") })
	later(24 * time.Hour)
	w.backfill()
	if got := told(); got != "2026-11-22 m1; 2026-11-23 m2" || lost != 0 {
		t.Errorf("in the end: %q, with %d answers to lose; want each day once", got, lost)
	}
}
