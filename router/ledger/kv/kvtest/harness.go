package kvtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/router/ledger/kv"
)

// Buckets are what Open must declare: two that the checks use.
var Buckets = []kv.Bucket{first, second}

const (
	first  kv.Bucket = "first"
	second kv.Bucket = "second"
)

// patience bounds every wait of the suite.
const patience = 30 * time.Second

// Harness is how the suite gets at an engine.
type Harness struct {
	// Place returns the name of a store that does not exist yet: a path, a connection string.
	// It is handed to another process by the crash check.
	Place func(t testing.TB) string
	// Open opens the store at a place, creating it when it is not there, with Buckets declared.
	Open func(place string) (kv.Engine, error)
	// Restore makes a new place out of what Backup wrote.
	Restore func(t testing.TB, backup []byte) string
}

// Check is one promise.
type Check struct {
	Name string
	Run  func(t *testing.T, h Harness)
}

// Checks lists every promise, in the order in which a newcomer should meet them.
var Checks = []Check{
	{"ReadsWhatWasPut", readsWhatWasPut},
	{"EmptyIsNotAbsent", emptyIsNotAbsent},
	{"DeletingTheAbsentIsNoError", deletingTheAbsent},
	{"RefusesWhatNoEngineTakes", refusals},
	{"CopiesKeyAndValue", copiesKeyAndValue},
	{"ReadsOwnWrites", readsOwnWrites},
	{"ErrorTakesEverythingBack", errorTakesBack},
	{"SwallowedErrorTakesEverythingBack", swallowedError},
	{"PanicTakesEverythingBack", panicTakesBack},
	{"ScanOrderAndBounds", scanBounds},
	{"ScanSeesWhatWasThere", scanSeesWhatWasThere},
	{"ScanMayBeLeftAndNested", scanLeftAndNested},
	{"BehavesLikeAMap", behavesLikeAMap},
	{"ViewIsASnapshot", viewIsASnapshot},
	{"SurvivesReopen", survivesReopen},
	{"LargeValues", largeValues},
	{"CancelledBeforeItsTurn", cancelledBeforeTurn},
	{"CancelEndsAScan", cancelEndsScan},
	{"RunsAgainAreWhole", runsAgainAreWhole},
	{"FailuresDisturbNobody", failuresDisturbNobody},
	{"CountersUnderManyWriters", countersUnderWriters},
	{"BackupUnderLoad", backupUnderLoad},
	{"ClosedRefuses", closedRefuses},
	{"KilledLosesNothing", killedLosesNothing},
}

// Run runs every check on a store of its own and looks for goroutines that an engine left behind.
func Run(t *testing.T, h Harness) {
	for _, c := range Checks {
		t.Run(c.Name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			t.Cleanup(func() {
				if err := goleak.Find(before); err != nil {
					t.Errorf("goroutines after Close: got %v, want none", err)
				}
			})
			c.Run(t, h)
		})
	}
}

// open opens a new store and closes it with the test.
func open(t testing.TB, h Harness) kv.Engine { return openAt(t, h, h.Place(t)) }

func openAt(t testing.TB, h Harness, place string) kv.Engine {
	t.Helper()
	e, err := h.Open(place)
	if err != nil {
		t.Fatalf("open: got %v, want a store", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
	})
	return e
}

// fataler is what testing.TB and rapid.T share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func update(t fataler, e kv.Engine, fn func(tx kv.Tx) error) {
	t.Helper()
	if err := e.Update(context.Background(), fn); err != nil {
		t.Fatalf("update: got %v, want nil", err)
	}
}

func put(t fataler, e kv.Engine, b kv.Bucket, pairs ...string) {
	t.Helper()
	update(t, e, func(tx kv.Tx) error { return putAll(tx, b, pairs...) })
}

func putAll(tx kv.Tx, b kv.Bucket, pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := tx.Put(b, []byte(pairs[i]), []byte(pairs[i+1])); err != nil {
			return err
		}
	}
	return nil
}

func view(t fataler, e kv.Engine, fn func(r kv.Reader)) {
	t.Helper()
	if err := e.View(context.Background(), func(r kv.Reader) error { fn(r); return nil }); err != nil {
		t.Fatalf("view: got %v, want nil", err)
	}
}

// wantContent fails unless the bucket holds exactly the pairs, in this order.
func wantContent(t fataler, e kv.Engine, b kv.Bucket, pairs ...string) {
	t.Helper()
	view(t, e, func(r kv.Reader) { sameList(t, "content of "+string(b), list(r, b, "", nil), pairs) })
}

func list(r kv.Reader, b kv.Bucket, prefix string, from []byte) (pairs []string) {
	for k, v := range r.Scan(b, []byte(prefix), from) {
		pairs = append(pairs, string(k), string(v))
	}
	return pairs
}

func sameList(t fataler, what string, got, want []string) {
	t.Helper()
	same := len(got) == len(want)
	for i := 0; same && i < len(got); i++ {
		same = got[i] == want[i]
	}
	if !same {
		t.Fatalf("%s: got %.400q (%d), want %.400q (%d)", what, got, len(got), want, len(want))
	}
}

// errOn is what failing functions of the checks return.
var errOn = errors.New("the function said no")

// together calls each function on a goroutine of its own and waits for all.
func together(t testing.TB, fns ...func()) {
	t.Helper()
	var wg sync.WaitGroup
	for _, fn := range fns {
		wg.Go(fn)
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	await(t, done, "concurrent calls to end")
}

// await waits for a condition with a deadline, and says what it waited for.
func await(t testing.TB, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("waiting for %s: got nothing in %s, want it long before", what, patience)
	}
}
