package text

import (
	"strings"
)

// Clean makes text harmless: line ends become LF, control characters go (a NUL ends strings in some databases, an escape
// repaints terminals), spaces at the ends of lines go, more than two empty lines become two.
func Clean(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	empty := 0
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		line = strings.TrimRight(printable(line), " \t")
		if line == "" {
			empty++
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n\n"[:min(empty+1, 3)])
		}
		empty = 0
		b.WriteString(line)
	}
	return b.String()
}

// printable takes control characters out of a line; a lone CR and a form feed separated lines once.
func printable(line string) string {
	if strings.IndexFunc(line, control) < 0 {
		return line
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\f' || r == '\v' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n'
		case control(r):
			return -1
		}
		return r
	}, line)
}

func control(r rune) bool {
	return r < ' ' && r != '\t' || 0x7f <= r && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufeff'
}
