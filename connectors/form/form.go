// Package form reads the form bodies in which some vendors send their webhooks (Mailchimp, ActiveCampaign): names with
// brackets, as PHP writes nested arrays, `data[merges][EMAIL]=x&list[][id]=1`.
//
// It bounds what it reads and refuses what is no form at all; it does not verify anything, knows no vendor, and does not
// read multipart bodies.
package form

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// The bounds of a body. A real delivery has some dozens of fields; one of ActiveCampaign has one for each custom field of
// the account.
const (
	MaxBody   = 1 << 20
	MaxFields = 5000
	MaxName   = 500
	MaxDepth  = 10
)

// Values are the fields of a body.
type Values struct {
	fields map[string][]string // by the parts of their names
	count  int
}

// sep stands between the parts of a name; Parse refuses it in names.
const sep = "\x00"

// Parse reads a body. The fields come in any order and may be empty; a name must be there. An error shows neither names
// nor values, for both are personal.
func Parse(body []byte) (Values, error) {
	v := Values{fields: map[string][]string{}}
	if len(body) > MaxBody {
		return Values{}, fmt.Errorf("a form of %d bytes, the most is %d", len(body), MaxBody)
	}
	for rest, more := string(body), true; more; {
		var pair string
		if pair, rest, more = strings.Cut(rest, "&"); pair == "" {
			continue
		}
		if v.count++; v.count > MaxFields {
			return Values{}, fmt.Errorf("a form of more than %d fields", MaxFields)
		}
		name, value, found := strings.Cut(pair, "=")
		if !found {
			return Values{}, fmt.Errorf("field %d of the form has no value", v.count)
		}
		key, err := readName(name)
		if err == nil {
			value, err = decode(value)
		}
		if err != nil {
			return Values{}, fmt.Errorf("field %d of the form: %w", v.count, err)
		}
		v.fields[key] = append(v.fields[key], value)
	}
	if v.count == 0 {
		return Values{}, errors.New("the form is empty")
	}
	return v, nil
}

// Get returns the value of the field whose name has these parts, Get("contact", "id") that of contact[id], and "" when
// there is none. Of several values the last one counts, as in PHP. The part of `[]` is "".
func (v Values) Get(parts ...string) string {
	all := v.fields[strings.Join(parts, sep)]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// All returns every value of the field, in the order of the body.
func (v Values) All(parts ...string) []string { return v.fields[strings.Join(parts, sep)] }

// Has reports whether the body has the field, be its value empty.
func (v Values) Has(parts ...string) bool { return len(v.fields[strings.Join(parts, sep)]) > 0 }

// Len returns the number of fields.
func (v Values) Len() int { return v.count }

// readName reads `a[b][c]`, brackets percent-encoded or not, and returns its parts joined.
func readName(text string) (string, error) {
	if len(text) > 3*MaxName {
		return "", errors.New("its name is too long")
	}
	name, err := decode(text)
	switch {
	case err != nil:
		return "", err
	case len(name) > MaxName:
		return "", errors.New("its name is too long")
	case strings.Contains(name, sep):
		return "", errors.New("its name has a null character")
	}
	head, rest, _ := strings.Cut(name, "[")
	if head == "" {
		return "", errors.New("it has no name")
	}
	parts := []string{head}
	for rest != "" {
		part, after, closed := strings.Cut(rest, "]")
		switch {
		case !closed:
			return "", errors.New("a bracket in its name is not closed")
		case len(parts) == MaxDepth:
			return "", errors.New("its name is nested too deep")
		case after != "" && after[0] != '[':
			return "", errors.New("its name goes on behind a bracket")
		}
		parts, rest = append(parts, part), strings.TrimPrefix(after, "[")
	}
	if strings.HasSuffix(name, "[") {
		return "", errors.New("a bracket in its name is not closed")
	}
	return strings.Join(parts, sep), nil
}

// decode undoes the percent-encoding. Bytes that are no UTF-8 are replaced: a vendor sends what people typed.
func decode(text string) (string, error) {
	s, err := url.QueryUnescape(text)
	if err != nil {
		return "", errors.New("it is not percent-encoded") // the error of net/url shows a piece of it
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s, nil
}
