package pubsub

import (
	"strconv"
	"strings"
)

// fieldNames returns what a bitmap field of a change event header names: changedFields, nulledFields, diffFields
// (https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-deserialization-considerations.html). Its first
// element has a bit for each field of the event's schema, the lowest bit for the first; the others have the position of a
// compound field in front, and bits for the fields in it: "4-0x10". Such a field is named with its parent,
// "BillingAddress.City". What points outside of the schema names nothing.
func (s *schema) fieldNames(bitmaps []string) (names []string) {
	for _, b := range bitmaps {
		if parent, bits, nested := strings.Cut(b, "-"); nested {
			names = append(names, s.partNames(parent, bits)...)
			continue
		}
		for _, i := range bitsOf(b) {
			if i < len(s.fields) {
				names = append(names, s.fields[i].name)
			}
		}
	}
	return names
}

// partNames names the parts of the compound field at a position.
func (s *schema) partNames(position, bits string) (names []string) {
	at, err := strconv.Atoi(position)
	if err != nil || at < 0 || at >= len(s.fields) {
		return nil
	}
	f := s.fields[at]
	for _, i := range bitsOf(bits) {
		if i < len(f.nested) {
			names = append(names, f.name+"."+f.nested[i])
		}
	}
	return names
}

// bitsOf returns the positions of the bits that are set in "0x…", ascending; none for what is not such a number.
func bitsOf(hex string) (set []int) {
	digits, ok := strings.CutPrefix(hex, "0x")
	if !ok {
		return nil
	}
	for i := len(digits) - 1; i >= 0; i-- {
		digit, err := strconv.ParseUint(digits[i:i+1], 16, 8)
		if err != nil {
			return nil
		}
		for bit := range 4 {
			if digit&(1<<bit) != 0 {
				set = append(set, (len(digits)-1-i)*4+bit)
			}
		}
	}
	return set
}
