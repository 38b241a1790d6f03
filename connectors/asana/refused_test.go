package asana_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

// refuse answers 404 in Asana's words to what matches, once on is set.
func refuse(on *atomic.Bool, method, path, message string) func(http.Handler) http.Handler {
	match := regexp.MustCompile(path)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !on.Load() || r.Method != method || !match.MatchString(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"errors":[{"message":"`+message+`"}]}`)
		})
	}
}

// TestRefusedLookIsNotNothing: a listing that Asana refuses is no proof that the task is not there; creating then doubles it.
func TestRefusedLookIsNotNothing(t *testing.T) {
	var on atomic.Bool
	w := newWorld(t, false, refuse(&on, "GET", `/tasks$`, "project: Unknown object: 1214300000000001"))
	target, since := open(t, w), w.clock.Now().Add(-time.Second)
	upsert(t, target, connectors.Want{Item: deal(1)})
	on.Store(true)
	if _, err := target.Upsert(context.Background(), connectors.Want{Item: deal(1), InDoubt: true, Since: since}); err == nil {
		t.Error("got no error although the look-up was refused")
	}
	only(t, w, deal(1).Key)
}

// TestRefusedCreationIsNotDeleted: not found means "somebody deleted the task" to the router; a creation has no task yet.
func TestRefusedCreationIsNotDeleted(t *testing.T) {
	var on atomic.Bool
	w := newWorld(t, true, refuse(&on, "POST", `/tasks$`, "project: Unknown object: 1214300000000001"))
	target := open(t, w)
	upsert(t, target, connectors.Want{Item: deal(1)})
	on.Store(true)
	_, err := target.Upsert(context.Background(), connectors.Want{Item: deal(2)})
	if connectors.KindOf(err) != connectors.Temporary {
		t.Errorf("got %v, want it to be temporary", err)
	}
}

// TestLostOptionIsOne: an option whose creation lost its answer must not be created again by the next item.
func TestLostOptionIsOne(t *testing.T) {
	w := newWorld(t, true, nil)
	target := open(t, w)
	upsert(t, target, connectors.Want{Item: deal(1)})
	if err := w.plan.Add(sandbox.Fault{Match: sandbox.Match{Method: "POST", Path: `/enum_options$`}, Kind: sandbox.Lost, Times: 1}); err != nil {
		t.Fatal(err)
	}
	won := []connectors.Want{{Item: deal(2)}, {Item: deal(3)}}
	for i := range won {
		won[i].Item.Fields[3].Value = "Won"
	}
	results := target.UpsertBatch(context.Background(), won)
	if results[0].Err == nil || results[1].Err != nil {
		t.Fatalf("got the errors %v and %v, want one for the first item only", results[0].Err, results[1].Err)
	}
	if options := w.field(t, "Stage").Options; len(options) != 2 {
		t.Errorf("got the options %v, want New and Won", options)
	}
}

// TestCloseCommentsOnce: closing is repeated after a lost answer, its comment is not.
func TestCloseCommentsOnce(t *testing.T) {
	w := newWorld(t, true, nil)
	target := open(t, w)
	link := upsert(t, target, connectors.Want{Item: deal(1)})
	how := connectors.Closing{Comment: "The deal was merged into another one."}
	if err := w.plan.Add(sandbox.Fault{Match: sandbox.Match{Method: "POST", Path: `/stories$`}, Kind: sandbox.Lost, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if err := target.Close(context.Background(), link, how); connectors.KindOf(err) != connectors.Temporary {
		t.Fatalf("got %v, want the lost answer to be temporary", err)
	}
	for range 2 {
		if err := target.Close(context.Background(), link, how); err != nil {
			t.Fatal(err)
		}
	}
	task, _ := w.sim.Task(string(link))
	if !task.Completed || len(task.Comments) != 1 || task.Comments[0] != how.Comment {
		t.Errorf("got completed %v and the comments %q, want one comment", task.Completed, task.Comments)
	}
}
