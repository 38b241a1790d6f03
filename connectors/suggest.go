package connectors

import (
	"fmt"
	"strings"
)

// unknown says that a key is not declared, and which one was probably meant.
func (s Spec) unknown(key string) string {
	names := make([]string, len(s.Settings))
	for i, set := range s.Settings {
		names[i] = set.Name
	}
	if near := Nearest(key, names); near != "" {
		return fmt.Sprintf("is not a setting of %s; did you mean %q?", s.Name, near)
	}
	return fmt.Sprintf("is not a setting of %s; it has %s", s.Name, strings.Join(names, ", "))
}

// Nearest returns the name closest to key when it is close enough to be a misspelling, "" otherwise.
func Nearest(key string, names []string) string {
	best, bestDistance := "", 3
	for _, name := range names {
		if d := distance(strings.ToLower(key), strings.ToLower(name)); d < bestDistance && d < len(name) {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two short strings.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
