package toycrm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/examples/customconnector/toycrm"
	"github.com/millrace/millrace/examples/customconnector/toycrm/toycrmtest"
)

// The suite is the test of a connector; what follows only tells it how to make and change things at the vendor.

func TestSpec(t *testing.T) { connectortest.Spec(t, toycrm.Connector, ".") }

func TestSource(t *testing.T) {
	connectortest.Source(t, func(t *testing.T) connectortest.SourceHarness { return newHarness(t) })
}

type harness struct {
	vendor *toycrmtest.Server
	url    string
	clock  *sandbox.Clock
	plan   *sandbox.Plan
	log    *sandbox.Log
	serial int
}

func newHarness(t *testing.T) *harness {
	h := &harness{clock: sandbox.NewClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)), plan: sandbox.NewPlan(1), log: sandbox.NewLog(100)}
	h.vendor = toycrmtest.New(toycrmtest.Options{Clock: h.clock, Plan: h.plan, Log: h.log})
	server, err := sandbox.Listen(h.vendor.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	h.url = server.URL
	return h
}

func (h *harness) Connector() connectors.Connector { return toycrm.Connector }
func (h *harness) Settings() map[string]any {
	return map[string]any{"token": toycrmtest.Token, "base_url": h.url}
}
func (h *harness) Token() string         { return toycrmtest.Token }
func (h *harness) Clock() *sandbox.Clock { return h.clock }
func (h *harness) Plan() *sandbox.Plan   { return h.plan }
func (h *harness) Log() *sandbox.Log     { return h.log }
func (h *harness) Stream() string        { return "people" }
func (h *harness) PageSize() int         { return 100 }
func (h *harness) MaxRequests() int      { return 1 }
func (h *harness) Settle() time.Duration { return time.Second }
func (h *harness) Reads() sandbox.Match  { return sandbox.Match{Path: "^/changes"} }

func (h *harness) person(id string) toycrmtest.Person {
	h.serial++
	return toycrmtest.Person{ID: id, Name: fmt.Sprintf("Zoë “Q” \\ %06d", h.serial), Email: fmt.Sprintf("zoe%d@example.org", h.serial)}
}

func (h *harness) Create(_ *testing.T, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = h.vendor.Put(h.person(""))
	}
	return ids
}

func (h *harness) Change(_ *testing.T, ids ...string) {
	for _, id := range ids {
		h.vendor.Put(h.person(id))
	}
}

func (h *harness) Delete(_ *testing.T, id string) { h.vendor.Delete(id) }

func (h *harness) Live(*testing.T) map[string]time.Time {
	live := map[string]time.Time{}
	for p, changed := range h.vendor.Live() {
		live[p.ID] = changed
	}
	return live
}

func (h *harness) find(t *testing.T, id string) toycrmtest.Person {
	t.Helper()
	for p := range h.vendor.Live() {
		if p.ID == id {
			return p
		}
	}
	t.Fatalf("there is no person %s", id)
	return toycrmtest.Person{}
}

func (h *harness) Personal(t *testing.T, id string) []string {
	p := h.find(t, id)
	return []string{p.Name, p.Email}
}

func (h *harness) Says(t *testing.T, id string, data json.RawMessage) error {
	want, err := json.Marshal(h.find(t, id))
	if err == nil && string(data) != string(want) {
		err = fmt.Errorf("got %s, want %s", data, want)
	}
	return err
}

// A feed that shows deletions needs no sweep: the deletion is a record like others.
func TestDeletionIsSeen(t *testing.T) {
	h := newHarness(t)
	ids := h.Create(t, 2)
	src := connectortest.Open(t, h).(connectors.Source)
	page, err := src.Read(context.Background(), "people", "")
	if err != nil {
		t.Fatal(err)
	}
	h.Delete(t, ids[0])
	page, err = src.Read(context.Background(), "people", page.Next)
	if err != nil || len(page.Records) != 1 || page.Records[0].Ref.ID != ids[0] || page.Records[0].Deleted.Kind != connectors.Hard {
		t.Errorf("got %+v, %v; want the deletion of %s and nothing else", page.Records, err, ids[0])
	}
}

// A token that is refused is a finding with advice, not a failure to ask.
func TestCheck(t *testing.T) {
	h := newHarness(t)
	findings, err := connectortest.Open(t, h).(connectors.Checker).Check(context.Background())
	if err != nil || len(findings) != 2 || !findings[0].OK {
		t.Errorf("got %+v, %v; want two good findings", findings, err)
	}
	if err := h.plan.Add(sandbox.Fault{Match: h.Reads(), Kind: "401"}); err != nil {
		t.Fatal(err)
	}
	findings, err = connectortest.Open(t, h).(connectors.Checker).Check(context.Background())
	if err != nil || len(findings) != 1 || findings[0].OK {
		t.Errorf("got %+v, %v; want one bad finding", findings, err)
	}
}
