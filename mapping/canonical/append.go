package canonical

import (
	"fmt"
	"strings"
	"time"
)

const null = "null"

// Options are what a scalar's normal form depends on besides its text.
type Options struct {
	Zone     *time.Location // of times and dates that do not say theirs; nil = UTC
	Calendar Calendar       // of dates; "" = Gregorian
	Currency string         // of Money
	Country  string         // alpha-2, of phone numbers without a country code; "" = none
}

// Append appends the normal form of one scalar, given as the text a vendor wrote (the literal of a JSON number, the
// content of a JSON string). Blank text is null: the source says it is empty. For the list types it appends a list of
// this one element. The error says what the text is not; it never contains the text (invariant 9).
func Append(dst []byte, t Type, text string, o Options) ([]byte, error) {
	switch t {
	case Text:
		return appendText(dst, CleanText(text)), nil
	case Long:
		return appendText(dst, CleanLong(text)), nil
	case Enum:
		return appendText(dst, CleanToken(text)), nil
	}
	if strings.TrimSpace(text) == "" {
		return append(dst, null...), nil
	}
	switch t {
	case Integer, Decimal, Money, Bool, Date, Time, Birthday:
		return appendFact(dst, t, text, o)
	case Language, Script, Country, Region, Currency, Zone:
		return appendCode(dst, t, text)
	case Ref:
		ref, ok := CleanRef(text)
		if !ok {
			return dst, errRef
		}
		return appendQuoted(dst, ref), nil
	}
	return appendElement(dst, t, text, o)
}

var errRef = fmt.Errorf("not a reference connection/object/id")

func appendText(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, null...)
	}
	return appendQuoted(dst, s)
}

func appendFact(dst []byte, t Type, text string, o Options) ([]byte, error) {
	var s string
	var err error
	switch t {
	case Integer:
		if s, err = CleanInteger(text); err == nil {
			return append(dst, s...), nil
		}
	case Decimal:
		s, err = CleanDecimal(text)
	case Money:
		return AppendMoney(dst, text, o.Currency)
	case Bool:
		var b bool
		if b, err = CleanBool(text); err == nil {
			return fmt.Append(dst, b), nil
		}
	case Date:
		s, err = CleanDay(text, o)
	case Birthday:
		s, err = CleanBirthday(text, o)
	case Time:
		var at time.Time
		if at, err = ParseTime(text, o.Zone); err == nil {
			dst = append(dst, '"')
			dst = at.AppendFormat(dst, TimeLayout)
			return append(dst, '"'), nil
		}
	}
	if err != nil {
		return dst, err
	}
	return appendQuoted(dst, s), nil
}

// AppendMoney appends the normal form of an amount; a blank amount is null whatever the currency.
func AppendMoney(dst []byte, amount, currency string) ([]byte, error) {
	if strings.TrimSpace(amount) == "" {
		return append(dst, null...), nil
	}
	normal, code, err := CleanMoney(amount, currency)
	if err != nil && !IsDoubt(err) {
		return dst, err
	}
	dst = append(dst, `{"amount":"`...)
	dst = append(dst, normal...)
	dst = append(dst, `","currency":"`...)
	dst = append(dst, code...)
	return append(dst, `"}`...), err
}

// appendCode appends what is a code of some standard.
func appendCode(dst []byte, t Type, text string) ([]byte, error) {
	var s string
	var err error
	switch t {
	case Language:
		s, err = CleanLanguage(text)
	case Script:
		s, err = CleanScript(text)
	case Country:
		s, err = CleanCountry(text)
	case Region:
		s = CleanRegion(text)
	case Currency:
		s, err = CleanCurrency(text)
	case Zone:
		s, err = CleanZone(text)
	}
	if err != nil && !IsDoubt(err) {
		return dst, err
	}
	return appendText(dst, s), err
}

func appendElement(dst []byte, t Type, text string, o Options) ([]byte, error) {
	switch t {
	case Email:
		address, display, err := CleanEmail(text)
		if err != nil {
			return dst, err
		}
		return AppendEmails(dst, []EmailAddress{{Address: address, Display: display}}), nil
	case Phone:
		number, err := CleanPhone(text, o.Country)
		if err != nil {
			return dst, err
		}
		return AppendPhones(dst, []PhoneNumber{number}), nil
	case Domain:
		domain, err := CleanDomain(text)
		if err != nil {
			return dst, err
		}
		return AppendStrings(dst, []string{domain}), nil
	case Refs:
		ref, ok := CleanRef(text)
		if !ok {
			return dst, errRef
		}
		return AppendStrings(dst, []string{ref}), nil
	case Strings:
		return AppendStrings(dst, []string{CleanText(text)}), nil
	}
	return dst, fmt.Errorf("a value of type %s is not made from one text", t)
}
