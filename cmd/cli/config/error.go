package config

import (
	"fmt"
	"strings"
)

// Problem is one defect of a configuration and where it is.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Source  string `json:"-"` // the lines around it, with a caret
}

// String returns file:line:column: message.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Error is a configuration that cannot be used, with all its problems.
type Error struct{ Problems []Problem }

// Error lists all problems, one a line, each with its source.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
		if p.Source != "" {
			b.WriteByte('\n')
			b.WriteString(strings.TrimRight(p.Source, "\n"))
		}
	}
	return b.String()
}
