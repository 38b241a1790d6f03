package ledger

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// erasedMark stands in place of a customer's name, address or number after an erasure.
const erasedMark = "[erased]"

// replace puts the mark in place of every match that is not a part of a longer word, and reports whether there was one.
func replace(re *regexp.Regexp, text string) (string, bool) {
	if re == nil {
		return text, false
	}
	var b strings.Builder
	from, hit := 0, false
	for at := 0; at < len(text); {
		m := re.FindStringIndex(text[at:])
		if m == nil {
			break
		}
		begin, end := at+m[0], at+m[1]
		if inWord(text, begin, end) {
			_, size := utf8.DecodeRuneInString(text[begin:])
			at = begin + max(size, 1)
			continue
		}
		b.WriteString(text[from:begin])
		b.WriteString(erasedMark)
		from, at, hit = end, max(end, begin+1), true
	}
	b.WriteString(text[from:])
	return b.String(), hit
}

// found reports whether a text has a match, as it is written or with the escapes of JSON, URLs and forms undone.
func found(re *regexp.Regexp, text []byte) bool {
	if re == nil || len(text) == 0 {
		return false
	}
	if _, hit := replace(re, string(text)); hit {
		return true
	}
	if plain, err := url.QueryUnescape(string(text)); err == nil && plain != string(text) {
		if _, hit := replace(re, plain); hit {
			return true
		}
	}
	_, hit := scrubJSON(re, text)
	return hit
}

// scrubJSON replaces matches inside the strings of a JSON text and leaves every other byte as it is.
func scrubJSON(re *regexp.Regexp, data []byte) ([]byte, bool) {
	var out []byte
	hit := false
	for i := 0; i < len(data); {
		if data[i] != '"' {
			out = append(out, data[i])
			i++
			continue
		}
		end := i + 1
		for end < len(data) && data[end] != '"' {
			if data[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(data))
		literal := data[i:end]
		i = end
		var text string
		if json.Unmarshal(literal, &text) != nil {
			out = append(out, literal...)
			continue
		}
		clean, changed := replace(re, text)
		if !changed {
			out = append(out, literal...)
			continue
		}
		hit = true
		again, _ := json.Marshal(clean) // a string always can be
		out = append(out, again...)
	}
	return out, hit
}
