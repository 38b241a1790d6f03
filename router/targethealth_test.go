package router

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/connectors"
)

// However long an outage lasts, nothing is given up for it; an item that fails while others succeed is.
func TestOnlyItemsThatFailAloneAreGivenUp(t *testing.T) {
	var h targetHealth
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	fail := func() bool {
		now = now.Add(5 * time.Minute)
		h.note(errors.New("no answer"), now)
		return h.hopeless("per_1", 500, 8, now)
	}
	h.note(nil, now)
	for i := range 1000 {
		if fail() {
			t.Fatalf("given up after %d failures in an outage", i+1)
		}
	}
	h.note(nil, now)
	if !fail() {
		t.Error("not given up, though the target took another item")
	}
	h.forget("per_1")
	h.note(nil, now)
	for i := range 7 { // the ledger counts more attempts: waits for a quota and for the guard
		if fail() {
			t.Errorf("given up after %d failures, want 8", i+1)
		}
		h.note(nil, now)
	}
}

// A target that refuses everybody waits up to minutes; a person who has signed in ends that.
func TestRetryEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h targetHealth
		h.note(&connectors.Error{Kind: connectors.Limited, After: time.Hour}, time.Now())
		begin, passed := time.Now(), make(chan error, 2)
		for range 2 {
			go func() { passed <- h.wait(t.Context(), time.Now) }()
		}
		synctest.Wait()
		h.retry()
		for range 2 {
			if err := <-passed; err != nil || time.Since(begin) != 0 {
				t.Errorf("got %v after %v, want the wait to end at once", err, time.Since(begin))
			}
		}
	})
}
