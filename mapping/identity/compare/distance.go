package compare

// Distance returns how many insertions, deletions, substitutions and exchanges of neighbours lead from one text to the
// other, each part being edited once (optimal string alignment), counted in
// characters; limit+1 when there are more. Beyond 64 characters nothing is compared.
func Distance(a, b string, limit int) int {
	if a == b {
		return 0
	}
	if ascii(a) && ascii(b) {
		var bufA, bufB [most]byte
		return distance(bufA[:copy(bufA[:], a)], bufB[:copy(bufB[:], b)], limit)
	}
	var bufA, bufB [most]rune
	return distance(runes(bufA[:0], a), runes(bufB[:0], b), limit)
}

func distance[T character](x, y []T, limit int) int {
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(y)-len(x) > limit {
		return limit + 1
	}
	if len(x) == 0 {
		return len(y)
	}
	return align(x, y, limit)
}

// align fills the table of edits row by row, keeping three rows, as far from the diagonal as most edits lead. x is not
// longer than y.
func align[T character](x, y []T, limit int) int {
	var rows [3][most + 2]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(y) + 1 {
		last[j] = j
	}
	for i, r := range x {
		from, to := max(0, i-limit), min(len(y), i+limit+1)
		row[from] = limit + 1
		if from == 0 {
			row[0] = i + 1
		}
		best := row[from]
		for j := from; j < to; j++ {
			n := min(last[j+1], row[j]) + 1
			if r == y[j] {
				n = min(n, last[j])
			} else {
				n = min(n, last[j]+1)
			}
			if i > 0 && j > 0 && r == y[j-1] && x[i-1] == y[j] {
				n = min(n, before[j-1]+1)
			}
			row[j+1] = n
			best = min(best, n)
		}
		row[to+1] = limit + 1
		if best > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return min(last[len(y)], limit+1)
}
