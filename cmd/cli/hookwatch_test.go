package cli

import (
	"errors"
	"testing"
	"time"

	"github.com/millrace/millrace/router/receive"
)

// What a vendor was told to come again with is told as missed once, from the last look on, and again until it could be told.
func TestPutOffIsTold(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 11, 30, hour, 0, 0, 0, time.UTC) }
	p := putOff{since: at(1), seen: map[string]int64{}}
	var fail error
	look := func(hour int, desk, crm int64) (told map[string]time.Time) {
		told = map[string]time.Time{}
		p.tell([]receive.Tally{{Connection: "desk", Put: desk}, {Connection: "crm", Put: crm}}, at(hour), func(name string, since time.Time, why string) error {
			told[name] = since
			return fail
		})
		return told
	}
	if got := look(2, 0, 0); len(got) != 0 {
		t.Errorf("nothing was put off: got %v", got)
	}
	if got := look(3, 2, 0); len(got) != 1 || got["desk"] != at(2) {
		t.Errorf("two of one: got %v, want desk since the look before", got)
	}
	if got := look(4, 2, 0); len(got) != 0 {
		t.Errorf("nothing more: got %v", got)
	}
	fail = errors.New("streams are not known yet")
	look(5, 3, 1)
	fail = nil
	if got := look(6, 3, 1); len(got) != 2 || got["desk"] != at(4) || got["crm"] != at(4) {
		t.Errorf("after a failure: got %v, want both since the last look that told", got)
	}
}
