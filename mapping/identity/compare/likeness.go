package compare

import "strings"

// Jaccard returns the share of the different tokens of two lists that both have; 0 when both are empty, which is unknown.
func Jaccard(a, b []string) float64 {
	both, extra := 0, 0
	for i, t := range a {
		switch {
		case contains(a[:i], t):
		case contains(b, t):
			both++
		default:
			extra++
		}
	}
	for i, t := range b {
		if !contains(b[:i], t) && !contains(a, t) {
			extra++
		}
	}
	if both+extra == 0 {
		return 0
	}
	return float64(both) / float64(both+extra)
}

func contains(list []string, s string) bool {
	for _, t := range list {
		if t == s {
			return true
		}
	}
	return false
}

// Shared returns the first element that two lists share, "" when none.
func Shared(a, b []string) string {
	for _, t := range a {
		if contains(b, t) {
			return t
		}
	}
	return ""
}

// CloseName is the likeness (JaroWinkler) from which two family names are taken for one, written differently.
const CloseName = 0.92

// Compatible reports whether the names of two people could belong to one: their family names are close, or their given
// names are equal, or one has initials for the other's given name with a family name that does not speak against it. Given
// and family name may be exchanged. Unknown names are not compatible with anything.
func Compatible(a, b *Facts) bool {
	return compatible(a.Given, a.Family, b.Given, b.Family) || compatible(a.Given, a.Family, b.Family, b.Given)
}

func compatible(given, family, otherGiven, otherFamily string) bool {
	if family != "" && otherFamily != "" && (JaroWinkler(family, otherFamily) >= CloseName || umlauts.Replace(family) == umlauts.Replace(otherFamily)) {
		return true
	}
	if given == "" || otherGiven == "" {
		return false
	}
	return given == otherGiven || (family == "" || otherFamily == "") && initials(given, otherGiven)
}

// umlauts unifies the two ways to write a German umlaut without its dots.
var umlauts = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u")

// initials reports whether one of two given names is the first letters of the other.
func initials(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	short, long := tokens(a), tokens(b)
	for i, t := range short {
		if len([]rune(t)) > 1 || i >= len(long) || !strings.HasPrefix(long[i], t) {
			return false
		}
	}
	return len(short) > 0
}

// SameName reports whether two people have the same whole name, in either order of given and family name; false when one
// of the two parts is not known.
func SameName(a, b *Facts) bool {
	if a.Given == "" || a.Family == "" {
		return false
	}
	return a.Given == b.Given && a.Family == b.Family || a.Given == b.Family && a.Family == b.Given
}
