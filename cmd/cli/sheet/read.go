package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// The bounds of a table.
const (
	MaxBytes   = 1 << 30
	MaxRows    = 5_000_000
	MaxColumns = 1000
	MaxCell    = 1 << 20
)

// Table is a file of rows.
type Table struct {
	Path   string
	Comma  rune // what separates the columns
	Header []string
	Rows   [][]string
	Lines  []int // of each row: the line of the file it begins in
	// Notices say what was guessed while reading.
	Notices []string
}

// Read reads a table: UTF-8 or UTF-16 with or without a byte order mark, otherwise Windows-1252; lines that end as on any
// system; columns separated by comma, semicolon, tab or bar, whichever the first line has most of; values in quotes may
// contain line breaks, and spaces before a value do not count. The first line names the columns. The error names file and
// line, never a value.
func Read(path string) (*Table, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	t := &Table{Path: path}
	if data, err = t.decode(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if bytes.IndexByte(data, '\n') < 0 { // a Macintosh of last century, or a spreadsheet that writes for one
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	}
	t.Comma = sniff(data)
	if line := endless(data, t.Comma); line > 0 {
		return nil, fmt.Errorf("%s:%d: %w", path, line, errCell)
	}
	if err := t.parse(data); err != nil {
		return nil, err
	}
	return t, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var data bytes.Buffer
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		data.Grow(int(min(info.Size(), MaxBytes)) + bytes.MinRead) // to be read without being copied
	}
	n, err := io.Copy(&data, io.LimitReader(f, MaxBytes+1))
	if err == nil && n > MaxBytes {
		err = fmt.Errorf("%s: more than %d bytes", path, MaxBytes)
	}
	return data.Bytes(), err
}

var errCell = fmt.Errorf("a value has more than %d bytes", MaxCell)

// endless returns the line of the first value without quotes that is too long, 0 when there is none. A file that is no
// table may be one line, and taking that apart needs its size several times over.
func endless(data []byte, comma rune) int {
	from := 0
	for i, c := range data {
		if c == '\n' || c == '"' || rune(c) == comma {
			from = i
		}
		if i-from > MaxCell+1 {
			return bytes.Count(data[:from+1], []byte("\n")) + 1
		}
	}
	return 0
}

// decode returns the text as UTF-8 without a byte order mark.
func (t *Table) decode(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, fmt.Errorf("read UTF-16: %w", err)
		}
		return text, nil
	case utf8.Valid(data):
		return bytes.TrimPrefix(data, []byte("\ufeff")), nil
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return nil, fmt.Errorf("read Windows-1252: %w", err)
	}
	t.Notices = append(t.Notices, t.Path+" is not UTF-8 and was read as Windows-1252 (Latin-1)")
	return text, nil
}

// sniff returns the separator that the first line has most of outside of quotes.
func sniff(data []byte) rune {
	counts := map[rune]int{}
	quoted := false
	for _, r := range string(data[:min(len(data), 1<<16)]) {
		if r == '"' {
			quoted = !quoted
		}
		if r == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[r]++
		}
	}
	best := ','
	for _, r := range ";\t|" {
		if counts[r] > counts[best] {
			best = r
		}
	}
	return best
}

func (t *Table) parse(data []byte) error {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.TrimLeadingSpace = t.Comma, t.Comma != '\t'
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t.check()
		}
		if err != nil {
			return t.failed(err, len(row))
		}
		line, _ := r.FieldPos(0)
		if err := t.add(row, line); err != nil {
			return fmt.Errorf("%s:%d: %w", t.Path, line, err)
		}
	}
}

// failed says where a row is broken.
func (t *Table) failed(err error, cells int) error {
	var p *csv.ParseError
	if !errors.As(err, &p) {
		return fmt.Errorf("read %s: %w", t.Path, err)
	}
	if errors.Is(err, csv.ErrFieldCount) {
		return fmt.Errorf("%s:%d: the row has %d values, the first line has %d", t.Path, p.StartLine, cells, len(t.Header))
	}
	return fmt.Errorf("%s:%d: %w; a value with quotes in it stands in quotes, and they are doubled", t.Path, p.StartLine, p.Err)
}

func (t *Table) add(row []string, line int) error {
	for _, cell := range row {
		if len(cell) > MaxCell {
			return errCell
		}
	}
	if t.Header == nil {
		t.Header = make([]string, len(row))
		for i, name := range row {
			t.Header[i] = strings.TrimSpace(name)
		}
		return t.checkHeader()
	}
	if len(t.Rows) == MaxRows {
		return fmt.Errorf("more than %d rows", MaxRows)
	}
	t.Rows, t.Lines = append(t.Rows, row), append(t.Lines, line)
	return nil
}

func (t *Table) checkHeader() error {
	if len(t.Header) > MaxColumns {
		return fmt.Errorf("more than %d columns", MaxColumns)
	}
	seen := map[string]int{}
	for i, name := range t.Header {
		if first, ok := seen[name]; ok && name != "" {
			return fmt.Errorf("columns %d and %d have the same name %q", first+1, i+1, name)
		}
		seen[name] = i
	}
	return nil
}

// check refuses a file without a first line.
func (t *Table) check() error {
	if t.Header == nil {
		return fmt.Errorf("%s: the file is empty; its first line must name the columns", t.Path)
	}
	return nil
}

// Column returns the place of a column, -1 when there is none of that name.
func (t *Table) Column(name string) int {
	for i, h := range t.Header {
		if h == name {
			return i
		}
	}
	return -1
}
