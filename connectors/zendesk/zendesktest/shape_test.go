package zendesktest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// shapeDiff compares keys and types of two JSON texts; null fits every type, and the elements of a list are taken
// together. Missing or additional keys that excused names, by their path, are let pass.
func shapeDiff(want, got []byte, excused excuses) string {
	a, b := shape{}, shape{}
	for _, x := range []struct {
		to   shape
		text []byte
	}{{a, want}, {b, got}} {
		var v any
		if err := json.Unmarshal(x.text, &v); err != nil {
			return fmt.Sprintf("%v in %.200s", err, x.text)
		}
		x.to.add("", v)
	}
	var out []string
	for _, path := range slices.Sorted(maps.Keys(merged(a, b))) {
		if excused.has(path) || b.emptyAbove(path) || a.emptyAbove(path) {
			continue
		}
		switch x, y := a[path], b[path]; {
		case x == "":
			out = append(out, path+" is not recorded")
		case y == "":
			out = append(out, path+" is missing")
		case x != y && x != "null" && y != "null":
			out = append(out, fmt.Sprintf("%s is %s, recorded %s", path, y, x))
		}
	}
	return strings.Join(out, "; ")
}

func merged(a, b shape) shape {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// shape is the type at every path of a JSON text.
type shape map[string]string

func (s shape) add(path string, v any) {
	kind := "null"
	switch x := v.(type) {
	case map[string]any:
		kind = "object"
		for k, e := range x {
			s.add(path+"."+k, e)
		}
	case []any:
		kind = "list"
		if len(x) == 0 {
			kind = "empty list"
		}
		for _, e := range x {
			s.add(path+"[]", e)
		}
	case string:
		kind = "string"
	case float64:
		kind = "number"
	case bool:
		kind = "boolean"
	}
	if old := s[path]; old == "" || old == "null" || old == "empty list" {
		s[path] = kind
	}
}

// emptyAbove reports whether nothing can be said below a path, because a list there is empty or a value null.
func (s shape) emptyAbove(path string) bool {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] != '.' && path[i] != '[' {
			continue
		}
		if kind := s[path[:i]]; kind == "empty list" || kind == "null" {
			return true
		}
	}
	return s[path] == "empty list"
}
