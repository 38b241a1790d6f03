package canonical

import (
	"errors"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// PhoneNumber is one element of a Phone value.
type PhoneNumber struct {
	Raw     string `json:"raw"`            // as the source wrote it
	E164    string `json:"e164,omitempty"` // ITU-T E.164, only of a number that its country's plan knows
	Ext     string `json:"ext,omitempty"`  // extension, digits
	Type    string `json:"type,omitempty"` // mobile, work, home, fax, other
	Primary bool   `json:"primary,omitempty"`
	Shared  bool   `json:"shared,omitempty"` // several people answer it, so it names nobody
}

// maxPhone bounds a number as written.
const maxPhone = 100

var errPhone = errors.New("not a phone number")

// CleanPhone returns a number as written, its E.164 form and its extension. A national number is read by the plan of
// the region, an alpha-2 code; "" reads only what begins with a country code. A number that no plan has, such as a
// local one without its area code, has no E.164 form: guessing would invent numbers.
func CleanPhone(s, region string) (PhoneNumber, error) {
	raw := CleanText(strings.TrimPrefix(strings.TrimSpace(s), "tel:"))
	if len(raw) > maxPhone || !strings.ContainsAny(foldDigits(raw), "0123456789") {
		return PhoneNumber{}, errPhone
	}
	if !letters(region, 2) {
		region = ""
	}
	var space [maxPhone + 8]byte
	key := append(append(append(space[:0], region...), ' '), raw...)
	return phones.get(alias(key)), nil
}

// phones remembers numbers: parsing one takes tens of microseconds, and a record is mapped at each of its versions.
var phones = memo[PhoneNumber]{limit: 1 << 15, make: parsePhone}

// parsePhone reads a number that stands after its region and a space.
func parsePhone(key string) PhoneNumber {
	region, raw, _ := strings.Cut(key, " ")
	p := PhoneNumber{Raw: raw}
	if n, digits, ok := international(raw); ok {
		if phonenumbers.IsValidNumber(n) {
			p.E164 = digits
		}
		return p
	}
	n, err := phonenumbers.Parse(raw, region)
	if err != nil {
		return p
	}
	p.Ext = n.GetExtension()
	if phonenumbers.IsValidNumber(n) {
		p.E164 = phonenumbers.Format(n, phonenumbers.E164)
	}
	return p
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
		dst = appendMember(dst, "ext", p.Ext)
		dst = appendMember(dst, "type", p.Type)
		if p.Primary {
			dst = append(dst, `,"primary":true`...)
		}
		if p.Shared {
			dst = append(dst, `,"shared":true`...)
		}
		dst = append(dst, '}')
	}
	return closing(dst, start)
}

// Key returns what two equal numbers share: the E.164 form with the extension, else the number as written.
func (p PhoneNumber) Key() string {
	switch {
	case p.E164 == "":
		return p.Raw
	case p.Ext != "":
		return p.E164 + ";ext=" + p.Ext
	}
	return p.E164
}
