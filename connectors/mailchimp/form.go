package mailchimp

import (
	"errors"
	"net/url"
	"strings"
)

// The bounds of a delivery. Mailchimp documents none; an audience has at most 80 merge fields of 255 bytes each.
const (
	maxDelivery = 1 << 20
	maxPairs    = 1000
	maxDepth    = 4
	maxName     = 512
)

// parseForm reads a form whose names may have brackets, `data[merges][EMAIL]`, into names with dots, `data.merges.EMAIL`.
// Of a name that comes twice the first counts. A name that nests deeper, or whose brackets do not match, is an error like
// anything else that is no form: it is kept and looked at.
func parseForm(body []byte) (map[string]string, error) {
	if len(body) > maxDelivery {
		return nil, errors.New("body is too large")
	}
	out := map[string]string{}
	pairs := 0
	for pair := range strings.SplitSeq(string(body), "&") {
		if pair == "" {
			continue
		}
		if pairs++; pairs > maxPairs {
			return nil, errors.New("body has too many fields")
		}
		key, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(key)
		if err != nil {
			return nil, errors.New("body is no form")
		}
		text, err := url.QueryUnescape(value)
		if err != nil {
			return nil, errors.New("body is no form")
		}
		path, err := dotted(name)
		if err != nil {
			return nil, err
		}
		if _, twice := out[path]; !twice {
			out[path] = text
		}
	}
	return out, nil
}

// dotted turns brackets into dots.
func dotted(name string) (string, error) {
	head, rest, nested := strings.Cut(name, "[")
	if len(name) > maxName || head == "" {
		return "", errors.New("body has a field with a name that is too long or none")
	}
	if !nested {
		return head, nil
	}
	parts := []string{head}
	for part := range strings.SplitSeq(rest, "[") {
		inner, closed := strings.CutSuffix(part, "]")
		if !closed || strings.Contains(inner, "]") || len(parts) == maxDepth {
			return "", errors.New("body has a field whose brackets do not match or nest too deep")
		}
		parts = append(parts, inner)
	}
	return strings.Join(parts, "."), nil
}
