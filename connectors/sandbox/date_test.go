package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// TestDateIsTheVendorsClock: connectors take the vendor's time from the Date header, so a simulated clock must show there.
func TestDateIsTheVendorsClock(t *testing.T) {
	clock := sandbox.NewClock(time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC))
	clock.Freeze()
	s, err := sandbox.Listen(sandbox.Wrap(http.NotFoundHandler(), sandbox.Options{Clock: clock}), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	res, err := http.Get(s.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if got, want := res.Header.Get("Date"), clock.Now().Format(http.TimeFormat); got != want {
		t.Errorf("got Date %q, want %q", got, want)
	}
}
