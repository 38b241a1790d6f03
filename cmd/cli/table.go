package cli

import (
	"fmt"
	"io"
	"strings"
)

// table is rows of printable cells under each other. Unlike text/tabwriter it counts columns of a terminal, not bytes or
// characters, so that names in any script stay in theirs.
type table struct {
	indent string
	rows   [][]string
}

// row adds a row; each cell is made printable.
func (t *table) row(cells ...string) {
	for i := range cells {
		cells[i] = printable(cells[i])
	}
	t.rows = append(t.rows, cells)
}

// write prints the table no wider than so many columns, 0 = as wide as it is: the last cell of a row is cut.
func (t *table) write(w io.Writer, most int) {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row[:max(len(row)-1, 0)] { // the last cell of a row needs no place after it
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for _, row := range t.rows {
		var b strings.Builder
		b.WriteString(t.indent)
		used := columns(t.indent)
		for i, cell := range row {
			if i < len(row)-1 {
				b.WriteString(cell + strings.Repeat(" ", widths[i]-columns(cell)+2))
				used += widths[i] + 2
				continue
			}
			if most > 0 {
				cell = shorten(cell, max(most-used, 20))
			}
			b.WriteString(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
