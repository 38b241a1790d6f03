package compare

import "math/bits"

// JaroWinkler returns the likeness of two texts, 0 to 1: the measure of Jaro, raised for a common beginning of up to four
// characters by a tenth of what is missing for each (Winkler 1990, without his limit of 0.7, as Splink and most others
// compute it). It counts characters, not bytes. Two empty texts are not alike but unknown: 0.
func JaroWinkler(a, b string) float64 {
	if a == b {
		if a == "" {
			return 0
		}
		return 1
	}
	if len(a) > len(b) || len(a) == len(b) && a > b {
		a, b = b, a // partners are found greedily, so the order could matter
	}
	if ascii(a) && ascii(b) {
		var bufA, bufB [most]byte
		return winkler(bufA[:copy(bufA[:], a)], bufB[:copy(bufB[:], b)])
	}
	var bufA, bufB [most]rune
	return winkler(runes(bufA[:0], a), runes(bufB[:0], b))
}

// most is how many characters count anywhere in this package: no name is longer, and the bound keeps every comparison
// cheap.
const most = 64

// character is a byte of a text in ASCII, or a character of another.
type character interface{ byte | rune }

// runes appends the first characters of s.
func runes(dst []rune, s string) []rune {
	for _, r := range s {
		if len(dst) == most {
			break
		}
		dst = append(dst, r)
	}
	return dst
}

func winkler[T character](x, y []T) float64 {
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	score := jaro(x, y)
	prefix := 0
	for prefix < min(4, len(x), len(y)) && x[prefix] == y[prefix] {
		prefix++
	}
	return score + float64(prefix)*0.1*(1-score)
}

// jaro marks with a bit each character that has found its partner, hence the bound of 64.
func jaro[T character](x, y []T) float64 {
	reach := max(len(x), len(y))/2 - 1
	if reach < 0 {
		reach = 0
	}
	var inX, inY uint64
	matches := 0
	for i, r := range x {
		for j := max(0, i-reach); j < min(len(y), i+reach+1); j++ {
			if y[j] == r && inY&(1<<j) == 0 {
				inX |= 1 << i
				inY |= 1 << j
				matches++
				break
			}
		}
	}
	if matches == 0 {
		return 0
	}
	turned := 0
	for inX != 0 {
		if x[bits.TrailingZeros64(inX)] != y[bits.TrailingZeros64(inY)] {
			turned++
		}
		inX &= inX - 1
		inY &= inY - 1
	}
	m := float64(matches)
	return (m/float64(len(x)) + m/float64(len(y)) + (m-float64(turned/2))/m) / 3
}
