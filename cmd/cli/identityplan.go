package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
)

// identityPlan is what the command line of `identity plan` says.
type identityPlan struct {
	file                 string
	person, organization bandFlags
	limit                int
}

// bandFlags are the thresholds of one kind on a command line.
type bandFlags struct {
	auto, review, guard float64
	medium              string
}

func (f *bandFlags) add(cmd *cobra.Command, kind string) {
	cmd.Flags().Float64Var(&f.auto, kind+"-auto", 0, "join from this probability on, 0 to 1")
	cmd.Flags().Float64Var(&f.review, kind+"-review", 0, "ask a person from this probability on")
	cmd.Flags().Float64Var(&f.guard, kind+"-guard", 0, "share of pairs that must not contradict a join")
	cmd.Flags().StringVar(&f.medium, kind+"-medium", "", "what medium evidence is good for: join or review")
}

// apply lays the flags over the thresholds of a kind.
func (f *bandFlags) apply(b *identity.Bands, kind string) error {
	for name, pair := range map[string]struct {
		flag float64
		band *float64
	}{"auto": {f.auto, &b.Auto}, "review": {f.review, &b.Review}, "guard": {f.guard, &b.Guard}} {
		if pair.flag < 0 || pair.flag > 1 {
			return withCode(exitConfig, fmt.Errorf("--%s-%s %v: it is between 0 and 1", kind, name, pair.flag))
		}
		if pair.flag > 0 {
			*pair.band = pair.flag
		}
	}
	switch f.medium {
	case "":
	case "join", "review":
		b.Medium = f.medium == "join"
	default:
		return withCode(exitConfig, fmt.Errorf("--%s-medium %s: it is join or review", kind, f.medium))
	}
	return nil
}

func (a *app) identityPlanCmd() *cobra.Command {
	var p identityPlan
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show which customers another rule or threshold would join and divide; write nothing",
		Long: `Decides anew, with other settings, which records are the same customer, and prints what would differ from now:
joins and divisions, counted first, then each. Nothing is written. The settings are those of the configuration (the one
that a running daemon was started with), or of a --identity FILE that holds an identity section and nothing else, with
the flags laid over them. --json writes a line of counts, then one line for each change.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHub(cmd.Context(), hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error {
				r, err := a.plannedResolver(h, &p)
				if err != nil {
					return err
				}
				return a.identityPlan(ctx, h, r, p.limit)
			})
		}}
	cmd.Flags().StringVar(&p.file, "identity", "", "file with only an identity section, to be tried")
	p.person.add(cmd, "person")
	p.organization.add(cmd, "organization")
	cmd.Flags().IntVar(&p.limit, "limit", 50, "print at most so many changes (0 = all)")
	return cmd
}

// plannedResolver is what to try.
func (a *app) plannedResolver(h *hub, p *identityPlan) (*identity.Resolver, error) {
	of := h.cfg.Identity
	if p.file == "" && h.daemon && p.person == (bandFlags{}) && p.organization == (bandFlags{}) {
		fmt.Fprintln(a.errOut, "Note: these are the settings that the running daemon was started with; --identity FILE tries others.")
	}
	if p.file != "" {
		var err error
		if of, err = config.LoadIdentity(a.file(p.file)); err != nil {
			return nil, err
		}
	}
	if err := p.person.apply(&of.Settings.Person, "person"); err != nil {
		return nil, err
	}
	if err := p.organization.apply(&of.Settings.Organization, "organization"); err != nil {
		return nil, err
	}
	r, err := loadResolver(of)
	return r, withCode(exitConfig, err)
}

// plannedCounts is the first line of `identity plan --json`.
type plannedCounts struct {
	Type    string `json:"type"` // counts
	Joins   int    `json:"joins"`
	Divides int    `json:"divides"`
}

// plannedReport is a further line of `identity plan --json`.
type plannedReport struct {
	Type  string     `json:"type"`            // join or divide
	Into  *brief     `json:"into,omitempty"`  // join: the customer whose id stays
	From  []brief    `json:"from,omitempty"`  // join: all customers that become one; divide: the one
	Parts [][]string `json:"parts,omitempty"` // divide: the records of each part
}

func (a *app) identityPlan(ctx context.Context, h *hub, r *identity.Resolver, limit int) error {
	var list []ledger.TryChange
	counts := plannedCounts{Type: "counts"}
	err := h.ledger.Try(ctx, r, func(c ledger.TryChange) error {
		if len(c.Merged) > 0 {
			counts.Joins++
		} else {
			counts.Divides++
		}
		if limit == 0 || len(list) < limit {
			list = append(list, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if a.json {
		writeJSON(a.out, counts)
	} else {
		fmt.Fprintf(a.out, "%s, %s\n", plural(counts.Joins, "join"), plural(counts.Divides, "division"))
	}
	for _, c := range list {
		if err := a.printPlanned(ctx, h, c); err != nil {
			return err
		}
	}
	if left := counts.Joins + counts.Divides - len(list); left > 0 && !a.json {
		fmt.Fprintf(a.out, "… and %d more (--limit 0 shows all)\n", left)
	}
	return nil
}

// printPlanned prints one change with the names of those it is about.
func (a *app) printPlanned(ctx context.Context, h *hub, c ledger.TryChange) error {
	rep := plannedReport{Type: "divide", Parts: c.Becomes}
	ids := []string{c.Entity}
	if len(c.Merged) > 0 {
		rep.Type, ids = "join", c.Merged
	}
	err := a.inSnapshot(ctx, h, func(s *ledger.Snap) error {
		for _, id := range ids {
			b, err := briefOfID(s, id)
			if err != nil {
				return err
			}
			if rep.From = append(rep.From, b); rep.Type == "join" && id == c.Entity {
				rep.Into = &b
			}
		}
		return nil
	})
	if err != nil || a.json {
		if err == nil {
			writeJSON(a.out, rep)
		}
		return err
	}
	t := table{indent: "    "}
	if rep.Type == "join" {
		fmt.Fprintf(a.out, "  join into %s\n", c.Entity)
		for _, b := range rep.From {
			t.row(b.ID, shorten(b.Label, 40), strings.Join(b.Refs, ", "))
		}
	} else {
		fmt.Fprintf(a.out, "  divide %s  %s\n", c.Entity, printable(rep.From[0].Label))
		for _, refs := range c.Becomes {
			t.row(strings.Join(refs, ", "))
		}
	}
	t.write(a.out, a.columns)
	return nil
}

// briefOfID is briefOf of an entity by its id, which may be gone.
func briefOfID(s *ledger.Snap, id string) (brief, error) {
	e, err := s.Entity(id)
	if err != nil || e == nil {
		return brief{ID: id, Label: id, Gone: true}, err
	}
	return briefOf(e), nil
}
