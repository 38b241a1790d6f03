package canonical

import (
	"errors"
	"strings"
)

// PhoneNumber is one element of a Phone value.
type PhoneNumber struct {
	Raw  string `json:"raw"`            // as the source wrote it
	E164 string `json:"e164,omitempty"` // ITU-T E.164, only when the source gave the country code itself
	Type string `json:"type,omitempty"` // mobile, work, home, fax, other
}

// CleanPhone returns the number as written (as text) and its E.164 form, which is "" unless the number begins with +
// and has 8 to 15 digits. A national number is not guessed at: without the country's numbering plan that invents
// numbers. An extension (`x12`, `ext. 12`, `;ext=12`) is not part of the E.164 form.
func CleanPhone(s string) (raw, e164 string, err error) {
	raw = CleanText(strings.TrimPrefix(strings.TrimSpace(s), "tel:"))
	if len(raw) > 100 || !strings.ContainsAny(raw, "0123456789") {
		return "", "", errors.New("not a phone number")
	}
	return raw, e164Of(raw), nil
}

func e164Of(raw string) string {
	number := strings.ToLower(raw)
	for _, mark := range []string{";", "x", "ext", "#"} {
		if i := strings.Index(number, mark); i >= 0 {
			number = strings.TrimSuffix(number[:i], "e") // the "e" of "ext", which "x" has split
		}
	}
	number = strings.Replace(strings.TrimSpace(number), "(0)", "", 1)
	if !strings.HasPrefix(number, "+") {
		return ""
	}
	digits := make([]byte, 1, 16)
	digits[0] = '+'
	for _, r := range number[1:] {
		switch {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r))
		case strings.ContainsRune(" -.()/\u00a0", r):
		default:
			return ""
		}
	}
	if len(digits) < 9 || len(digits) > 16 || digits[1] == '0' {
		return ""
	}
	return string(digits)
}

// AppendPhones appends the normal form of numbers that CleanPhone has passed: each once, in the order claimed; null
// when there is none.
func AppendPhones(dst []byte, list []PhoneNumber) []byte {
	start := len(dst)
	for i, p := range list {
		if duplicate(list[:i], func(o PhoneNumber) bool { return o.Key() == p.Key() }) {
			continue
		}
		dst = opening(dst, start)
		dst = append(dst, `{"raw":`...)
		dst = appendQuoted(dst, p.Raw)
		dst = appendMember(dst, "e164", p.E164)
		dst = appendMember(dst, "type", p.Type)
		dst = append(dst, '}')
	}
	return closing(dst, start)
}

// Key returns what two equal numbers share: the E.164 form, else the number as written.
func (p PhoneNumber) Key() string {
	if p.E164 != "" {
		return p.E164
	}
	return p.Raw
}
