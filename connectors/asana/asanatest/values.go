package asanatest

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

const maxFieldText = 1024 // https://developers.asana.com/docs/custom-fields-guide

// readValues reads custom_fields, a map of field gids to values. A field that is not on one of the task's projects is
// refused, whatever the value.
func (c *call) readValues(allowed func(*field) bool) []value {
	var raw map[string]json.RawMessage
	if !c.in.object("custom_fields", &raw) {
		return nil
	}
	var out []value
	for id, text := range raw {
		f, err := given(c.st.fields, "custom_fields", id)
		if err != nil {
			c.in.failErr(err)
			continue
		}
		if !allowed(f) {
			c.in.faults = append(c.in.faults, "Custom field with ID "+id+" is not on given object")
			continue
		}
		v, fault := c.readValue(f, text)
		if fault != "" {
			c.in.fail("custom_fields: "+id, fault)
			continue
		}
		out = append(out, value{f, v})
	}
	return out
}

// readValue reads one value in its field's form. Null, and an empty text or list, clear the field.
func (c *call) readValue(f *field, raw json.RawMessage) (any, string) {
	if string(bytes.TrimSpace(raw)) == "null" {
		return nil, ""
	}
	switch f.kind {
	case "text":
		return readText(raw)
	case "number":
		return readNumber(f, raw)
	case "enum":
		return c.readOption(f, raw)
	case "multi_enum":
		return c.readOptions(f, raw)
	case "people":
		return c.readPeople(raw)
	}
	return readDate(raw)
}

func readText(raw json.RawMessage) (any, string) {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return nil, "text_value: Not a string"
	}
	if utf8.RuneCountInString(s) > maxFieldText {
		return nil, "text_value: Value is too long"
	}
	if s == "" {
		return nil, ""
	}
	return s, ""
}

// readNumber rounds to the field's precision, as the field shows it.
func readNumber(f *field, raw json.RawMessage) (any, string) {
	var n float64
	if json.Unmarshal(raw, &n) != nil {
		return nil, "number_value: Not a number"
	}
	scale := math.Pow10(f.precision)
	return math.Round(n*scale) / scale, ""
}

// readOption finds an enum option by its gid, never by its name.
func (c *call) readOption(f *field, raw json.RawMessage) (any, string) {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return nil, "enum_value: Not a string"
	}
	id, ok := parseGID(s)
	if !ok {
		return nil, "enum_value: Not a recognized ID: " + s
	}
	o := c.st.options[id]
	switch {
	case o == nil || o.field != f:
		return nil, "enum_value: Unknown object: " + s
	case !o.enabled:
		return nil, "enum_value: The option is disabled: " + s
	}
	return o, ""
}

func (c *call) readOptions(f *field, raw json.RawMessage) (any, string) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil, "multi_enum_values: Not an array"
	}
	var out []*option
	for _, x := range list {
		o, fault := c.readOption(f, x)
		if fault != "" {
			return nil, strings.Replace(fault, "enum_value", "multi_enum_values", 1)
		}
		out = append(out, o.(*option))
	}
	if len(out) == 0 {
		return nil, ""
	}
	return out, ""
}

func (c *call) readPeople(raw json.RawMessage) (any, string) {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return nil, "people_value: Not an array"
	}
	var out []gid
	for _, id := range list {
		u, err := c.person("people_value", id)
		if err != nil {
			return nil, "people_value: Unknown object: " + id
		}
		out = append(out, u.id)
	}
	if len(out) == 0 {
		return nil, ""
	}
	return out, ""
}

// readDate reads {"date":"YYYY-MM-DD"} or {"date_time":…}, as the guide to custom fields has it, or the bare text of either,
// as the OpenAPI file has it.
func readDate(raw json.RawMessage) (any, string) {
	var d struct {
		Date *string `json:"date"`
		At   *string `json:"date_time"`
	}
	var bare string
	switch {
	case json.Unmarshal(raw, &bare) == nil && len(bare) == len(time.DateOnly):
		d.Date = &bare
	case bare != "":
		d.At = &bare
	case json.Unmarshal(raw, &d) != nil:
		return nil, "date_value: Not an object"
	}
	switch {
	case d.At != nil:
		at, err := time.Parse(time.RFC3339, *d.At)
		if err != nil {
			return nil, "date_value: Not a valid time"
		}
		text := stampOf(at).String()
		return dateValue{text[:len(time.DateOnly)], text}, ""
	case d.Date != nil:
		if _, err := time.Parse(time.DateOnly, *d.Date); err != nil {
			return nil, "date_value: Not a valid date"
		}
		return dateValue{date: *d.Date}, ""
	}
	return nil, ""
}
