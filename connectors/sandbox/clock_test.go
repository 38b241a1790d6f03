package sandbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 11, 22, 9, 0, 0, 123_456_789, time.UTC)
		c := sandbox.NewClock(start)
		check := func(step string, want time.Time) {
			t.Helper()
			if got := c.Now(); !got.Equal(want) {
				t.Errorf("%s: got %v, want %v", step, got, want)
			}
		}
		at := start.Truncate(time.Millisecond)
		check("start", at)
		time.Sleep(time.Second)
		check("a second later", at.Add(time.Second))
		c.Freeze()
		time.Sleep(time.Hour)
		check("frozen", at.Add(time.Second))
		c.Advance(time.Minute)
		check("advanced while frozen", at.Add(61*time.Second))
		c.Thaw()
		time.Sleep(time.Second)
		check("running again", at.Add(62*time.Second))
		c.SetSkew(-time.Hour)
		check("skewed", at.Add(62*time.Second-time.Hour))
	})
}
