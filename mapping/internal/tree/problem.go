package tree

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a file; lines and columns count from 1.
type Pos struct {
	File         string
	Line, Column int
}

// Problem is one defect of a file. Its text says what to do about it.
type Problem struct {
	Pos
	Message string
}

// Error returns file:line:column: message.
func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is an error made of all defects found, in the order of the files.
type Problems []Problem

// maxShown bounds an error's text; who has repaired the first twenty sees the next.
const maxShown = 20

// Error returns one line for each problem.
func (p Problems) Error() string {
	var lines []string
	for i, problem := range p {
		if i == maxShown {
			lines = append(lines, fmt.Sprintf("and %d more", len(p)-i))
			break
		}
		lines = append(lines, problem.Error())
	}
	return strings.Join(lines, "\n")
}

// Report collects problems.
type Report struct{ list Problems }

// Addf adds a problem at a place.
func (r *Report) Addf(at Pos, format string, args ...any) {
	r.list = append(r.list, Problem{Pos: at, Message: fmt.Sprintf(format, args...)})
}

// Err returns the problems so far, ordered by place, or nil.
func (r *Report) Err() error {
	if len(r.list) == 0 {
		return nil
	}
	slices.SortStableFunc(r.list, func(a, b Problem) int {
		if a.File != b.File {
			return 0
		}
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return r.list
}

// Len returns the number of problems so far.
func (r *Report) Len() int { return len(r.list) }
