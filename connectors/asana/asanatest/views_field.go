package asanatest

import (
	"strconv"
	"strings"
)

func optionView() view[*option] {
	names := []string{"gid", "resource_type", "name", "enabled", "color"}
	return view[*option]{
		full: names, compact: names,
		get: getters[*option]{
			"gid":           func(_ *renderer, o *option, _ selection) any { return o.id.String() },
			"resource_type": fixed[*option]("enum_option"),
			"name":          func(_ *renderer, o *option, _ selection) any { return o.name },
			"enabled":       func(_ *renderer, o *option, _ selection) any { return o.enabled },
			"color":         func(_ *renderer, o *option, _ selection) any { return o.color },
		},
	}
}

// fieldView shows definitions and values: on a task the same object carries both.
// https://developers.asana.com/docs/custom-fields-guide
func fieldView() view[value] {
	names := []string{"gid", "resource_type", "name", "type", "resource_subtype", "representation_type", "is_formula_field",
		"enabled", "description", "precision", "format", "currency_code", "custom_label", "custom_label_position", "enum_options",
		"created_by", "is_global_to_workspace", "display_value", "text_value", "number_value", "enum_value", "multi_enum_values",
		"date_value", "people_value", "privacy_setting", "default_access_level"}
	return view[value]{full: names, compact: names, get: merge(fieldBasics(), fieldFormats(), fieldValues())}
}

func fieldBasics() getters[value] {
	kind := func(_ *renderer, v value, _ selection) any { return v.field.kind }
	return getters[value]{
		"gid":                    func(_ *renderer, v value, _ selection) any { return v.field.id.String() },
		"resource_type":          fixed[value]("custom_field"),
		"name":                   func(_ *renderer, v value, _ selection) any { return v.field.name },
		"type":                   kind,
		"resource_subtype":       kind,
		"representation_type":    kind,
		"is_formula_field":       fixed[value](false),
		"is_value_read_only":     fixed[value](false),
		"enabled":                fixed[value](true),
		"is_global_to_workspace": fixed[value](true),
		"privacy_setting":        fixed[value]("public_with_guests"),
		"default_access_level":   fixed[value]("editor"),
		"description":            func(_ *renderer, v value, _ selection) any { return v.field.description },
		"created_by":             func(r *renderer, v value, sub selection) any { return r.user(v.field.creator, sub) },
	}
}

// only shows a property for one kind of field and leaves it out for the others.
func only(kinds string, get func(r *renderer, v value, sub selection) any) func(*renderer, value, selection) any {
	return func(r *renderer, v value, sub selection) any {
		if !strings.Contains(" "+kinds+" ", " "+v.field.kind+" ") {
			return omitted{}
		}
		return get(r, v, sub)
	}
}

func fieldFormats() getters[value] {
	return getters[value]{
		"precision":             only("number", func(_ *renderer, v value, _ selection) any { return v.field.precision }),
		"format":                only("number text", func(_ *renderer, v value, _ selection) any { return v.field.format }),
		"currency_code":         only("number", func(_ *renderer, v value, _ selection) any { return orNull(v.field.currency) }),
		"custom_label":          only("number", func(_ *renderer, v value, _ selection) any { return orNull(v.field.label) }),
		"custom_label_position": only("number", func(_ *renderer, v value, _ selection) any { return orNull(v.field.labelSide) }),
		"enum_options": only("enum multi_enum", func(r *renderer, v value, sub selection) any {
			return refs(&r.st.views.option, r, v.field.options, sub)
		}),
	}
}

func fieldValues() getters[value] {
	return getters[value]{
		"display_value": func(r *renderer, v value, _ selection) any { return orNull(r.st.display(v)) },
		"text_value":    only("text", func(_ *renderer, v value, _ selection) any { return v.v }),
		"number_value":  only("number", func(_ *renderer, v value, _ selection) any { return v.v }),
		"enum_value": only("enum", func(r *renderer, v value, sub selection) any {
			if o, ok := v.v.(*option); ok {
				return r.st.views.option.ref(r, o, sub)
			}
			return nil
		}),
		"multi_enum_values": only("multi_enum", func(r *renderer, v value, sub selection) any {
			list, _ := v.v.([]*option)
			return refs(&r.st.views.option, r, list, sub)
		}),
		"people_value": only("people", func(r *renderer, v value, sub selection) any {
			list, _ := v.v.([]gid)
			return r.people(list, sub)
		}),
		"date_value": only("date", func(_ *renderer, v value, _ selection) any {
			d, ok := v.v.(dateValue)
			if !ok {
				return nil
			}
			return map[string]any{"date": d.date, "date_time": orNull(d.at)}
		}),
	}
}

// display is the text a person reads in the field, "" when it is empty.
func (st *state) display(v value) string {
	switch x := v.v.(type) {
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', v.field.precision, 64)
	case *option:
		return x.name
	case []*option:
		return joined(x, func(o *option) string { return o.name })
	case []gid:
		return joined(x, func(id gid) string {
			if u := st.users[id]; u != nil {
				return u.name
			}
			return ""
		})
	case dateValue:
		if x.at != "" {
			return x.at
		}
		return x.date
	}
	return ""
}

func joined[T any](list []T, text func(T) string) string {
	parts := make([]string, 0, len(list))
	for _, x := range list {
		parts = append(parts, text(x))
	}
	return strings.Join(parts, ", ")
}
