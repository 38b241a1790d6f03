package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

func (a *app) customerReviewCmd() *cobra.Command {
	review := &cobra.Command{Use: "review", Short: "List pairs of records that may be one customer, and decide", Long: `Pairs that are neither surely the same nor surely not wait here for a person, and so do pairs that would be
joined if something did not speak against it. Accepting makes them one, rejecting keeps them apart; both last until
they are decided again.

A pair is named by the code that list shows, or by its two records in one word: "crm/contacts/1 old/contacts/7".`}
	asGroup(review)
	review.AddCommand(a.reviewListCmd(), a.reviewShowCmd(),
		a.reviewDecideCmd("accept", "Decide that the records of each pair are the same", true),
		a.reviewDecideCmd("reject", "Decide that the records of each pair are not the same", false))
	return review
}

// reviewReport is one line of `customer review list --json`.
type reviewReport struct {
	Code        string         `json:"code"`
	Kind        canonical.Kind `json:"kind"`
	A           string         `json:"a"`
	B           string         `json:"b"`
	CustomerA   string         `json:"customer_a"`
	CustomerB   string         `json:"customer_b"`
	LabelA      string         `json:"label_a"`
	LabelB      string         `json:"label_b"`
	Rule        string         `json:"rule"`
	Probability float64        `json:"probability"`
	Refused     string         `json:"refused,omitempty"`
	Since       time.Time      `json:"since,omitzero"`
}

func (a *app) reviewListCmd() *cobra.Command {
	var kinds []string
	var limit int
	cmd := &cobra.Command{Use: "list", Short: "List the pairs that wait for a person", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			want, err := kindsOf(kinds)
			if err != nil {
				return err
			}
			return a.withHub(cmd.Context(), hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error { return a.reviewList(ctx, h, want, limit) })
		}}
	cmd.Flags().StringSliceVar(&kinds, "kind", nil, "only person or organization")
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so many (0 = all)")
	return cmd
}

func (a *app) reviewList(ctx context.Context, h *hub, kinds []canonical.Kind, limit int) error {
	t := table{}
	if !a.json {
		t.row("PAIR", "KIND", "SURE", "RULE", "A", "NAME", "B", "NAME", "AGAINST IT")
	}
	shown, more := 0, false
	groups := customerPairs{}
	err := h.eachReview(ctx, kinds, func(page []ledger.ReviewItem) (bool, error) {
		if !a.json {
			page = slices.DeleteFunc(page, groups.known)
		}
		if more = limit > 0 && shown+len(page) > limit; more {
			page = page[:limit-shown]
		}
		reports, err := h.reviewReports(ctx, page)
		for _, r := range reports {
			shown++
			if a.json {
				writeJSON(a.out, r)
				continue
			}
			t.row(r.Code, string(r.Kind), percent(r.Probability), r.Rule, r.A, shorten(r.LabelA, 30), r.B, shorten(r.LabelB, 30), r.Refused)
		}
		return !more, err
	})
	switch {
	case err != nil || a.json:
		return err
	case shown == 0:
		fmt.Fprintln(a.out, "No pair waits for a person.")
		return nil
	}
	t.write(a.out, a.columns)
	if n := groups.left(); n > 0 {
		fmt.Fprintf(a.out, "%s more of the same customers: one decision settles all pairs of two customers\n", plural(n, "pair"))
	}
	if more {
		fmt.Fprintln(a.out, "… and more: --limit shows them")
	}
	return nil
}

// customerPairs counts the pairs of records by the two customers they would make one. Customers of several vendors have a
// pair for each two of their records, and a person decides about the customers.
type customerPairs map[[2]string]int

// known counts the pair and reports whether there was one of the same customers before.
func (p customerPairs) known(r ledger.ReviewItem) bool {
	key := [2]string{min(r.EntityA, r.EntityB), max(r.EntityA, r.EntityB)}
	p[key]++
	return p[key] > 1
}

// left is how many pairs known let nobody see.
func (p customerPairs) left() int {
	n := 0
	for _, pairs := range p {
		n += pairs - 1
	}
	return n
}

// eachReview calls fn with the pairs of some kinds, page by page, until it returns false.
func (h *hub) eachReview(ctx context.Context, kinds []canonical.Kind, fn func([]ledger.ReviewItem) (bool, error)) error {
	for after := ""; ; {
		page, next, err := h.ledger.Reviews(ctx, after, listPage)
		if err != nil {
			return err
		}
		page = slices.DeleteFunc(page, func(r ledger.ReviewItem) bool { return !slices.Contains(kinds, r.Kind) })
		if len(page) > 0 {
			if on, err := fn(page); err != nil || !on {
				return err
			}
		}
		if next == "" {
			return nil
		}
		after = next
	}
}

func (h *hub) reviewReports(ctx context.Context, page []ledger.ReviewItem) ([]reviewReport, error) {
	var list []reviewReport
	err := h.ledger.Snapshot(ctx, func(s *ledger.Snap) (err error) {
		list = list[:0]
		for _, r := range page {
			rep := reviewReport{Code: pairCode(r.A, r.B), Kind: r.Kind, A: r.A, B: r.B, CustomerA: r.EntityA, CustomerB: r.EntityB,
				Rule: r.Rule, Probability: r.Probability, Refused: r.Refused, Since: r.Since}
			if rep.LabelA, err = labelOf(s, r.EntityA); err != nil {
				return err
			}
			if rep.LabelB, err = labelOf(s, r.EntityB); err != nil {
				return err
			}
			list = append(list, rep)
		}
		return nil
	})
	return list, err
}

// labelOf is what one calls an entity, its id when there is nothing else.
func labelOf(s *ledger.Snap, id string) (string, error) {
	e, err := s.Entity(id)
	if err != nil || e == nil {
		return id, err
	}
	return work.NameOf(e), nil
}

func (a *app) reviewShowCmd() *cobra.Command {
	return &cobra.Command{Use: "show PAIR", Short: "Show what speaks for and against a pair, side by side", Args: from(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHub(cmd.Context(), hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error {
				pairs, err := h.pairsNamed(ctx, args)
				if err != nil {
					return err
				}
				return a.reviewShow(ctx, h, pairs[0])
			})
		}}
}

// sideBySide is what `customer review show --json` writes.
type sideBySide struct {
	Pair   pairReport  `json:"pair"`
	Fields []twoValues `json:"fields"`
}

// twoValues is what the customers of both records say of a field.
type twoValues struct {
	Field string `json:"field"`
	A     string `json:"a,omitempty"`
	B     string `json:"b,omitempty"`
}

func (a *app) reviewShow(ctx context.Context, h *hub, pair [2]string) error {
	var rep sideBySide
	err := a.inSnapshot(ctx, h, func(s *ledger.Snap) (err error) {
		rep, err = compared(s, pair)
		return err
	})
	if err != nil {
		return err
	}
	if a.json {
		writeJSON(a.out, rep)
		return nil
	}
	p := &page{app: a, all: true}
	p.evidence("the pair", []pairReport{rep.Pair})
	rows := [][]string{{"", rep.Pair.A, rep.Pair.B}}
	for _, f := range rep.Fields {
		rows = append(rows, []string{f.Field, shorten(f.A, p.valueColumns()), f.B})
	}
	p.section("side by side", rows)
	return nil
}

func compared(s *ledger.Snap, pair [2]string) (sideBySide, error) {
	var rep sideBySide
	var values [2]map[string]string
	for i, ref := range pair {
		e, err := s.Resolve(ref)
		if err != nil {
			return rep, err
		}
		if e == nil {
			return rep, fmt.Errorf("%s is not known, or all records of its customer are deleted", ref)
		}
		if i == 0 {
			ex, err := s.Explain(e.ID)
			if err != nil {
				return rep, err
			}
			rep.Pair = pairAmong(append(pairsOf(ex.Review), pairsOf(ex.Joined)...), pair)
		}
		values[i] = map[string]string{}
		for _, f := range fieldsOf(e) {
			values[i][f.Field] = valueText(f.Value)
		}
	}
	for _, name := range names(values[0], values[1]) {
		rep.Fields = append(rep.Fields, twoValues{Field: name, A: values[0][name], B: values[1][name]})
	}
	return rep, nil
}

// names returns the keys of both, sorted.
func names(a, b map[string]string) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// pairAmong returns the pair of two records, one without evidence when nothing is said about them.
func pairAmong(list []pairReport, pair [2]string) pairReport {
	code := pairCode(pair[0], pair[1])
	for _, p := range list {
		if p.Code == code {
			return p
		}
	}
	return pairReport{Code: code, A: pair[0], B: pair[1], Rule: "nothing joins them"}
}

func (a *app) reviewDecideCmd(name, short string, same bool) *cobra.Command {
	var c change
	cmd := &cobra.Command{Use: name + " PAIR...", Short: short, Args: from(1, 1000),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.confirmed(&c, strings.ToUpper(name[:1])+name[1:]+" this?", func() error {
				return a.withHub(cmd.Context(), hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error {
					rep, err := a.reviewed(ctx, h, &c, args, same)
					if err == nil {
						a.printDecided(h, rep)
					}
					return err
				})
			})
		}}
	a.changeFlags(cmd, &c)
	return cmd
}

// reviewed decides about pairs that wait for a person, one command at a time like every decision.
func (a *app) reviewed(ctx context.Context, h *hub, c *change, args []string, same bool) (decideReport, error) {
	h.deciding.Lock()
	defer h.deciding.Unlock()
	pairs, err := h.pairsNamed(ctx, args)
	if err != nil {
		return decideReport{}, err
	}
	var list []ledger.Decision
	for _, p := range pairs {
		list = append(list, ledger.Decision{A: min(p[0], p[1]), B: max(p[0], p[1]), Same: same, By: a.actor(c), Why: c.why, At: time.Now()})
	}
	return h.decide(ctx, c.dryRun, list)
}
