package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/cli/sheet"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/identity/batch"
	"github.com/millrace/millrace/mapping/identity/score"
)

// attempt is what `identity try` and `identity train` are asked for.
type attempt struct {
	in            []string
	kind, mapFile string
	at            float64
	out           string
	explain       string
	model         string
}

func (t *attempt) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&t.in, "in", nil, "table of records (CSV); may be given several times, ids must differ")
	cmd.Flags().StringVar(&t.kind, "kind", "", "person or organization")
	cmd.Flags().StringVar(&t.mapFile, "map", "", "file that maps canonical fields to columns (YAML)")
}

func (a *app) identityTryCmd() *cobra.Command {
	var t attempt
	cmd := &cobra.Command{
		Use:   "try --in FILE.csv --kind KIND --map FILE.yaml --out FILE.csv",
		Short: "Show who would become one customer in an export, with nothing connected",
		Long: `Resolves the rows of a table with the engine that the ledger uses, and writes them with a column "cluster"
that holds the id of the first row of the same customer. How likely two rows are the same is learnt from the table itself,
without labels, unless --model names a file that ` + "`millrace identity train`" + ` wrote.

The map file names the column that tells rows apart, and which columns hold which field; several are joined by a space:

  id: rec_id
  fields:
    name.given: given_name
    name.family: surname
    birthday: date_of_birth
    address.street: [street_number, address_1]

Fields of a person:` + wrapped(sheet.UsualFields(canonical.Person)) + `
Fields of an organization:` + wrapped(sheet.UsualFields(canonical.Organization)) + `

With --explain each link is written as a line of JSON: what was joined, what a person should look at, and why, with the
weights in bits.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.identityTry(cmd.Context(), t) },
	}
	t.flags(cmd)
	cmd.Flags().Float64Var(&t.at, "at", .99, "join what is at least so likely the same")
	cmd.Flags().StringVar(&t.out, "out", "", "write the table with its clusters here")
	cmd.Flags().StringVar(&t.explain, "explain", "", "write the evidence for each link here, as lines of JSON")
	cmd.Flags().StringVar(&t.model, "model", "", "model to judge by, instead of one learnt from the table")
	return cmd
}

// wrapped writes a list of names, a few to a line.
func wrapped(names []string) string {
	var lines []string
	for line := range slices.Chunk(names, 6) {
		lines = append(lines, "\n  "+strings.Join(line, ", "))
	}
	return strings.Join(lines, ",")
}

func (a *app) identityTrainCmd() *cobra.Command {
	var t attempt
	cmd := &cobra.Command{
		Use:   "train --in FILE.csv --kind KIND --map FILE.yaml --out MODEL.json",
		Short: "Learn from an export how likely its rows are the same",
		Long: `Learns the parameters of the probabilistic scorer from the rows of a table, without labels, and writes them to a
file that a configuration can name (identity.models) and ` + "`millrace identity try --model`" + ` takes. The file holds no
value of any row.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.identityTrain(cmd.Context(), t) },
	}
	t.flags(cmd)
	cmd.Flags().StringVar(&t.out, "out", "", "write the model here")
	return cmd
}

// check refuses what cannot be meant.
func (t *attempt) check() error {
	switch {
	case len(t.in) == 0:
		return errors.New("--in is missing: the table of records")
	case t.kind != string(canonical.Person) && t.kind != string(canonical.Organization):
		return fmt.Errorf("--kind is %q, want person or organization", t.kind)
	case t.mapFile == "":
		return errors.New("--map is missing: the file that maps fields to columns")
	case t.out == "":
		return errors.New("--out is missing: the file to write")
	case !(t.at > 0 && t.at <= 1):
		return fmt.Errorf("--at is %v, want a probability of more than 0 and at most 1", t.at)
	}
	written := []string{t.out}
	if t.explain != "" {
		written = append(written, t.explain)
	}
	for i, name := range written {
		if _, _, err := destination(name); err != nil { // now, and not after all the work
			return err
		}
		for _, read := range append(append([]string{t.mapFile, t.model}, t.in...), written[:i]...) {
			if read != "" && sameFile(name, read) {
				return fmt.Errorf("%s would overwrite a file that is needed; name another", name)
			}
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// material is what an attempt works on.
type material struct {
	tables []*sheet.Table
	rows   []sheet.Row
	unread []sheet.Unread
	batch  *batch.Batch
}

// read reads the tables and makes a batch of their rows.
func (t *attempt) read() (*material, error) {
	m, err := sheet.ReadMap(t.mapFile, canonical.Kind(t.kind))
	if err != nil {
		return nil, inputError(err)
	}
	in := &material{}
	for _, path := range t.in {
		table, err := sheet.Read(path)
		if err != nil {
			return nil, inputError(err)
		}
		in.tables = append(in.tables, table)
	}
	if in.rows, in.unread, err = m.Rows(in.tables); err != nil {
		return nil, inputError(err)
	}
	records := make([]batch.Record, len(in.rows))
	for i, r := range in.rows {
		records[i] = batch.Record(r)
	}
	in.batch, err = batch.New(canonical.Kind(t.kind), records, m.Others()...)
	return in, err
}

// inputError gives a mistake of the map file, or a file that is not there, the exit code of a wrong configuration.
func inputError(err error) error {
	var mistake *sheet.MapError
	if errors.As(err, &mistake) || errors.Is(err, fs.ErrNotExist) {
		return withCode(exitConfig, err)
	}
	return err
}

func (a *app) identityTrain(ctx context.Context, t attempt) error {
	t.at = .5 // not asked for
	if err := t.check(); err != nil {
		return withCode(exitConfig, err)
	}
	in, err := t.read()
	if err != nil {
		return err
	}
	m := in.batch.Train(time.Now().UTC().Truncate(time.Second))
	if err := ctx.Err(); err != nil {
		return err // who stopped it does not expect a file
	}
	if err := replaceFile(t.out, m.Save); err != nil {
		return err
	}
	if a.json {
		writeJSON(a.out, trainReport{Records: len(in.rows), Learnt: m.Trained().Learnt, Version: m.Version(), Unread: in.unread})
		return nil
	}
	a.tell(in)
	if m.Trained().Learnt {
		fmt.Fprintf(a.errOut, "Learnt from %d records; %s holds the model %s.\n", len(in.rows), t.out, m.Version())
	} else {
		fmt.Fprintf(a.errOut, "%d records are too few to learn from; %s holds the built-in model %s.\n", len(in.rows), t.out, m.Version())
	}
	return nil
}

// trainReport is what `identity train --json` writes.
type trainReport struct {
	Records int            `json:"records"`
	Learnt  bool           `json:"learnt"`
	Version string         `json:"version"`
	Unread  []sheet.Unread `json:"unread,omitempty"`
}

// tell prints what was noticed while reading; it names fields and files, no values.
func (a *app) tell(in *material) {
	for _, t := range in.tables {
		for _, n := range t.Notices {
			fmt.Fprintln(a.errOut, "Note: "+n+".")
		}
	}
	for _, u := range in.unread {
		fmt.Fprintf(a.errOut, "Note: %d of the values of %s cannot be read and are taken for unknown.\n", u.Count, u.Field)
	}
}

func (a *app) identityTry(ctx context.Context, t attempt) error {
	if err := t.check(); err != nil {
		return withCode(exitConfig, err)
	}
	begun := time.Now()
	debug.SetGCPercent(50) // a process of its own that ends soon: memory is dearer than time here
	in, err := t.read()
	if err != nil {
		return err
	}
	m, err := t.scorer(in)
	if err != nil {
		return err
	}
	bands := identity.Bands{Auto: t.at, Review: min(.5, t.at)}
	r := identity.NewResolver(identity.Settings{
		Models: map[canonical.Kind]*score.Model{m.Kind(): m}, Person: bands, Organization: bands,
	})
	result, err := in.batch.Resolve(ctx, r)
	if err != nil {
		return err
	}
	if err := in.writeTable(t.out, result); err != nil {
		return err
	}
	if t.explain != "" {
		if err := in.writeEvidence(t.explain, r, result); err != nil {
			return err
		}
	}
	a.reportTry(t, in, m, result, time.Since(begun))
	return nil
}

// scorer loads the model, or learns one.
func (t *attempt) scorer(in *material) (*score.Model, error) {
	if t.model == "" {
		return in.batch.Train(time.Time{}), nil
	}
	f, err := os.Open(t.model)
	if err != nil {
		return nil, inputError(err)
	}
	defer f.Close()
	m, err := score.Load(f)
	if err == nil && string(m.Kind()) != t.kind {
		err = fmt.Errorf("it is of kind %q, want %q", m.Kind(), t.kind)
	}
	if err != nil {
		return nil, withCode(exitConfig, fmt.Errorf("%s: %w", t.model, err))
	}
	return m, nil
}
