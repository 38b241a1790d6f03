package text

import "strings"

// Flowed joins the lines of format=flowed: one that ends in a space goes on in the next, when both are quoted as deep. delSp
// says that the space was added for that alone.
func Flowed(s string, delSp bool) string {
	var b strings.Builder
	b.Grow(len(s))
	open, depth, first := false, 0, true // open: the last line goes on
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		text := strings.TrimLeft(line, ">")
		d := len(line) - len(text)
		text = strings.TrimPrefix(text, " ") // stuffed
		signature := text == "-- "
		if !open || d != depth || signature {
			if !first {
				b.WriteByte('\n')
			}
			if d > 0 {
				b.WriteString(line[:d] + " ")
			}
		}
		open, depth, first = strings.HasSuffix(text, " ") && !signature, d, false
		if open && delSp {
			text = text[:len(text)-1]
		}
		b.WriteString(text)
	}
	return b.String()
}
