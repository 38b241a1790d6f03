package salesforce

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"
)

// normal returns a value of a JSON answer in the one form that records have. kind is describe's type, "" when unknown.
func normal(kind string, v gjson.Result) string {
	switch v.Type {
	case gjson.Number:
		return number(v.Raw)
	case gjson.String:
		return quoted(kind, v)
	case gjson.True, gjson.False:
		return v.Raw
	case gjson.JSON:
		return string(compact(v.Raw))
	}
	return "null"
}

func quoted(kind string, v gjson.Result) string {
	switch {
	case kind == "id" || kind == "reference":
		if isID(v.Str) {
			return `"` + long(v.Str) + `"`
		}
	case kind == "datetime":
		return quote(stamped(v.Str))
	}
	if !strings.ContainsAny(v.Raw, "\\\u2028\u2029") {
		return v.Raw
	}
	return quote(v.Str)
}

// fromText returns a value of a CSV file in the form that records have. There, null and the empty text are the same.
// https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/datafiles_valid_csv_rec_rows.htm
func fromText(kind, text string) string {
	if text == "" {
		return "null"
	}
	switch kind {
	case "boolean":
		if text = strings.ToLower(text); text == "true" || text == "false" {
			return text
		}
	case "int", "long", "double", "currency", "percent":
		if json.Valid([]byte(text)) && gjson.Parse(text).Type == gjson.Number {
			return number(text)
		}
	case "id", "reference":
		text = long(text)
	case "datetime":
		text = stamped(text)
	}
	return quote(text)
}

// quote writes a JSON string without the escapes that only a web page needs.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

func compact(raw string) []byte {
	var b bytes.Buffer
	if json.Compact(&b, []byte(raw)) != nil {
		return []byte("null")
	}
	return b.Bytes()
}

// stamped writes a time as the REST API does: a Bulk job ends it with Z instead of +0000.
func stamped(text string) string {
	if bare, ok := strings.CutSuffix(text, "Z"); ok {
		return bare + "+0000"
	}
	return text
}

// number writes a decimal number without an exponent and without needless zeros: REST says 50000.00 or 1.2E7 where a Bulk
// job says 50000.0 or 12000000.
func number(text string) string {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	sign := ""
	if bare, ok := strings.CutPrefix(mantissa, "-"); ok {
		sign, mantissa = "-", bare
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	shift, ok := shiftOf(exponent)
	if !ok {
		return text // nothing that Salesforce stores
	}
	for ; shift > 0; shift-- {
		digit := "0"
		if fraction != "" {
			digit, fraction = fraction[:1], fraction[1:]
		}
		whole += digit
	}
	for ; shift < 0; shift++ {
		digit := "0"
		if n := len(whole); n > 0 {
			digit, whole = whole[n-1:], whole[:n-1]
		}
		fraction = digit + fraction
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	switch {
	case fraction != "":
		return sign + whole + "." + fraction
	case whole == "0":
		return whole
	}
	return sign + whole
}

// shiftOf reads an exponent of at most two digits.
func shiftOf(text string) (int, bool) {
	n, negative := 0, strings.HasPrefix(text, "-")
	text = strings.TrimLeft(text, "+-")
	if len(text) > 2 {
		return 0, false
	}
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}
