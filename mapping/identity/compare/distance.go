package compare

// Distance returns how many insertions, deletions, substitutions and exchanges of neighbours lead from one text to the
// other, each part being edited once (optimal string alignment), counted in characters; most+1 when there are more than
// most. Beyond 64 characters nothing is compared.
func Distance(a, b string, most int) int {
	if a == b {
		return 0
	}
	var bufA, bufB [64]rune
	x, y := runes(bufA[:0], a), runes(bufB[:0], b)
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(y)-len(x) > most {
		return most + 1
	}
	if len(x) == 0 {
		return len(y)
	}
	return align(x, y, most)
}

// align fills the table of edits row by row, keeping three rows.
func align(x, y []rune, most int) int {
	var rows [3][65]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(y) + 1 {
		last[j] = j
	}
	for i, r := range x {
		row[0] = i + 1
		best := row[0]
		for j, s := range y {
			cost := 1
			if r == s {
				cost = 0
			}
			n := min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && r == y[j-1] && x[i-1] == s {
				n = min(n, before[j-1]+1)
			}
			row[j+1] = n
			best = min(best, n)
		}
		if best > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return min(last[len(y)], most+1)
}
