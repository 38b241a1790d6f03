package router_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/ledger"
)

const zoe = "Żofia Quarkbaum"

// redacting is a board that can redact.
type redacting struct {
	*board
	lose int // so many answers are lost after the object was redacted
}

func (r *redacting) Redact(_ context.Context, link connectors.Link) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	item, there := r.items[link]
	if !there {
		return &connectors.Error{Kind: connectors.NotFound, Op: "redact"}
	}
	r.items[link] = connectors.Item{Project: item.Project, Title: connectors.ErasedTitle, Completed: true}
	if r.lose > 0 {
		r.lose--
		return errors.New("connection reset")
	}
	return nil
}

// redacts gives the world a target that can redact, before it starts.
func (w *world) redacts(lose int) *redacting {
	r := &redacting{board: w.board, lose: lose}
	w.change = func(o *router.Options) { o.Targets[0].Redactor = r }
	return r
}

func (w *world) erase(contact string) ledger.Erasure {
	w.t.Helper()
	done, err := w.router.Erase(context.Background(), w.idOf(contact), ledger.EraseOptions{By: "test", Suppress: true})
	if err != nil {
		w.t.Fatalf("erase: %v", err)
	}
	return done
}

func (w *world) idOf(contact string) (id string) {
	w.t.Helper()
	err := w.ledger.Snapshot(context.Background(), func(s *ledger.Snap) error {
		e, err := s.Resolve("crm/contacts/" + contact)
		if e != nil {
			id = e.ID
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// titles counts the objects by title, and those of erased customers that are open.
func (b *board) titles() (count map[string]int, open int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	count = map[string]int{}
	for _, item := range b.items {
		count[item.Title]++
		if item.Title == connectors.ErasedTitle && !item.Completed {
			open++
		}
	}
	return count, open
}

// delivered waits until nothing of an erasure is left to deliver, nor in the store.
func (w *world) delivered() {
	w.t.Helper()
	w.until(func() bool {
		e, err := w.ledger.Erasing(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		return e.Waiting == 0 && e.Since.IsZero()
	})
}

func TestErasedCustomerIsRedactedAndItsBytesGo(t *testing.T) {
	for name, can := range map[string]bool{"target that redacts": true, "target that cannot": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if can {
				w.redacts(0)
			}
			w.crm.set("1", zoe)
			w.crm.set("2", "Ada")
			w.start()
			w.backfill()
			w.crm.set("1", zoe+" II")
			w.until(func() bool { return w.shows(zoe + " II") })
			if !strings.Contains(w.bytes(), "Quarkbaum") {
				t.Fatal("the store does not hold the name: the test has no teeth")
			}
			w.erase("1")
			w.delivered()
			count, open := w.board.titles()
			if len(count) != 2 || count[connectors.ErasedTitle] != 1 || count["Ada"] != 1 || open != 0 {
				t.Errorf("shown: got %v, %d of them open, want Ada and a closed %q", count, open, connectors.ErasedTitle)
			}
			if strings.Contains(w.bytes(), "Quarkbaum") {
				t.Error("a file of the data directory still holds the name")
			}
			w.crm.set("1", zoe+" III")
			w.backfill()
			if count, _ = w.board.titles(); len(count) != 2 || strings.Contains(w.bytes(), "Quarkbaum") {
				t.Errorf("after the vendor sent it again: got %v, want no more than before", count)
			}
		})
	}
}

// bytes are the contents of all files beside the ledger.
func (w *world) bytes() string {
	w.t.Helper()
	var all bytes.Buffer
	list, err := os.ReadDir(filepath.Dir(w.path))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range list {
		data, err := os.ReadFile(filepath.Join(filepath.Dir(w.path), f.Name()))
		if err != nil && !errors.Is(err, os.ErrNotExist) { // a rewrite ended
			w.t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// The guard (invariant 6) is for sources that are broken; nobody who asks to be forgotten waits for a person's --force.
func TestErasuresAreNotHeldBack(t *testing.T) {
	w := newWorld(t)
	w.redacts(0)
	for i := range 30 {
		w.crm.set(fmt.Sprint(i), fmt.Sprint("Customer ", i))
	}
	w.start()
	w.backfill()
	for i := range 25 {
		w.erase(fmt.Sprint(i))
	}
	w.delivered()
	if count, _ := w.board.titles(); count[connectors.ErasedTitle] != 25 {
		t.Errorf("redacted: got %v, want 25", count)
	}
	problems, err := w.router.Problems(t.Context())
	if err != nil || len(problems) != 0 {
		t.Errorf("problems: got %v, %v, want none", problems, err)
	}
}

func TestRedactionWhoseAnswerIsLostIsRepeated(t *testing.T) {
	w := newWorld(t)
	w.redacts(2)
	w.crm.set("1", zoe)
	w.start()
	w.backfill()
	w.erase("1")
	w.until(func() bool { count, _ := w.board.titles(); return count[connectors.ErasedTitle] == 1 })
	w.halt()
	w.start()
	w.delivered()
	if count, open := w.board.titles(); len(count) != 1 || open != 0 {
		t.Errorf("shown: got %v, want one that is redacted", count)
	}
}

// A call that is under way when somebody is erased still shows them; it must be redacted like what was there before, and
// the ledger must not keep what it wrote.
func TestCustomerErasedDuringACallIsRedacted(t *testing.T) {
	w := newWorld(t)
	w.redacts(0)
	w.crm.set("1", "Ada")
	w.start()
	w.backfill()
	called, erased := make(chan struct{}), make(chan struct{})
	w.board.mu.Lock()
	w.board.before = func(want connectors.Want) error {
		if want.Item.Title == zoe {
			close(called)
			<-erased
		}
		return nil
	}
	w.board.mu.Unlock()
	w.crm.set("1", zoe)
	<-called
	w.erase("1")
	close(erased)
	w.delivered()
	if count, open := w.board.titles(); len(count) != 1 || count[connectors.ErasedTitle] != 1 || open != 0 {
		t.Errorf("shown: got %v, want one that is redacted", count)
	}
	if strings.Contains(w.bytes(), "Quarkbaum") {
		t.Error("the store holds the name that the call wrote")
	}
}

// What was closed long ago names the customer as much as what is open.
func TestClosedItemsOfAnErasedCustomerAreRedacted(t *testing.T) {
	w := newWorld(t)
	w.redacts(0)
	w.crm.set("1", zoe)
	w.start()
	w.backfill()
	id := w.idOf("1")
	w.crm.remove("1")
	w.until(func() bool { return !w.shows(zoe) })
	w.backfill()
	if _, err := w.router.Erase(t.Context(), id, ledger.EraseOptions{Suppress: true}); err != nil {
		t.Fatalf("erase: %v", err)
	}
	w.delivered()
	if count, _ := w.board.titles(); len(count) != 1 || count[connectors.ErasedTitle] != 1 {
		t.Errorf("shown: got %v, want one that is redacted", count)
	}
}
