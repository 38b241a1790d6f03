package cli

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/millrace/millrace/router/receive"
)

// notes is a store that may refuse, and outlives processes.
type notes struct {
	rows   map[string]time.Time
	full   bool
	writes int
}

var errFull = errors.New("the disk is full")

func (n *notes) NotePutOff(_ context.Context, name string, since time.Time) error {
	if n.full {
		return errFull
	}
	n.writes++
	n.rows[name] = since
	return nil
}

func (n *notes) PutOff(context.Context) (map[string]time.Time, error) {
	list := map[string]time.Time{}
	for name, since := range n.rows {
		list[name] = since
	}
	return list, nil
}

func (n *notes) ForgetPutOff(_ context.Context, name string) error {
	n.writes++
	delete(n.rows, name)
	return nil
}

func hour(n int) time.Time { return time.Date(2026, 11, 30, n, 0, 0, 0, time.UTC) }

func putCounts(desk, crm int64) []receive.Tally {
	return []receive.Tally{{Connection: "desk", Put: desk}, {Connection: "crm", Put: crm}}
}

// What a vendor was told to come again with is told as missed once, from the last look on, and again until it could be told.
func TestPutOffIsTold(t *testing.T) {
	store := &notes{rows: map[string]time.Time{}}
	p := putOff{store: store, since: hour(1), seen: map[string]int64{}}
	var fail error
	look := func(at int, desk, crm int64) (told map[string]time.Time) {
		told = map[string]time.Time{}
		err := p.tell(t.Context(), putCounts(desk, crm), hour(at), func(name string, since time.Time, why string) error {
			told[name] = since
			return fail
		})
		if fail == nil && err != nil {
			t.Errorf("hour %d: %v", at, err)
		}
		return told
	}
	if got := look(2, 0, 0); len(got) != 0 || store.writes != 0 {
		t.Errorf("nothing was put off: got %v and %d writes", got, store.writes)
	}
	if got := look(3, 2, 0); len(got) != 1 || got["desk"] != hour(2) {
		t.Errorf("two of one: got %v, want desk since the look before", got)
	}
	if got := look(4, 2, 0); len(got) != 0 {
		t.Errorf("nothing more: got %v", got)
	}
	fail = errors.New("streams are not known yet")
	look(5, 3, 1)
	fail = nil
	if got := look(6, 3, 1); len(got) != 2 || got["desk"] != hour(4) || got["crm"] != hour(4) {
		t.Errorf("after a failure: got %v, want both since the last look that told", got)
	}
}

// What was put off before the process was killed is told by the next one, since the last look of the first. It costs one write
// until it is told, however many are put off, and one that the disk refuses is made when it takes it again.
func TestPutOffSurvives(t *testing.T) {
	store := &notes{rows: map[string]time.Time{}, full: true}
	first := putOff{store: store, since: hour(1), seen: map[string]int64{}}
	if err := first.note(t.Context(), putCounts(1, 0)); !errors.Is(err, errFull) {
		t.Errorf("a full disk: got %v", err)
	}
	store.full = false
	for n := range int64(100) {
		if err := first.note(t.Context(), putCounts(2+n, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if store.writes != 1 {
		t.Errorf("%d writes for 100 looks, want 1", store.writes)
	}
	second := putOff{store: store, since: hour(5), seen: map[string]int64{}}
	for _, want := range []int{1, 0} {
		told := map[string]time.Time{}
		err := second.tell(t.Context(), putCounts(0, 0), hour(6), func(name string, since time.Time, _ string) error {
			told[name] = since
			return nil
		})
		if err != nil || len(told) != want || want == 1 && told["desk"] != hour(1) {
			t.Errorf("after a restart: told %v and %v, want %d, since the last look of the first process", told, err, want)
		}
	}
	if len(store.rows) != 0 {
		t.Errorf("told, and %v is kept for a third process", store.rows)
	}
}

// The watcher notes within its time, and once more when the daemon stops.
func TestPutOffIsWatched(t *testing.T) {
	store := &notes{rows: map[string]time.Time{}}
	p := putOff{store: store, since: hour(1), seen: map[string]int64{}}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	p.watch(ctx, func() []receive.Tally { return putCounts(0, 3) }, time.Hour)
	if store.rows["crm"] != hour(1) {
		t.Errorf("noted %v at the end, want crm", store.rows)
	}
	p.watch(t.Context(), func() []receive.Tally { return putCounts(1, 3) }, notesEvery+notesEvery/2)
	if store.rows["desk"] != hour(1) {
		t.Errorf("noted %v, want desk, too", store.rows)
	}
}
