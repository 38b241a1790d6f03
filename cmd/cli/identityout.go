package cli

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/millrace/millrace/cmd/cli/sheet"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/identity/batch"
	"github.com/millrace/millrace/mapping/identity/score"
)

// clusterColumn is the column that `identity try` adds. An input's own column of that name is called clusterBefore.
const (
	clusterColumn = "cluster"
	clusterBefore = "cluster_in"
)

// replaceFile writes a file that appears whole or not at all, in place of what has its name. What is no file, such as
// /dev/stdout or a pipe, is written to and never replaced: a rename would put a file where the device was. A link stays,
// and the file that it leads to is replaced.
func replaceFile(name string, write func(io.Writer) error) (err error) {
	to, device, err := destination(name)
	if err != nil {
		return err
	}
	if device {
		return writeDevice(to, write)
	}
	f, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+".*") // for its owner only
	if err != nil {
		return withCode(exitUnreachable, fmt.Errorf("write %s: %w", name, err))
	}
	defer func() { err = errors.Join(err, ignoreGone(os.Remove(f.Name()))) }()
	if err := errors.Join(buffered(f, write), f.Sync(), f.Close()); err != nil {
		return withCode(exitUnreachable, fmt.Errorf("write %s: %w", name, err))
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return withCode(exitUnreachable, fmt.Errorf("write %s: %w", name, err))
	}
	return nil
}

// destination returns where a name leads, and whether a device or a pipe is there. A folder is a mistake.
func destination(name string) (to string, device bool, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return name, false, nil // not there yet; what else is wrong shows when it is made
	}
	if info.IsDir() {
		return "", false, withCode(exitConfig, fmt.Errorf("write %s: it is a folder; name a file in it", name))
	}
	if !info.Mode().IsRegular() {
		return name, true, nil
	}
	if to, err = filepath.EvalSymlinks(name); err != nil {
		return "", false, withCode(exitUnreachable, fmt.Errorf("write %s: %w", name, err))
	}
	return to, false, nil
}

func writeDevice(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err == nil {
		err = errors.Join(buffered(f, write), f.Close())
	}
	if err != nil {
		return withCode(exitUnreachable, fmt.Errorf("write %s: %w", name, err))
	}
	return nil
}

func buffered(f io.Writer, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(f, 1<<16)
	return errors.Join(write(w), w.Flush())
}

// writeTable writes the rows of all tables in their order, with the columns of all of them and the cluster of each row: the
// id of the row with the smallest id of the same customer.
func (in *material) writeTable(name string, result *batch.Result) error {
	home := make([]string, len(in.rows))
	for _, c := range result.Clusters {
		for _, i := range c {
			home[i] = in.rows[c[0]].ID
		}
	}
	return replaceFile(name, func(out io.Writer) error {
		w := csv.NewWriter(out)
		w.Comma = in.tables[0].Comma
		columns := in.columns()
		header := append(slices.Clone(columns), clusterColumn)
		if i := slices.Index(columns, clusterColumn); i >= 0 {
			header[i] = clusterBefore
		}
		if err := w.Write(header); err != nil {
			return err
		}
		n := 0
		for _, t := range in.tables {
			places := placesOf(t, columns)
			for _, cells := range t.Rows {
				if err := w.Write(append(pick(cells, places), home[n])); err != nil {
					return err
				}
				n++
			}
		}
		w.Flush()
		return w.Error()
	})
}

// columns lists the columns of all tables, each once.
func (in *material) columns() []string {
	var list []string
	for _, t := range in.tables {
		for _, name := range t.Header {
			if !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

func placesOf(t *sheet.Table, columns []string) []int {
	places := make([]int, len(columns))
	for i, name := range columns {
		places[i] = t.Column(name)
	}
	return places
}

func pick(cells []string, places []int) []string {
	row := make([]string, len(places), len(places)+1)
	for i, p := range places {
		if p >= 0 {
			row[i] = cells[p]
		}
	}
	return row
}

// evidence is a line of `--explain`.
type evidence struct {
	A           string              `json:"a"`
	B           string              `json:"b"`
	Outcome     string              `json:"outcome"` // joined, review, refused
	Rule        string              `json:"rule"`
	Probability float64             `json:"probability"`
	Refused     string              `json:"refused,omitempty"`
	Evidence    []identity.Evidence `json:"evidence"`
}

// writeEvidence writes why each link was made, refused or left to a person.
func (in *material) writeEvidence(name string, r *identity.Resolver, result *batch.Result) error {
	return replaceFile(name, func(out io.Writer) error {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		for n, link := range slices.Concat(result.Joined, result.Review) {
			e := evidence{
				A: in.rows[link.A].ID, B: in.rows[link.B].ID, Rule: link.Rule, Probability: link.Probability,
				Outcome: fate(link, n < len(result.Joined)), Refused: link.Refused,
				Evidence: in.batch.Explain(r, link.A, link.B).Evidence,
			}
			if err := enc.Encode(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// fate says in a word what became of a link.
func fate(link identity.Link, joined bool) string {
	switch {
	case joined:
		return "joined"
	case link.Refused != "":
		return "refused"
	}
	return "review"
}

// tryReport is what `identity try --json` writes.
type tryReport struct {
	Records  int            `json:"records"`
	Clusters int            `json:"clusters"`
	Joined   int            `json:"joined"` // pairs of rows that are in one cluster now
	Links    int            `json:"links"`  // pairs whose likeness joined them
	Review   int            `json:"review"` // pairs that a person should look at
	Refused  int            `json:"refused"`
	Compared int            `json:"compared"`
	Crowded  int            `json:"crowded"` // values that too many rows share to find candidates by
	At       float64        `json:"at"`
	Model    string         `json:"model"`
	Learnt   bool           `json:"learnt"`
	Unread   []sheet.Unread `json:"unread,omitempty"`
	Seconds  float64        `json:"seconds"`
}

func (a *app) reportTry(t attempt, in *material, m *score.Model, result *batch.Result, took time.Duration) {
	rep := tryReport{
		Records: len(in.rows), Clusters: len(result.Clusters), Links: len(result.Joined), Compared: result.Compared,
		Crowded: result.Crowded, At: t.at, Model: m.Version(), Learnt: m.Trained().Learnt, Unread: in.unread,
		Seconds: took.Round(time.Millisecond).Seconds(),
	}
	for _, c := range result.Clusters {
		rep.Joined += len(c) * (len(c) - 1) / 2
	}
	for _, link := range result.Review {
		if link.Refused != "" {
			rep.Refused++
		} else {
			rep.Review++
		}
	}
	if a.json {
		writeJSON(a.out, rep)
		return
	}
	a.tell(in)
	if slices.Contains(in.columns(), clusterColumn) {
		fmt.Fprintf(a.errOut, "Note: the input has a column %q; it is called %q in %s.\n", clusterColumn, clusterBefore, t.out)
	}
	if !rep.Learnt {
		fmt.Fprintln(a.errOut, "Note: too few records to learn from; judged by the built-in parameters.")
	}
	if rep.Joined == 0 && rep.Crowded > 0 {
		fmt.Fprintf(a.errOut, "Note: %d values are shared by too many rows to tell who is the same.\n", rep.Crowded)
	}
	fmt.Fprintf(a.errOut, "%s, %s at %v: %s joined, %d to review, %d refused; %d compared in %.1f s.\n",
		plural(rep.Records, "record"), plural(rep.Clusters, "customer"), t.at, plural(rep.Joined, "pair"), rep.Review, rep.Refused, rep.Compared, took.Seconds())
}
