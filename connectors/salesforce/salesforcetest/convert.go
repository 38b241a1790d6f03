package salesforcetest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// convert returns the value as it is stored, nil for an empty one, or why the field refuses it.
func (x *tx) convert(f *Field, in any, how manner) (any, error) {
	if in == nil || in == "" {
		if f.Type == "boolean" && !how.csv {
			return nil, fail(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of boolean from VALUE_NULL value null or request may be missing a required field at [line:1, column:1]").on(f.Name)
		}
		return nil, nil
	}
	switch {
	case f.Type == "boolean":
		return f.boolean(in, how)
	case f.numeric():
		return f.number(in)
	case f.Type == "date" || f.Type == "datetime":
		return f.time(in)
	case f.Type == "reference" || f.Type == "id":
		return x.reference(f, in, how)
	case f.Type == "anyType":
		return in, nil
	}
	return f.text(in, how)
}

// unreadable is the answer to a JSON value of another type.
func (f *Field) unreadable(in any) error {
	kind := map[bool]string{true: "VALUE_STRING", false: "VALUE_NUMBER"}[isString(in)]
	return fail(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of %s from %s value %v or request may be missing a required field at [line:1, column:1]", f.Type, kind, in).on(f.Name)
}

func isString(v any) bool { _, ok := v.(string); return ok }

func (f *Field) boolean(in any, how manner) (any, error) {
	switch v := in.(type) {
	case bool:
		return v, nil
	case string:
		if how.csv || how.force {
			switch strings.ToLower(v) {
			case "true", "1":
				return true, nil
			case "false", "0":
				return false, nil
			}
		}
	}
	return nil, f.unreadable(in)
}

func (f *Field) number(in any) (any, error) {
	var n float64
	var err error
	switch v := in.(type) {
	case float64:
		n = v
	case int:
		n = float64(v)
	case int64:
		n = float64(v)
	case json.Number:
		n, err = v.Float64()
	case string: // also in JSON (recorded)
		n, err = strconv.ParseFloat(v, 64)
	default:
		err = strconv.ErrSyntax
	}
	if err != nil || math.IsNaN(n) || (f.Type == "int" && n != math.Trunc(n)) {
		return nil, f.unreadable(in)
	}
	if f.Type == "int" {
		return n, nil
	}
	if math.Abs(n) >= math.Pow10(f.Precision-f.Scale) {
		return nil, fail(400, "NUMBER_OUTSIDE_VALID_RANGE", "%s: value outside of valid range on numeric field: %v", f.Label, in).on(f.Name)
	}
	return math.Round(n*math.Pow10(f.Scale)) / math.Pow10(f.Scale), nil
}

// timeLayouts are the forms of a time that are accepted; without a zone it is UTC.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02"}

// parseTime reads a time in one of the accepted forms.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func (f *Field) time(in any) (any, error) {
	t, ok := in.(time.Time)
	if s, isText := in.(string); isText {
		t, ok = parseTime(s)
	}
	switch {
	case !ok:
		return nil, f.unreadable(in)
	case f.Type == "date":
		return t.UTC().Format(time.DateOnly), nil
	}
	return t.UTC().Truncate(time.Second).Format(timeLayout), nil
}

// reference checks that the row exists, unless the organization does not have the object at all.
func (x *tx) reference(f *Field, in any, how manner) (any, error) {
	s, ok := in.(string)
	id, valid := canonicalID(s)
	if !ok || !valid {
		return nil, fail(400, "MALFORMED_ID", "%s: id value of incorrect type: %v", f.Label, in).on(f.Name)
	}
	var known bool
	for _, name := range f.ReferenceTo {
		t := x.s.table(name)
		if t == nil {
			known = true
			continue
		}
		if !strings.HasPrefix(id, t.prefix) {
			continue
		}
		o := t.find(id)
		if o == nil {
			return nil, fail(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").on(f.Name)
		}
		if o.cur.deleted && !how.force {
			return nil, fail(400, "ENTITY_IS_DELETED", "entity is deleted").on(f.Name)
		}
		return id, nil
	}
	if !known && len(f.ReferenceTo) > 0 {
		return nil, fail(400, "MALFORMED_ID", "%s: id value of incorrect type: %s", f.Label, id).on(f.Name)
	}
	return id, nil
}

func (f *Field) text(in any, how manner) (any, error) {
	s, ok := in.(string)
	if !ok {
		if !how.force {
			return nil, f.unreadable(in)
		}
		s = fmt.Sprint(in)
	}
	// Salesforce trims texts and takes an empty one for none.
	if s = strings.TrimSpace(s); s == "" {
		return nil, nil
	}
	if n := utf8.RuneCountInString(s); n > f.Length && f.Type != "picklist" {
		return nil, fail(400, "STRING_TOO_LONG", "%s: data value too large: %s (max length=%d)", f.Label, s, f.Length).on(f.Name)
	}
	if f.Type == "email" && !plausibleEmail(s) {
		return nil, fail(400, "INVALID_EMAIL_ADDRESS", "%s: invalid email address: %s", f.Label, s).on(f.Name)
	}
	if f.Restricted && len(f.Picklist) > 0 {
		for v := range strings.SplitSeq(s, ";") {
			if !slices.Contains(f.Picklist, v) {
				return nil, fail(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "%s: bad value for restricted picklist field: %s", f.Label, s).on(f.Name)
			}
		}
	}
	return s, nil
}

func plausibleEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(s, " \t\n,;<>()") && !strings.Contains(domain, "@")
}
