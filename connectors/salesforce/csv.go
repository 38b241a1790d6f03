package salesforce

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// results makes records of a page of CSV as it arrives, so that a page never is in memory twice.
type results struct {
	a       *account
	op      string
	object  object
	layout  *layout
	skip    int // rows that were read before
	most    int // bytes of data
	records []connectors.Record
	cut     bool // there are rows left, beyond the bound
}

// read reads the whole page, or up to the bound. The header says how many rows there are; an answer with fewer was cut
// off on its way.
func (r *results) read(head *rest.Response, body io.Reader) error {
	lines := csv.NewReader(&keepReturns{r: body})
	lines.ReuseRecord = true
	header, err := lines.Read()
	if errors.Is(err, io.EOF) && head.Header.Get("Sforce-NumberOfRecords") == "0" {
		return nil // no rows, and no line that names the columns
	}
	if err != nil {
		return broken(r.op, "answer has no line of CSV: a proxy or a login page may answer")
	}
	columns, err := r.columns(header)
	if err != nil {
		return err
	}
	lines.FieldsPerRecord = len(columns)
	seen, rows := head.Date.UTC(), 0
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return r.whole(head, rows)
		}
		if err != nil {
			return broken(r.op, "answer breaks off or is no CSV at row "+strconv.Itoa(rows+1))
		}
		if rows++; rows <= r.skip {
			continue
		}
		if r.most < 0 {
			r.cut = true
			return nil
		}
		if err := r.take(line, columns, seen); err != nil {
			return err
		}
	}
}

// whole checks the number of rows.
func (r *results) whole(head *rest.Response, rows int) error {
	want, err := strconv.Atoi(head.Header.Get("Sforce-NumberOfRecords"))
	if err != nil || want != rows {
		return broken(r.op, "answer has "+strconv.Itoa(rows)+" rows and announced "+strconv.Quote(token(head.Header.Get("Sforce-NumberOfRecords"))))
	}
	return nil
}

// columns returns the place in the layout of each column, -1 for one that the layout no longer has.
func (r *results) columns(header []string) ([]int, error) {
	var places []int
	for _, name := range header {
		place, ok := r.layout.index[name]
		if !ok {
			place = -1
		}
		places = append(places, place)
	}
	if !slices.Contains(header, "Id") {
		return nil, broken(r.op, "answer has no column Id: a proxy or a login page may answer")
	}
	return places, nil
}

// take makes a record of one line.
func (r *results) take(line []string, columns []int, seen time.Time) error {
	l := r.layout
	one := row{values: make([]string, len(l.fields))}
	for i, text := range line {
		if columns[i] < 0 {
			continue
		}
		if strings.Contains(text, kept) {
			text = strings.ReplaceAll(text, kept, "\r")
		}
		one.values[columns[i]] = fromText(l.fields[columns[i]].kind, text)
	}
	one.extra = l.related(r.object, nil, nil)
	rec, err := r.a.record(r.op, r.object, l, one, seen)
	if err != nil {
		return err
	}
	r.most -= len(rec.Data)
	r.records = append(r.records, rec)
	return nil
}

// kept stands for a carriage return in a text. Package csv drops those in front of a line feed, also within quotes; no
// text of Salesforce's has a NUL.
const kept = "\x00"

// longestRow is how many bytes one row may have. Salesforce's have a few hundred kilobytes at the most; what goes on for
// longer is no CSV, and a quote that is never closed would be held in memory to the end of the answer.
const longestRow = 16 << 20

// keepReturns hides the carriage returns within quotes from the CSV reader.
type keepReturns struct {
	r      io.Reader
	inside bool // an odd number of quotes has passed
	row    int  // bytes of the present row
}

func (k *keepReturns) Read(p []byte) (int, error) {
	n, err := k.r.Read(p)
	k.row += n
	for i, c := range p[:n] {
		switch {
		case c == '"':
			k.inside = !k.inside
		case c == '\n' && !k.inside:
			k.row = n - i - 1
		case c == '\r' && k.inside:
			p[i] = kept[0]
		}
	}
	if k.row > longestRow {
		return n, errors.New("a row does not end")
	}
	return n, err
}
