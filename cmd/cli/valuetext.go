package cli

import (
	"sort"
	"strings"

	"github.com/tidwall/gjson"
)

// valueText writes a field's value for people, whatever its type: a text as it is, the elements of a list one after the
// other, of an object what one would say of it. What is empty is "(empty)".
func valueText(raw []byte) string {
	if text := sayValue(gjson.ParseBytes(raw)); text != "" {
		return printable(text)
	}
	return "(empty)"
}

func sayValue(v gjson.Result) string {
	switch {
	case v.IsArray():
		var parts []string
		v.ForEach(func(_, e gjson.Result) bool {
			parts = append(parts, sayValue(e))
			return true
		})
		return strings.Join(parts, ", ")
	case v.IsObject():
		return sayObject(v)
	case v.Type == gjson.True:
		return "yes"
	case v.Type == gjson.False:
		return "no"
	}
	return v.String()
}

// sayObject knows the members that the canonical value types have; see package canonical.
func sayObject(v gjson.Result) string {
	var main string
	var said []string
	switch {
	case v.Get("amount").Exists():
		return strings.TrimSpace(v.Get("amount").String() + " " + v.Get("currency").String())
	case v.Get("scheme").Exists():
		return v.Get("scheme").String() + " " + v.Get("value").String()
	case v.Get("lines").Exists(), v.Get("locality").Exists(), v.Get("formatted").Exists():
		main, said = sayAddress(v), []string{"lines", "street", "locality", "region", "postcode", "country", "formatted"}
	case v.Get("address").Exists():
		main, said = v.Get("address").String(), []string{"address", "display"}
	case v.Get("e164").Exists():
		main, said = v.Get("e164").String(), []string{"e164", "raw"}
	case v.Get("raw").Exists():
		main, said = v.Get("raw").String(), []string{"raw"}
	case v.Get("name").Exists():
		main, said = sayValue(v.Get("name")), []string{"name"}
	}
	rest := sayRest(v, said)
	switch {
	case main == "":
		return strings.Join(rest, ", ")
	case len(rest) == 0:
		return main
	}
	return main + " (" + strings.Join(rest, ", ") + ")"
}

// sayRest says the other members: a type by itself, a mark by its name when it is set, others as name value.
func sayRest(v gjson.Result, said []string) []string {
	skip := map[string]bool{}
	for _, name := range said {
		skip[name] = true
	}
	var rest []string
	v.ForEach(func(key, e gjson.Result) bool {
		text := sayValue(e)
		switch name := key.String(); {
		case skip[key.String()], text == "", e.Type == gjson.False:
		case e.Type == gjson.True:
			rest = append(rest, name)
		case name == "type":
			rest = append(rest, text)
		default:
			rest = append(rest, name+" "+text)
		}
		return true
	})
	sort.Strings(rest)
	return rest
}

func sayAddress(v gjson.Result) string {
	if f := v.Get("formatted").String(); f != "" {
		return f
	}
	var parts []string
	add := func(texts ...string) {
		if s := strings.TrimSpace(strings.Join(texts, " ")); s != "" {
			parts = append(parts, s)
		}
	}
	for _, line := range v.Get("lines").Array() {
		add(line.String())
	}
	if !v.Get("lines").Exists() {
		add(v.Get("street").String())
	}
	add(v.Get("postcode").String(), v.Get("locality").String())
	add(v.Get("region").String())
	add(v.Get("country").String())
	return strings.Join(parts, ", ")
}
