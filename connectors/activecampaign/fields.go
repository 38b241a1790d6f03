package activecampaign

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// tags are the types of custom fields (https://developers.activecampaign.com/reference/fields), and what they are here. All
// values are text; those of lists stand between double bars, `||Red||Blue||`.
var tags = map[string]canonical.Tag{
	"text": canonical.TagString, "hidden": canonical.TagString, "textarea": canonical.TagText, "date": canonical.TagDate, "datetime": canonical.TagDatetime,
	"dropdown": canonical.TagEnum, "radio": canonical.TagEnum, "listbox": canonical.TagMultiEnum, "multiselect": canonical.TagMultiEnum,
	"checkbox": canonical.TagMultiEnum, "number": canonical.TagDecimal, "url": canonical.TagURL,
}

// typed is a custom field as the mapping takes it.
type typed struct {
	Tag   canonical.Tag `json:"t"`
	Value any           `json:"v"`
}

// fieldsOf returns the custom fields of a contact that have a value, by their personalization tags, which stay when a field
// is renamed.
func (b *beside) fieldsOf(rows []gjson.Result) map[string]typed {
	all := map[string]typed{}
	for _, row := range rows {
		value := row.Get("value").String()
		if strings.Trim(value, "| \t\r\n") == "" || value == noDate || value == noTime {
			continue
		}
		id := row.Get("field").String()
		f := b.fields[id]
		name := f.Get("perstag").String()
		if name == "" {
			name = "field_" + id
		}
		all[name] = typedValue(f.Get("type").String(), value)
	}
	return all
}

// What stands where there is no date.
const (
	noDate = "0000-00-00"
	noTime = "0000-00-00 00:00:00"
)

// typedValue gives a value its type. One that does not look like its type stays text: fields change their types, and their
// values stay.
func typedValue(kind, value string) typed {
	tag, ok := tags[kind]
	switch {
	case !ok, tag == canonical.TagDate && !isDate(value), tag == canonical.TagDatetime && parsed(value).IsZero(), tag == canonical.TagDecimal && !isNumber(value):
		tag = canonical.TagString
	case tag == canonical.TagMultiEnum:
		list := []string{}
		for one := range strings.SplitSeq(value, "||") {
			if one = strings.TrimSpace(one); one != "" {
				list = append(list, one)
			}
		}
		return typed{tag, list}
	}
	return typed{tag, value}
}

func isDate(text string) bool { return !parsed(text + " 00:00:00").IsZero() }

func isNumber(text string) bool { return gjson.Valid(text) && gjson.Parse(text).Type == gjson.Number }
