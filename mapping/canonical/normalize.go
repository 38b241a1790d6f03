package canonical

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Normalize returns the normal form of a Go value for a field of type t; nil and blank texts are null. Every type
// takes a string as Append does; numbers, booleans and times are taken where they make sense, the list types take
// []string and lists of their elements, and Money takes Amount. Every type takes its JSON as a json.RawMessage, and the
// types that are made of parts take anything that encodes as theirs, such as []Address. Normalizing a normal form
// changes nothing. The error names types, never the value.
func Normalize(t Type, value any) (json.RawMessage, error) {
	switch v := value.(type) {
	case nil:
		return json.RawMessage(null), nil
	case json.RawMessage:
		return normalizeJSON(t, v)
	case string:
		b, err := Append(nil, t, v, Options{})
		return b, certain(err)
	case json.Number:
		b, err := Append(nil, t, v.String(), Options{})
		return b, certain(err)
	case bool:
		if t == Bool {
			return strconv.AppendBool(nil, v), nil
		}
	case int, int64:
		if t != Bool {
			return Append(nil, t, fmt.Sprint(v), Options{})
		}
	case float64:
		if t == Integer || t == Decimal || t == Money {
			return Append(nil, t, strconv.FormatFloat(v, 'g', -1, 64), Options{})
		}
	case time.Time:
		if t == Date || t == Time {
			return Append(nil, t, v.Format(time.RFC3339Nano), Options{})
		}
	case Amount:
		if t == Money {
			b, err := AppendMoney(nil, v.Amount, v.Currency)
			return b, certain(err)
		}
	default:
		if composite(t) {
			encoded, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("a %T is no %s", value, t)
			}
			return normalizeJSON(t, encoded)
		}
		return normalizeList(t, value)
	}
	return nil, fmt.Errorf("a %T is no %s", value, t)
}

// certain takes the doubt out of an error: the value is taken.
func certain(err error) error {
	if IsDoubt(err) {
		return nil
	}
	return err
}

// composite reports whether a type is a map or made of parts.
func composite(t Type) bool { return t.IsMap() || parts[t] != nil || t == Typed }

// Amount is the Go form of a Money value.
type Amount struct {
	Amount   string `json:"amount"` // decimal
	Currency string `json:"currency"`
}

func normalizeList(t Type, value any) (json.RawMessage, error) {
	switch v := value.(type) {
	case []string:
		return normalizeStrings(t, v)
	case []EmailAddress:
		if t == Email {
			return normalizeEmails(v)
		}
	case []PhoneNumber:
		if t == Phone {
			return normalizePhones(v)
		}
	case []Stage:
		if t == Stages {
			list := append([]Stage(nil), v...)
			Classify(list)
			return AppendStages(nil, list), nil
		}
	}
	return nil, fmt.Errorf("a %T is no %s", value, t)
}

func normalizeStrings(t Type, list []string) (json.RawMessage, error) {
	var emails []EmailAddress
	var phones []PhoneNumber
	clean := make([]string, 0, len(list))
	for _, s := range list {
		switch t {
		case Email:
			emails = append(emails, EmailAddress{Address: s})
		case Phone:
			phones = append(phones, PhoneNumber{Raw: s})
		case Strings:
			clean = append(clean, CleanText(s))
		case Domain:
			domain, err := CleanDomain(s)
			if err != nil {
				return nil, err
			}
			clean = append(clean, domain)
		case Refs:
			ref, ok := CleanRef(s)
			if !ok {
				return nil, errRef
			}
			clean = append(clean, ref)
		default:
			return nil, fmt.Errorf("a list is no %s", t)
		}
	}
	switch t {
	case Email:
		return normalizeEmails(emails)
	case Phone:
		return normalizePhones(phones)
	}
	return AppendStrings(nil, clean), nil
}

func normalizeEmails(list []EmailAddress) (json.RawMessage, error) {
	clean := make([]EmailAddress, 0, len(list))
	for _, e := range list {
		address, display, err := CleanEmail(e.Address)
		if err != nil {
			return nil, err
		}
		e.Address = address
		if display != "" {
			e.Display = display
		}
		if e.BouncedAt != "" {
			at, err := ParseTime(e.BouncedAt, nil)
			if err != nil {
				return nil, err
			}
			e.BouncedAt = at.Format(TimeLayout)
		}
		clean = append(clean, e)
	}
	return AppendEmails(nil, clean), nil
}

func normalizePhones(list []PhoneNumber) (json.RawMessage, error) {
	clean := make([]PhoneNumber, 0, len(list))
	for _, p := range list {
		number, err := CleanPhone(p.Raw, "")
		if err != nil {
			return nil, err
		}
		p.Raw, p.E164, p.Ext = number.Raw, cmp.Or(p.E164, number.E164), cmp.Or(p.Ext, number.Ext)
		clean = append(clean, p)
	}
	return AppendPhones(nil, clean), nil
}
