package field

import (
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/charset"
)

// maxID bounds a message id; a line of a header has at most 998 bytes.
const (
	maxID  = 998
	maxIDs = 1000
)

// IDs reads message ids, without their brackets, as In-Reply-To and References have them. In-Reply-To once was a sentence
// ("Your message of Monday"), and may name an address: only what stands in brackets counts there. Without brackets the field
// has ids when it has nothing else.
func IDs(value []byte) (ids []string) {
	s := string(value)
	for rest := s; len(ids) < maxIDs; {
		open := strings.IndexByte(rest, '<')
		if open < 0 {
			break
		}
		rest = rest[open+1:]
		end := strings.IndexAny(rest, "<>")
		if end < 0 {
			end = len(rest)
		}
		ids = appendID(ids, rest[:end])
		rest = rest[end:]
	}
	if len(ids) > 0 {
		return ids
	}
	for w := range strings.FieldsSeq(s) {
		if strings.IndexByte(w, '@') <= 0 {
			return nil
		}
		if len(ids) < maxIDs {
			ids = appendID(ids, strings.Trim(w, "<>,;\"()"))
		}
	}
	return ids
}

// ID reads one message id: what stands in brackets, else all of it.
func ID(value []byte) string {
	s := string(value)
	if open := strings.IndexByte(s, '<'); open >= 0 {
		s = s[open+1:]
		if end := strings.IndexByte(s, '>'); end >= 0 {
			s = s[:end]
		}
	}
	if ids := appendID(nil, s); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// appendID adds an id without the spaces that folding put into it.
func appendID(ids []string, id string) []string {
	id = strings.Join(strings.Fields(Line(charset.Guess("", []byte(id), nil))), "")
	if id == "" {
		return ids
	}
	return append(ids, Cut(id, maxID))
}
