package ledger_test

import (
	"testing"
	"time"
)

// That deliveries were put off is kept since the first one, for each connection, until it is forgotten.
func TestPutOff(t *testing.T) {
	l := newWorld(t, newMemory())
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	for i, name := range []string{"desk", "desk", "crm"} {
		if err := l.NotePutOff(t.Context(), name, at.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.PutOff(t.Context())
	if err != nil || len(got) != 2 || !got["desk"].Equal(at) || !got["crm"].Equal(at.Add(2*time.Hour)) {
		t.Errorf("got %v and %v, want desk since the first time, and crm", got, err)
	}
	if err := l.ForgetPutOff(t.Context(), "desk"); err != nil {
		t.Fatal(err)
	}
	if got, err := l.PutOff(t.Context()); err != nil || len(got) != 1 || got["crm"].IsZero() {
		t.Errorf("forgotten: got %v and %v, want crm alone", got, err)
	}
}
