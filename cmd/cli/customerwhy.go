package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

func (a *app) customerWhyCmd() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "why CUSTOMER [FIELD]",
		Short: "Explain why a value is what it is, or why some records are one customer",
		Long: `With a field: its value, the record it comes from, since when, the rule that decided, and what other records
said. Without one: the evidence that joins the records, the pairs that were refused or wait for a person, and the
values that identify nobody and why. Both say what was left out of a text because nobody sees it.

` + customerLong,
		Args: from(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return a.whyField(cmd.Context(), args[0], args[1])
			}
			return a.whyOne(cmd.Context(), args[0], all)
		}}
	allFlag(cmd, &all)
	return cmd
}

// whyReport is what `customer why --json` writes without a field.
type whyReport struct {
	ID        string            `json:"id"`
	Kind      canonical.Kind    `json:"kind"`
	Label     string            `json:"label"`
	Records   []recordWhy       `json:"records"`
	Joined    []pairReport      `json:"joined"`
	Review    []pairReport      `json:"review"`            // also what was refused: then `refused` says why
	More      int               `json:"more,omitempty"`    // further pairs, which are not listed
	Tangled   bool              `json:"tangled,omitempty"` // too many records hang together: no evidence joins any of them
	Decisions []ledger.Decision `json:"decisions"`
}

// recordWhy is a record of a customer and the values of it that identify nobody.
type recordWhy struct {
	Ref     string             `json:"ref"`
	Live    bool               `json:"live"`
	Latent  string             `json:"latent"`
	Ignored []identity.Ignored `json:"ignored,omitempty"`
	Cleaned []cleaned          `json:"cleaned,omitempty"`
}

func (a *app) whyOne(ctx context.Context, term string, all bool) error {
	var rep whyReport
	err := a.readCustomer(ctx, term, func(_ *hub, s *ledger.Snap, id string) (err error) {
		rep, err = whyOne(s, id)
		return err
	})
	if err != nil || rep.ID == "" {
		return err
	}
	if a.json {
		writeJSON(a.out, rep)
		return nil
	}
	a.printWhy(&rep, all)
	return nil
}

// whyOne explains why the records of a customer are one.
func whyOne(s *ledger.Snap, id string) (whyReport, error) {
	rep := whyReport{ID: id, Kind: canonical.KindOfID(id), Label: id, Records: []recordWhy{}}
	ex, err := s.Explain(id)
	if err != nil {
		return rep, err
	}
	rep.Joined, rep.Review, rep.Decisions = pairsOf(ex.Joined), pairsOf(ex.Review), ex.Decisions
	rep.More, rep.Tangled = ex.More, ex.Tangled
	for _, m := range ex.Members {
		rep.Records = append(rep.Records, recordWhy{Ref: m.Ref, Live: m.Live, Latent: m.Latent, Ignored: m.Ignored})
	}
	e, err := s.Entity(id)
	if err != nil || e == nil {
		return rep, err
	}
	for i := range rep.Records {
		if rep.Records[i].Cleaned, err = cleanedOf(s, e, rep.Records[i].Ref); err != nil {
			return rep, err
		}
	}
	rep.Label, err = labelOf(s, id)
	return rep, err
}

func (a *app) printWhy(rep *whyReport, all bool) {
	fmt.Fprintf(a.out, "%s  %s  %s\n", printable(rep.Label), rep.Kind, rep.ID)
	p := &page{app: a, all: all}
	var rows [][]string
	for _, r := range rep.Records {
		state := "live"
		if !r.Live {
			state = "deleted"
		}
		rows = append(rows, []string{r.Ref, state})
	}
	p.section(plural(len(rep.Records), "record"), rows)
	p.evidence("one customer because", rep.Joined)
	p.evidence("kept apart, or to be looked at", rep.Review)
	if rep.More > 0 {
		fmt.Fprintf(a.out, "\n… and %s more\n", plural(rep.More, "pair"))
	}
	if rep.Tangled {
		fmt.Fprintf(a.out, "\nMore than %d records hang together here: no evidence joins any of them, only their sources and people do.\n", ledger.MostTied)
	}
	if len(rep.Records) == 1 && len(rep.Review) == 0 {
		fmt.Fprintln(a.out, "\nNothing says that another record is the same customer.")
	}
	rows = nil
	for _, r := range rep.Records {
		for _, i := range r.Ignored {
			rows = append(rows, []string{r.Ref, i.Field, i.Value + ": " + i.Reason})
		}
	}
	p.section("identifies nobody", rows)
	rows = nil
	for _, r := range rep.Records {
		for _, c := range r.Cleaned {
			rows = append(rows, []string{r.Ref, c.Field, c.reason()})
		}
	}
	p.section("taken without what nobody sees", rows)
	p.decisions(rep.Decisions)
}

// evidence prints pairs with what speaks for and against them.
func (p *page) evidence(title string, list []pairReport) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(p.out, "\n%s\n", title)
	left := 0
	if !p.all && len(list) > screenful {
		list, left = list[:screenful], len(list)-screenful
	}
	for _, r := range list {
		head := fmt.Sprintf("%s %s %s: %s", r.A, signOf(&r), r.B, r.Rule)
		if s := percent(r.Probability); s != "" {
			head += ", " + s
		}
		fmt.Fprintf(p.out, "  %s  (%s)\n", printable(head), r.Code)
		if because := r.Refused; because != "" {
			fmt.Fprintf(p.out, "      not joined: %s\n", printable(because))
		} else if r.Veto != "" {
			fmt.Fprintf(p.out, "      against it: %s\n", printable(r.Veto))
		}
		t := table{indent: "      "}
		for _, e := range r.Evidence {
			weight := ""
			if e.Weight != 0 {
				weight = fmt.Sprintf("%+.1f", e.Weight)
			}
			t.row(e.Rule, weight, e.Value)
		}
		t.write(p.out, p.columns)
	}
	if left > 0 {
		fmt.Fprintf(p.out, "  … and %d more (--all)\n", left)
	}
}

// signOf says in one character what became of a pair.
func signOf(r *pairReport) string {
	switch {
	case r.Refused != "":
		return "≠"
	case r.Band == identity.Review.String():
		return "?"
	}
	return "="
}

func (a *app) whyField(ctx context.Context, term, name string) error {
	var fields []fieldWhy
	err := a.readCustomer(ctx, term, func(_ *hub, s *ledger.Snap, id string) error {
		e, err := s.Entity(id)
		if err != nil {
			return err
		}
		for _, w := range whyOf(e, name) {
			f := fieldWhy{Why: w}
			if f.Cleaned, err = cleanedIn(s, e, w.Source, w.Field); err != nil {
				return err
			}
			fields = append(fields, f)
		}
		if len(fields) == 0 {
			return noField(canonical.KindOfID(id), name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range fields {
		if a.json {
			writeJSON(a.out, f)
			continue
		}
		a.printOrigin(f.Why)
		for _, c := range f.Cleaned {
			fmt.Fprintf(a.out, "  %s\n", c.reason())
		}
	}
	return nil
}

// fieldWhy is what `customer why --json` writes with a field.
type fieldWhy struct {
	identity.Why
	Cleaned []cleaned `json:"cleaned,omitempty"`
}

// whyOf explains a field, or the fields of a group, of which any record says something.
func whyOf(e *work.Entity, name string) []identity.Why {
	var list []identity.Why
	if e == nil {
		return nil
	}
	for _, field := range e.Golden.Claimed() {
		if within(field, name) {
			list = append(list, e.Golden.Why(field))
		}
	}
	return list
}

// hasField reports whether a kind has a field, or fields of a group, of that name.
func hasField(k canonical.Kind, name string) bool {
	return strings.HasPrefix(name, "custom.") || slices.ContainsFunc(canonical.Names(k), func(n string) bool { return within(n, name) })
}

// noField says that nobody claims a field, or that there is none of that name.
func noField(k canonical.Kind, name string) error {
	if hasField(k, name) {
		return fmt.Errorf("no record says anything of %s", name)
	}
	known := canonical.Names(k)
	hint := "`millrace customer show` lists what it has"
	if near := connectors.Nearest(name, known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return withCode(exitConfig, fmt.Errorf("%s has no field %q; %s", k, name, hint))
}

func (a *app) printOrigin(w identity.Why) {
	fmt.Fprintf(a.out, "%s: %s\n", w.Field, valueText(w.Value))
	if w.Source != "" {
		fmt.Fprintf(a.out, "  from %s, as of %s: %s\n", printable(w.Source), instant(w.Asserted), w.Reason)
	} else {
		fmt.Fprintf(a.out, "  %s\n", w.Reason)
	}
	t := table{indent: "  "}
	for _, e := range w.Elements {
		t.row("has", valueText(e.Value), "from "+sourcesText(e))
	}
	for _, c := range w.Lost {
		t.row("not", valueText(c.Value), "from "+c.Source+", as of "+instant(c.Asserted), "decided by "+c.Rule+": "+c.Reason)
	}
	t.write(a.out, 0)
}
