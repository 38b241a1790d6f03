package salesforcetest_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// TestDescribesWhilePeopleWork: an answer that names its own address is made while somebody waits to write, and neither
// waits for the other.
func TestDescribesWhilePeopleWork(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	id, err := o.Create("Account", map[string]any{"Name": "Busy"})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		running.Go(func() {
			for range 200 {
				o.do(http.MethodGet, "sobjects/Account/describe", nil)
			}
		})
	}
	running.Go(func() {
		for range 2000 {
			if err := o.Set("Account", map[string]any{"Name": "Busier"}, id); err != nil {
				t.Error(err)
			}
		}
	})
	go func() { running.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("describes and changes wait for each other")
	}
}
