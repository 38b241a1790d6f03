package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
)

// mostDecisions bounds what one command decides: a transaction.
const mostDecisions = 10_000

func (a *app) customerSplitCmd() *cobra.Command {
	var c change
	cmd := &cobra.Command{
		Use:   "split CUSTOMER RECORD...",
		Short: "Take records that are somebody else out of a customer",
		Long: `The records get back the customer they were before they were joined, with its id and its objects in the project
tool, and are kept apart from the others whatever they share; ` + "`customer join`" + ` takes that back. Deals, tickets and
activities follow the record they belong to.

` + customerLong,
		Args: from(2, 1000),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.confirmed(&c, "Take them apart?", func() error {
				return a.decide(cmd.Context(), &c, func(s *ledger.Snap) ([]ledger.Decision, error) { return splitOff(s, args[0], args[1:]) })
			})
		}}
	a.changeFlags(cmd, &c)
	return cmd
}

// splitOff decides that each of the records is not the same as any of the others of the customer.
func splitOff(s *ledger.Snap, term string, refs []string) ([]ledger.Decision, error) {
	id, err := findCustomer(s, term)
	if err != nil {
		return nil, err
	}
	all, err := refsOf(s, id)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		if byHand(ref) {
			return nil, fmt.Errorf("%s is what people set by hand: it goes with the record it was set on", ref)
		}
		if !slices.Contains(all, ref) {
			return nil, fmt.Errorf("%s is no record of %s, which has %s", ref, id, strings.Join(all[:min(len(all), 20)], ", "))
		}
	}
	rest := slices.DeleteFunc(slices.Clone(all), func(ref string) bool { return slices.Contains(refs, ref) || byHand(ref) })
	if len(rest) == 0 {
		return nil, errors.New("these are all its records; name only those that shall leave")
	}
	slices.Sort(refs)
	refs = slices.Compact(refs)
	if len(refs)*len(rest) > mostDecisions {
		return nil, fmt.Errorf("%d records cannot leave %d others at once; name fewer", len(refs), len(rest))
	}
	var list []ledger.Decision
	for _, ref := range refs {
		for _, other := range rest {
			list = append(list, ledger.Decision{A: ref, B: other})
		}
	}
	return list, nil
}

// byHand reports whether a record is what people set by hand: it goes with the record it was set on.
func byHand(ref string) bool { return strings.HasPrefix(ref, identity.ManualConnection+"/") }

func (a *app) customerJoinCmd() *cobra.Command {
	var c change
	cmd := &cobra.Command{
		Use:   "join CUSTOMER CUSTOMER",
		Short: "Make two customers one",
		Long: `The two are one from now on, under the id of the older one; the objects of the other one in the project tool
point to it. ` + "`customer split`" + ` takes that back.

` + customerLong,
		Args: exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.confirmed(&c, "Make them one?", func() error {
				return a.decide(cmd.Context(), &c, func(s *ledger.Snap) ([]ledger.Decision, error) { return joinUp(s, args[0], args[1]) })
			})
		}}
	a.changeFlags(cmd, &c)
	return cmd
}

// joinUp decides that the records that stand for two customers are the same, and takes back what kept them apart.
func joinUp(s *ledger.Snap, first, second string) ([]ledger.Decision, error) {
	a, err := findCustomer(s, first)
	if err != nil {
		return nil, err
	}
	b, err := findCustomer(s, second)
	if err != nil {
		return nil, err
	}
	if a == b {
		return nil, fmt.Errorf("they are one customer already: %s", a)
	}
	if ka, kb := canonical.KindOfID(a), canonical.KindOfID(b); ka != kb {
		return nil, fmt.Errorf("%s is of kind %s and %s of kind %s: only two of one kind can be the same", a, ka, b, kb)
	}
	refA, err := representative(s, a)
	if err != nil {
		return nil, err
	}
	refB, err := representative(s, b)
	if err != nil {
		return nil, err
	}
	list := []ledger.Decision{{A: refA, B: refB, Same: true}}
	ex, err := s.Explain(a)
	if err != nil {
		return nil, err
	}
	others, err := refsOf(s, b)
	if err != nil {
		return nil, err
	}
	for _, d := range ex.Decisions {
		pair := d.A == refA && d.B == refB || d.A == refB && d.B == refA
		if !d.Same && !pair && (slices.Contains(others, d.A) || slices.Contains(others, d.B)) {
			list = append(list, ledger.Decision{A: d.A, B: d.B, Same: true})
		}
	}
	return list, nil
}
