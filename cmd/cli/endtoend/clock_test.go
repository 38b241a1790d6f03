package endtoend

import (
	"testing"
	"time"
)

// TestVendorsClockIsADayOff: cursors hold the vendor's time, so a clock that differs from ours by a day, either way,
// loses nothing; check says that it differs.
func TestVendorsClockIsADayOff(t *testing.T) {
	for name, skew := range map[string]time.Duration{"behind": -24 * time.Hour, "ahead": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			v := start(t)
			v.clock.SetSkew(skew)
			ids := v.people(30)
			v.backfill()
			for round := range 3 {
				v.clock.Advance(time.Minute)
				late := v.create("contacts", map[string]string{"lastname": "Late"})
				city := []string{"Rome", "Oslo", "Cork"}[round]
				v.ok(v.hubspot.Set("contacts", map[string]string{"city": city}, ids[round]))
				v.clock.Advance(time.Minute)
				if s := v.backfill(); s.Items.Created != 1 || s.Items.Updated != 1 {
					t.Errorf("round %d: got %+v, want one new item and one changed", round, s.Items)
				}
				v.card("contacts", late)
			}
			v.audit()
			v.says(v.millrace("check"), 3, "clock", "so this machine's clock is wrong")
		})
	}
}

// TestVendorsClockIsCorrected: a clock that is set back by a minute between two polls hides no change.
func TestVendorsClockIsCorrected(t *testing.T) {
	v := start(t)
	v.hs["overlap"] = "5m"
	v.people(5)
	v.backfill()
	v.clock.Advance(-time.Minute)
	v.person("Late")
	v.backfill()
	v.audit()
}
