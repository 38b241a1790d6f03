package canonical

import "strings"

// MaxList is the most elements a list value keeps; a mapping reports what it leaves out.
const MaxList = 1000

// AppendStrings appends a list of texts, each once, in the order claimed, blank ones left out; null when there is
// none. It is the normal form of Domains, Refs and Strings, whose elements the caller has cleaned.
func AppendStrings(dst []byte, list []string) []byte {
	start := len(dst)
	seen := unique(list)
	for i, s := range list {
		if s == "" || seen(i) {
			continue
		}
		dst = opening(dst, start)
		dst = appendQuoted(dst, s)
	}
	return closing(dst, start)
}

// unique returns a function that says whether element i occurred before; short lists need no index.
func unique(list []string) func(i int) bool {
	if len(list) <= 16 {
		return func(i int) bool {
			return duplicate(list[:i], func(o string) bool { return o == list[i] })
		}
	}
	first := make(map[string]int, len(list))
	for i, s := range list {
		if _, ok := first[s]; !ok {
			first[s] = i
		}
	}
	return func(i int) bool { return first[list[i]] != i }
}

func duplicate[T any](before []T, same func(T) bool) bool {
	for _, o := range before {
		if same(o) {
			return true
		}
	}
	return false
}

// AppendRef appends the reference to a record as a Ref value; the id is cleaned as a Text is.
func AppendRef(dst []byte, connection, object, id string) []byte {
	dst = appendQuoted(dst, connection)
	dst[len(dst)-1] = '/'
	dst = append(dst, object...)
	start := len(dst)
	dst = appendQuoted(dst, CleanText(id))
	dst[start] = '/'
	return dst
}

// CleanRef returns a reference connection/object/id in normal form: trimmed, three parts, none empty.
func CleanRef(s string) (string, bool) {
	s = strings.TrimSpace(s)
	first, rest, ok := strings.Cut(s, "/")
	object, id, ok2 := strings.Cut(rest, "/")
	return s, ok && ok2 && first != "" && object != "" && id != "" && plain(s)
}

// opening begins the list that starts at start, or goes on with it.
func opening(dst []byte, start int) []byte {
	if len(dst) == start {
		return append(dst, '[')
	}
	return append(dst, ',')
}

// closing ends the list that starts at start; an empty one is null.
func closing(dst []byte, start int) []byte {
	if len(dst) == start {
		return append(dst, null...)
	}
	return append(dst, ']')
}

// appendMember appends ,"name":"value" unless value is blank.
func appendMember(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return appendQuoted(dst, value)
}
