package boltkv

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/millrace/millrace/router/ledger/kv"
)

// Every other group has one patient Update and no more, so the quick ones wait for what is being written and not for what
// came before them, and the patient ones come to their turn however many others there are.
func TestPatientUpdatesGiveWay(t *testing.T) {
	q := newQueue()
	nothing := func(kv.Tx) error { return nil }
	names := map[*update]string{}
	add := func(ctx context.Context, name string) {
		u := newUpdate(ctx, nothing)
		names[u] = name
		if err := q.add(u); err != nil {
			t.Fatal(err)
		}
	}
	take := func(want ...string) {
		t.Helper()
		us, _ := q.claim(3)
		var got []string
		for _, u := range us {
			got = append(got, names[u])
		}
		if !slices.Equal(got, want) {
			t.Errorf("got the group %v, want %v", got, want)
		}
	}
	quick, patient := context.Background(), kv.Patient(context.Background())
	add(patient, "page 1")
	add(patient, "page 2")
	add(patient, "page 3")
	take("page 1")
	add(quick, "a")
	add(quick, "b")
	take("a", "b") // not behind page 2
	add(quick, "c")
	take("page 2", "c")
	for _, name := range []string{"d", "e", "f", "g"} {
		add(quick, name)
	}
	take("d", "e", "f")
	take("page 3", "g") // it waited for one group
	take()
}

// TestPatientUpdatesAreUpdates: nothing is lost or done twice, whoever gives way.
func TestPatientUpdatesAreUpdates(t *testing.T) {
	e := openBox(t, Options{MaxGroup: 4})
	var all sync.WaitGroup
	for i := range 200 {
		ctx := context.Background()
		if i%3 == 0 {
			ctx = kv.Patient(ctx)
		}
		all.Go(func() {
			if err := e.Update(ctx, func(tx kv.Tx) error { _, err := count(tx); return err }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	err := e.View(context.Background(), func(r kv.Reader) error {
		if got := string(r.Get(box, []byte("n"))); got != "200" {
			t.Errorf("got %s Updates, want 200", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
