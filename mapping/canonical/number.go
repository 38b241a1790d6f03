package canonical

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/text/currency"
)

var errNumber = errors.New("not a decimal number")

// maxDigits bounds a number; money and counts of this world have fewer.
const maxDigits = 40

// CleanDecimal returns a decimal number in normal form without passing through a float: no plus sign, no leading
// zeros, no trailing zeros after the point, no exponent, no negative zero. It accepts what JSON and vendors write:
// "12500.00", "-.5", "1.25e3". It does not guess at separators of thousands.
func CleanDecimal(s string) (string, error) {
	negative, whole, fraction, err := digitsOf(foldDigits(strings.TrimSpace(s)))
	if err != nil {
		return "", err
	}
	return joinDigits(negative, whole, strings.TrimRight(fraction, "0")), nil
}

// CleanInteger returns a number without fraction that fits 64 bits in normal form. "12.0" is 12; "12.5" is an error.
func CleanInteger(s string) (string, error) {
	text, err := CleanDecimal(s)
	if err != nil {
		return "", err
	}
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return "", errors.New("not a whole number of 64 bits")
	}
	return text, nil
}

// CleanMoney returns an amount in normal form: as CleanDecimal, but with at least the decimals its currency has (two
// when the currency is not known), and the currency as CleanCurrency has it, with its Doubt.
func CleanMoney(amount, iso string) (normal, code string, err error) {
	doubt := error(nil)
	if strings.TrimSpace(iso) != "" {
		if code, doubt = CleanCurrency(iso); doubt != nil && !IsDoubt(doubt) {
			return "", "", doubt
		}
	}
	negative, whole, fraction, err := digitsOf(foldDigits(strings.TrimSpace(amount)))
	if err != nil {
		return "", "", err
	}
	fraction = strings.TrimRight(fraction, "0")
	for len(fraction) < decimals(code) {
		fraction += "0"
	}
	return joinDigits(negative, whole, fraction), code, doubt
}

// CleanCurrency returns a code of ISO 4217 in upper case. Three letters that the standard does not have, such as those
// of a virtual currency, are taken with a Doubt.
func CleanCurrency(s string) (string, error) {
	code := strings.ToUpper(strings.TrimSpace(s))
	if !letters(code, 3) {
		return "", errors.New("currency is not three letters of ISO 4217")
	}
	if !currencies.get(code) {
		return code, Doubt("in a currency that ISO 4217 does not have")
	}
	return code, nil
}

var currencies = memo[bool]{limit: 1024, make: func(code string) bool {
	_, err := currency.ParseISO(code)
	return err == nil || strings.Contains(newCurrencies, code)
}}

// newCurrencies are newer than the tables of golang.org/x/text.
const newCurrencies = "MRU SLE UYW VED VES XCG ZWG"

// decimals returns the minor unit of ISO 4217 for the currencies whose is not 2.
func decimals(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}

// digitsOf splits a number into sign, whole part and fraction, with the exponent worked in.
func digitsOf(s string) (negative bool, whole, fraction string, err error) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	exponent := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if exponent, err = strconv.Atoi(s[i+1:]); err != nil || exponent > maxDigits || exponent < -maxDigits {
			return false, "", "", errNumber
		}
		s = s[:i]
	}
	whole, fraction, _ = strings.Cut(s, ".")
	if whole+fraction == "" || !digits(whole) || !digits(fraction) {
		return false, "", "", errNumber
	}
	whole, fraction = shift(whole, fraction, exponent)
	whole = strings.TrimLeft(whole, "0")
	if len(whole)+len(strings.TrimRight(fraction, "0")) > maxDigits {
		return false, "", "", errNumber
	}
	return negative, whole, fraction, nil
}

// shift moves the decimal point by n places to the right.
func shift(whole, fraction string, n int) (string, string) {
	for ; n > 0; n-- {
		if fraction == "" {
			fraction = "0"
		}
		whole, fraction = whole+fraction[:1], fraction[1:]
	}
	for ; n < 0; n++ {
		if whole == "" {
			whole = "0"
		}
		whole, fraction = whole[:len(whole)-1], whole[len(whole)-1:]+fraction
	}
	return whole, fraction
}

func joinDigits(negative bool, whole, fraction string) string {
	if whole == "" {
		whole = "0"
	}
	if negative && (whole != "0" || strings.Trim(fraction, "0") != "") {
		whole = "-" + whole
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func letters(s string, n int) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return len(s) == n
}
