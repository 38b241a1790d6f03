package quota_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/router/quota"
)

// TestShareOfADayIsLeftToOthers: a day's quota has no rate. What is ours of it goes as fast as it can, and then the
// account rests, with the time in the error, while other applications go on (airbyte #8690).
func TestShareOfADayIsLeftToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		daily := connectors.Limit{Name: "calls", Rate: 1000, Burst: 1000, Keep: 0.2, Rest: time.Hour}
		g := quota.New(quota.Config{Limits: []connectors.Limit{daily}})
		told := func(used int) transport.Outcome {
			return transport.Outcome{Status: 200, Told: []connectors.Told{{Limit: "calls", Remaining: 15000 - used, Of: 15000}}}
		}
		start := time.Now()
		for used := range 11_999 {
			take(t, g, calls(1)).Done(told(used))
		}
		if took := time.Since(start); took > 13*time.Second {
			t.Errorf("got %v for 11,999 calls, want them unpaced by the day", took)
		}
		take(t, g, calls(1)).Done(told(12_000))
		_, err := g.Acquire(t.Context(), calls(1))
		if connectors.KindOf(err) != connectors.Limited || connectors.After(err) != time.Hour {
			t.Fatalf("got %v after four fifths of the day, want Limited for an hour", err)
		}
		if until := time.Now().Add(time.Hour).UTC().Format("2006-01-02 15:04 UTC"); !strings.Contains(err.Error(), until) {
			t.Errorf("got %q, want it to say %s", err, until)
		}
		time.Sleep(time.Hour)
		take(t, g, calls(1)).Done(told(11_000))
		take(t, g, calls(1))
	})
}
