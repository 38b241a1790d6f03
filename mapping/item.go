package mapping

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// item is one value on its way from the record to a claim: a scalar's text, or an object as JSON.
type item struct {
	kind gjson.Type
	text string
	path string // for warnings
}

func itemOf(r gjson.Result, path string) item {
	if r.Type == gjson.String {
		return item{r.Type, r.Str, path}
	}
	return item{r.Type, r.Raw, path}
}

// blank reports whether the value says "empty".
func (it item) blank() bool {
	return it.kind == gjson.Null || it.kind == gjson.String && strings.TrimSpace(it.text) == ""
}

// result returns the value as gjson has it.
func (it item) result() gjson.Result {
	if it.kind == gjson.String {
		return gjson.Result{Type: gjson.String, Str: it.text}
	}
	return gjson.Result{Type: it.kind, Raw: it.text, Str: it.text}
}

func (it item) typeName() string {
	switch it.kind {
	case gjson.Null:
		return "null"
	case gjson.String:
		return "string"
	case gjson.Number:
		return "number"
	case gjson.True, gjson.False:
		return "boolean"
	}
	if strings.HasPrefix(it.text, "[") {
		return "array"
	}
	return "object"
}

// collect appends the values of a pick to m.items and reports whether the source said anything, even "empty".
func (m *mapping) collect(field string, p *pick) bool {
	from := len(m.items)
	said := m.origin(field, p)
	if p.split != "" {
		m.split(from, p.split)
	}
	if p.values != nil {
		for i := from; i < len(m.items); i++ {
			m.items[i] = p.translate(m.items[i])
		}
	}
	return said
}

func (m *mapping) origin(field string, p *pick) bool {
	switch {
	case p.isConst:
		m.items = append(m.items, item{kind: gjson.String, text: p.constant})
		return true
	case p.formula != nil:
		return m.computed(field, p)
	case p.template != nil:
		text, ok := m.fillTemplate(p.template)
		if ok {
			m.items = append(m.items, item{kind: gjson.String, text: text})
		}
		return ok
	}
	said := false
	for _, one := range p.paths {
		from := len(m.items)
		if !m.walk(one, func(r gjson.Result) { m.push(r, one.text) }) {
			continue
		}
		said = true
		kept := m.items[:from]
		for _, it := range m.items[from:] {
			if !it.blank() {
				kept = append(kept, it)
			}
		}
		if m.items = kept; len(kept) > from {
			return true
		}
	}
	return said
}

// push appends a value; the elements of a list one by one.
func (m *mapping) push(r gjson.Result, path string) {
	if !r.IsArray() {
		m.items = append(m.items, itemOf(r, path))
		return
	}
	r.ForEach(func(_, e gjson.Result) bool {
		m.items = append(m.items, itemOf(e, path))
		return true
	})
}

func (m *mapping) split(from int, separator string) {
	whole := append([]item(nil), m.items[from:]...)
	m.items = m.items[:from]
	for _, it := range whole {
		if it.kind != gjson.String {
			m.items = append(m.items, it)
			continue
		}
		for part := range strings.SplitSeq(it.text, separator) {
			if strings.TrimSpace(part) != "" {
				m.items = append(m.items, item{it.kind, part, it.path})
			}
		}
	}
}

func (p *pick) translate(it item) item {
	if it.kind == gjson.JSON || it.kind == gjson.Null {
		return it
	}
	if to, ok := p.values[strings.TrimSpace(it.text)]; ok {
		return item{gjson.String, to, it.path}
	}
	if to, ok := p.values["*"]; ok {
		return item{gjson.String, to, it.path}
	}
	return it
}

func (m *mapping) fillTemplate(pieces []piece) (string, bool) {
	var b strings.Builder
	for _, p := range pieces {
		text := p.text
		switch {
		case p.id:
			text = m.ref.ID
		case p.variable != "":
			text = m.vars[p.variable]
		case p.path != nil:
			m.walk(p.path, func(r gjson.Result) { text = r.String() })
		}
		if text == "" {
			return "", false
		}
		b.WriteString(text)
	}
	return b.String(), true
}

// computed runs an expression. nil claims nothing; an error claims nothing with a warning.
func (m *mapping) computed(field string, p *pick) bool {
	result, err := p.formula.Run(m.environment())
	if err != nil {
		m.warn(field, "", "", err.Error())
		return false
	}
	if result == nil {
		return false
	}
	list, ok := result.([]any)
	if !ok {
		list = []any{result}
	}
	for _, e := range list {
		it, ok := itemOfGo(e)
		if !ok {
			m.warn(field, "", "", fmt.Sprintf("the expression gives a %T", e))
			return false
		}
		m.items = append(m.items, it)
	}
	return true
}

func itemOfGo(v any) (item, bool) {
	switch v := v.(type) {
	case string:
		return item{kind: gjson.String, text: v}, true
	case bool:
		if v {
			return item{kind: gjson.True, text: "true"}, true
		}
		return item{kind: gjson.False, text: "false"}, true
	case int:
		return item{kind: gjson.Number, text: strconv.Itoa(v)}, true
	case float64:
		return item{kind: gjson.Number, text: strconv.FormatFloat(v, 'g', -1, 64)}, true
	case nil:
		return item{kind: gjson.Null}, true
	case json.Number:
		return item{kind: gjson.Number, text: v.String()}, true
	}
	return item{}, false
}

// environment returns what expressions read, made once for a record and only of what they do read.
func (m *mapping) environment() map[string]any {
	if m.env == nil {
		record := map[string]any{}
		for _, c := range m.object.env {
			place(record, c.names, m.slots[c.slot])
		}
		m.env = map[string]any{"record": record}
	}
	m.env["id"], m.env["object"] = m.ref.ID, m.ref.Object
	return m.env
}

// place puts a value at a chain of names; the objects on the way exist even when the value does not, so that reading
// a missing member of a missing object is nil and no failure.
func place(in map[string]any, names []string, r gjson.Result) {
	for _, name := range names[:len(names)-1] {
		next, ok := in[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			in[name] = next
		}
		in = next
	}
	if r.Raw != "" {
		in[names[len(names)-1]] = goValue(r)
	}
}

// goValue converts JSON for expressions: numbers without fraction that fit are int.
func goValue(r gjson.Result) any {
	switch {
	case r.Type == gjson.Number:
		if n, err := strconv.Atoi(r.Raw); err == nil {
			return n
		}
		return r.Num
	case r.IsArray():
		list := []any{}
		r.ForEach(func(_, e gjson.Result) bool {
			list = append(list, goValue(e))
			return true
		})
		return list
	case r.IsObject():
		object := map[string]any{}
		r.ForEach(func(key, e gjson.Result) bool {
			object[key.Str] = goValue(e)
			return true
		})
		return object
	}
	return r.Value()
}

// scaled multiplies a decimal text by a power of ten without a float.
func scaled(text string, power int) string {
	if power == 0 {
		return text
	}
	return fmt.Sprintf("%se%d", strings.TrimSpace(text), power)
}

// milliseconds makes a count of seconds one of milliseconds.
func milliseconds(text string) string {
	if seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil && seconds < 1<<40 && seconds > -1<<40 {
		return time.Unix(seconds, 0).UTC().Format(canonical.TimeLayout)
	}
	return text
}

// orderOf reads a stage's place in its pipeline; one that says none stays where it is listed.
func orderOf(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
