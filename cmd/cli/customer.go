package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// customerLong is what the help says once for all commands on one customer.
const customerLong = `A customer is named by its id (a former one does as well), by a record connection/object/id, or by an e-mail
address, a phone number or a domain. Deals, tickets and other entities can be named by id or record, too.

What is printed is personal data; nothing of it is logged.`

func (a *app) customerCmd() *cobra.Command {
	customer := &cobra.Command{Use: "customer", Short: "Show, explain, correct, export and erase one customer", Long: customerLong}
	asGroup(customer)
	customer.AddCommand(a.customerListCmd(), a.customerShowCmd(), a.customerWhyCmd(), a.customerHistoryCmd(), a.customerSplitCmd(),
		a.customerJoinCmd(), a.customerReviewCmd(), a.customerSetCmd(), a.customerExportCmd(),
		a.customerEraseCmd(), a.suppressCmd(), a.unsuppressCmd())
	return customer
}

// allFlag gives a command the flag that shortens lists on a screen.
func allFlag(cmd *cobra.Command, all *bool) {
	cmd.Flags().BoolVar(all, "all", false, "print everything, not only what fits a screen")
}

// readCustomer finds the one customer that is meant and calls fn within one snapshot, in which nothing may be printed:
// the reader of standard output may be slow, and an open snapshot keeps the ledger from using its space again.
func (a *app) readCustomer(ctx context.Context, term string, fn func(*hub, *ledger.Snap, string) error) error {
	return a.withHub(ctx, hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error {
		return a.oneCustomer(ctx, h, term, func(s *ledger.Snap, id string) error { return fn(h, s, id) })
	})
}

// oneCustomer is readCustomer on an open hub. When several are meant it lists them.
func (a *app) oneCustomer(ctx context.Context, h *hub, term string, fn func(*ledger.Snap, string) error) error {
	return a.inSnapshot(ctx, h, func(s *ledger.Snap) error {
		id, err := findCustomer(s, term)
		if err != nil {
			return err
		}
		return fn(s, id)
	})
}

// inSnapshot calls fn in a snapshot and returns its error as it is: a sentence for people shall not begin with what the
// ledger was about to do.
func (a *app) inSnapshot(ctx context.Context, h *hub, fn func(*ledger.Snap) error) error {
	var own error
	err := h.ledger.Snapshot(ctx, func(s *ledger.Snap) error {
		own = fn(s)
		return nil
	})
	var several *severalError
	if errors.As(own, &several) {
		a.printSeveral(several)
	}
	return cmp.Or(own, err)
}

// brief is an entity in one line.
type brief struct {
	ID     string   `json:"id"`
	Kind   string   `json:"kind"`
	Label  string   `json:"label"`
	Refs   []string `json:"refs,omitempty"`
	Status string   `json:"status,omitempty"` // of a deal or ticket
	Amount string   `json:"amount,omitempty"`
	Stage  string   `json:"stage,omitempty"`
	URL    string   `json:"url,omitempty"`
	Gone   bool     `json:"gone,omitempty"` // all its records are deleted
}

func briefOf(e *work.Entity) brief {
	b := brief{ID: e.ID, Kind: string(e.Kind), Label: work.NameOf(e), Refs: e.Refs, Status: goldenText(e, "status"),
		Amount: goldenText(e, "amount"), URL: goldenText(e, "url")}
	return b
}

// goldenText returns a golden field in words, "" when no source says it.
func goldenText(e *work.Entity, name string) string {
	if value := e.Golden.Get(name); value != nil {
		return valueText(value)
	}
	return ""
}

// plural is `1 record`, `2 records`.
func plural(n int, one string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s", one)
	}
	return fmt.Sprintf("%d %ss", n, one)
}
