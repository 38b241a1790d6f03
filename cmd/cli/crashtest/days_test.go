package crashtest

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The days of digests end at midnight in a zone, and a test has no time for midnight. So the program gets a zone of our own,
// which Go reads where ZONEINFO says: with each start of the program it is one day later there, shortly before midnight.

const zoneName = "Crash/Days"

// days is that zone.
type days struct {
	file  string
	count int
}

// newDays makes the zone known to all programs that the test starts, and returns the rules that use it.
func newDays(t *testing.T) (d *days, rules string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("ZONEINFO", dir)
	d = &days{file: filepath.Join(dir, filepath.FromSlash(zoneName))}
	if err := os.MkdirAll(filepath.Dir(d.file), 0o700); err != nil {
		t.Fatal(err)
	}
	rules = filepath.Join(dir, "days.yaml")
	if err := os.WriteFile(rules, []byte("version: 1\ndigest: {zone: "+zoneName+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return d, rules
}

// firstDay is so early that the days of a test never come to today: of a day that lies ahead the program believes nothing.
const firstDay = -40

// endAfter sets the zone: in so much time the next day ends.
func (d *days) endAfter(in time.Duration) error {
	now := time.Now().UTC()
	d.count++
	midnight := now.Truncate(24*time.Hour).AddDate(0, 0, firstDay+d.count)
	return os.WriteFile(d.file, zoneFile(midnight.Sub(now.Add(in))), 0o600)
}

// zoneFile is a zone that is always the same offset from UTC, in the format of RFC 8536, version 1.
func zoneFile(offset time.Duration) []byte {
	b := append([]byte("TZif"), make([]byte, 16)...)                     // version and reserved
	for _, n := range []uint32{0, 0, 0, 0, 1, uint32(len("DAYS\x00"))} { // one type, no transitions
		b = binary.BigEndian.AppendUint32(b, n)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(int32(offset/time.Second)))
	return append(b, "\x00\x00DAYS\x00"...) // no summer time, the name at 0
}
