package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/router/ledger"
)

// TestJoinsAtOnce joins four records to one another by commands at the same moment, after all of them were told apart.
// Every command that answers "joined" must hold: in the end they are one customer.
func TestJoinsAtOnce(t *testing.T) {
	h := hubOfFour(t)
	command := func(args ...string) (code int) {
		a := &app{connectors: all.List, out: io.Discard, errOut: &screen{w: io.Discard}, within: h, json: true}
		a.args = append([]string{"customer"}, args...)
		return a.main(t.Context())
	}
	ref := func(i int) string { return fmt.Sprintf("crm/contacts/%d", i) }
	for round := range 8 {
		if code := command("join", ref(1), ref(2)); code != 0 {
			t.Fatalf("round %d: join ends with %d, want 0", round, code)
		}
		for _, pair := range [][2]int{{1, 3}, {1, 4}} {
			command("join", ref(pair[0]), ref(pair[1]))
		}
		for i := 2; i <= 4; i++ {
			command("split", ref(1), ref(i))
		}
		var running sync.WaitGroup
		for _, pair := range [][2]int{{1, 2}, {2, 3}, {3, 1}, {4, 1}} {
			running.Go(func() { command("join", ref(pair[0]), ref(pair[1])) })
		}
		running.Wait()
		if n := sizeOf(t, h, ref(1)); n != 4 {
			t.Fatalf("round %d: after all joins the customer has %d records, want 4", round, n)
		}
		for i := 2; i <= 4; i++ {
			command("split", ref(1), ref(i))
		}
	}
}

func sizeOf(t *testing.T, h *hub, term string) (n int) {
	t.Helper()
	err := h.ledger.Snapshot(t.Context(), func(s *ledger.Snap) error {
		id, err := findCustomer(s, term)
		if err != nil {
			return err
		}
		refs, err := refsOf(s, id)
		n = len(refs)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hubOfFour opens a hub without vendors whose ledger holds four people who share nothing.
func hubOfFour(t *testing.T) *hub {
	t.Helper()
	src := "data: ./data\nconnections:\n  crm: {connector: hubspot, token: x}\ntargets: []\nadmin: {listen: \"\"}\n"
	cfg, err := config.Parse(filepath.Join(t.TempDir(), "millrace.yaml"), []byte(src), all.Find, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	h, err := openHub(t.Context(), cfg, slog.New(slog.DiscardHandler), hubOptions{noTargets: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.close() })
	var list []connectors.Record
	for i, name := range []string{"Ana", "Bob", "Cleo", "Dan"} {
		id := fmt.Sprint(i + 1)
		data := fmt.Sprintf(`{"id":%q,"properties":{"firstname":%q,"email":"%s@person%s.example"}}`, id, name, name, id)
		list = append(list, connectors.Record{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: id}, Data: json.RawMessage(data)})
	}
	if _, err := h.ledger.Apply(t.Context(), ledger.Batch{Connection: "crm", Stream: "contacts", Kind: ledger.Fetch, Seen: time.Now(), Records: list}); err != nil {
		t.Fatal(err)
	}
	return h
}
