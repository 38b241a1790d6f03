package canonical

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// international reads a number that begins with + and has nothing but digits and separators after it, which is most of
// them, without the library's general parser: that one looks for extensions with an expression that takes longer than
// everything else together. It says no to what could mean something else; the result is the same.
func international(raw string) (n *phonenumbers.PhoneNumber, digits string, ok bool) {
	if len(raw) < 2 || raw[0] != '+' {
		return nil, "", false
	}
	space := make([]byte, 1, 20)
	space[0] = '+'
	for i := 1; i < len(raw); i++ {
		switch c := raw[i]; {
		case c >= '0' && c <= '9' && len(space) < 16:
			space = append(space, c)
		case c != ' ' && c != '-' && c != '.' && c != '/':
			return nil, "", false
		}
	}
	digits = string(space)
	code, prefixes := callingCode(digits[1:])
	if code == 0 {
		return nil, "", false
	}
	national := digits[1+len(strconv.Itoa(code)):]
	if len(national) < 4 || national[0] == '0' { // Italy has zeros that count, others a prefix that does not
		return nil, "", false
	}
	for _, p := range prefixes {
		if p != "" && strings.HasPrefix(national, p) {
			return nil, "", false
		}
	}
	number, err := strconv.ParseUint(national, 10, 63)
	if err != nil {
		return nil, "", false
	}
	country := int32(code)
	return &phonenumbers.PhoneNumber{CountryCode: &country, NationalNumber: &number}, digits, true
}

// callingCode returns the country code that digits begin with, and what people of that country write before a national
// number; 0 for a country where that is more than a few fixed digits.
func callingCode(digits string) (code int, prefixes []string) {
	for n := 1; n <= 3 && n < len(digits) && digits[0] != '0'; n++ {
		code, err := strconv.Atoi(digits[:n])
		if err != nil {
			return 0, nil
		}
		if list, known := plainPlans()[code]; known {
			return code, list
		}
	}
	return 0, nil
}

var literals = regexp.MustCompile(`^[0-9|]*$`)

// plainPlans are the countries whose national prefixes are fixed digits, by calling code.
var plainPlans = sync.OnceValue(func() map[int][]string {
	plans := map[int][]string{}
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return plans
	}
	for _, m := range all.GetMetadata() {
		code, prefixes := int(m.GetCountryCode()), m.GetNationalPrefixForParsing()
		if m.GetId() == phonenumbers.GetRegionCodeForCountryCode(code) && literals.MatchString(prefixes) {
			plans[code] = strings.Split(prefixes, "|")
		}
	}
	return plans
})
