package salesforcetest

import (
	"encoding/json"
	"strconv"
	"strings"
)

// appendText writes a JSON string. Almost all texts need no escape.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x80 {
			return append(b, marshal(s)...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendNumber writes a number as Salesforce does: whole ones without a point when they are of type int, with one zero
// when they are not (recorded: 50000.0).
func appendNumber(b []byte, n float64, whole bool) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, n, 'f', -1, 64)
	if !whole && !strings.Contains(string(b[start:]), ".") {
		b = append(b, ".0"...)
	}
	return b
}

// appendValue writes a field's value.
func (f *Field) appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case float64:
		return appendNumber(b, v, f.Type == "int")
	case string:
		return appendText(b, v)
	}
	out, err := json.Marshal(value)
	if err != nil {
		panic(err) // only the types above are stored
	}
	return append(b, out...)
}

// addressParts are the keys of a compound address, in the vendor's order, and the ends of the fields they come from.
var addressParts = []struct{ key, field string }{
	{"city", "City"}, {"country", "Country"}, {"countryCode", "CountryCode"}, {"geocodeAccuracy", "GeocodeAccuracy"}, {"latitude", "Latitude"},
	{"longitude", "Longitude"}, {"postalCode", "PostalCode"}, {"state", "State"}, {"stateCode", "StateCode"}, {"street", "Street"},
}

// appendAddress writes a compound address: null when every part is empty (recorded). The codes are there only in
// organizations that have them.
func (t *table) appendAddress(b []byte, f *Field, v *version) []byte {
	start, any := len(b), false
	prefix := strings.TrimSuffix(f.Name, "Address")
	b = append(b, '{')
	for _, p := range addressParts {
		part := t.byName[strings.ToLower(prefix+p.field)]
		if part == nil {
			if strings.HasSuffix(p.key, "Code") && p.key != "postalCode" {
				continue
			}
			part = &Field{slot: -1}
		}
		value := v.get(part.slot)
		any = any || value != nil
		if len(b) > start+1 {
			b = append(b, ',')
		}
		b = append(appendText(b, p.key), ':')
		b = part.appendValue(b, value)
	}
	if !any {
		return append(b[:start], "null"...)
	}
	return append(b, '}')
}

// appendAttributes writes {"type":…,"url":…}, which begins every record.
func (t *table) appendAttributes(b []byte, o *row, version string) []byte {
	b = append(b, `"attributes":{"type":"`...)
	b = append(b, t.name...)
	b = append(b, `","url":"/services/data/`...)
	b = append(b, version...)
	b = append(b, "/sobjects/"...)
	b = append(b, t.name...)
	b = append(b, '/')
	b = append(b, t.id(o.serial)...)
	return append(b, `"}`...)
}
