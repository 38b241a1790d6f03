package text

import "strings"

// Flowed joins the lines of format=flowed: one that ends in a space goes on in the next, when both are quoted as deep. delSp
// says that the space was added for that alone.
func Flowed(s string, delSp bool) string {
	var b strings.Builder
	b.Grow(len(s))
	open, depth := false, 0 // the last line goes on, and how deep it was quoted
	begun := false
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		d := 0
		for d < len(line) && line[d] == '>' {
			d++
		}
		text := strings.TrimPrefix(line[d:], " ")
		signature := text == "-- "
		if open && d == depth && !signature {
			b.WriteString(text2(&text, delSp))
		} else {
			if begun {
				b.WriteByte('\n')
			}
			if d > 0 {
				b.WriteString(line[:d] + " ")
			}
			b.WriteString(text2(&text, delSp))
		}
		begun, depth = true, d
		open = strings.HasSuffix(text, " ") && !signature
	}
	return b.String()
}

// text2 returns what of a line is written: without its last space when that only says that the line goes on.
func text2(text *string, delSp bool) string {
	if delSp && *text != "-- " {
		return strings.TrimSuffix(*text, " ")
	}
	return *text
}
