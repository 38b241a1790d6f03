package mailchimptest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// object is a JSON object whose members keep their order.
type object []pair

type pair struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	if err := encode(&b, o); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// encode writes objects and lists of objects itself: encoding/json would go through what MarshalJSON returns once more at
// every depth, and a page has a thousand members.
func encode(b *bytes.Buffer, v any) error {
	switch x := v.(type) {
	case object:
		return encodeAll(b, '{', '}', len(x), func(i int) error {
			b.WriteString(strconv.Quote(x[i].name))
			b.WriteByte(':')
			return encode(b, x[i].value)
		})
	case []object:
		return encodeAll(b, '[', ']', len(x), func(i int) error { return encode(b, x[i]) })
	case int:
		b.WriteString(strconv.Itoa(x))
		return nil
	}
	text, err := json.Marshal(v)
	b.Write(text)
	return err
}

func encodeAll(b *bytes.Buffer, open, end byte, n int, one func(i int) error) error {
	b.WriteByte(open)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := one(i); err != nil {
			return err
		}
	}
	b.WriteByte(end)
	return nil
}

// links is the `_links` that every object has; clients that do not want it say so.
func links(self string) pair {
	return pair{"_links", []object{{{"rel", "self"}, {"href", self}, {"method", "GET"}}}}
}

// selected encodes an answer with the members that a request asks for by fields or exclude_fields.
func selected(r *http.Request, out any) ([]byte, *failure) {
	q := r.URL.Query()
	include, exclude := q.Get("fields"), q.Get("exclude_fields")
	if include != "" && exclude != "" {
		return nil, fail(http.StatusBadRequest, "Bad Request", "fields and exclude_fields cannot be used together.")
	}
	if o, ok := out.(object); ok && include+exclude != "" {
		pick := &picking{paths: strings.Split(include+exclude, ","), exclude: exclude != ""}
		out = pick.object("", o)
	}
	var body bytes.Buffer
	if err := encode(&body, out); err != nil {
		return nil, fail(http.StatusInternalServerError, "Internal Server Error", err.Error())
	}
	return body.Bytes(), nil
}

// picking keeps or leaves out members by their paths, members of lists without an index.
type picking struct {
	paths   []string
	exclude bool
}

func (p *picking) object(prefix string, o object) object {
	out := make(object, 0, len(o))
	for _, m := range o {
		path := prefix + m.name
		whole, inside := p.matches(path)
		switch {
		case p.exclude && whole, !p.exclude && !whole && !inside:
		case whole, !inside:
			out = append(out, m)
		default:
			out = append(out, pair{m.name, p.value(path, m.value)})
		}
	}
	return out
}

// matches reports whether a path is listed, or something below it is.
func (p *picking) matches(path string) (whole, inside bool) {
	for _, one := range p.paths {
		whole = whole || one == path
		inside = inside || strings.HasPrefix(one, path) && len(one) > len(path) && one[len(path)] == '.'
	}
	return whole, inside
}

func (p *picking) value(path string, v any) any {
	switch x := v.(type) {
	case object:
		return p.object(path+".", x)
	case []object:
		out := make([]object, len(x))
		for i := range x {
			out[i] = p.object(path+".", x[i])
		}
		return out
	}
	return v
}

// paged cuts a list to the page that a request asks for: count is 10 unless it says otherwise, and more than 1000 is taken
// silently (observed in June 2026).
func paged[T any](q url.Values, all []T) []T {
	count, offset := 10, 0
	if n, err := strconv.Atoi(q.Get("count")); err == nil && n >= 0 {
		count = n
	}
	if n, err := strconv.Atoi(q.Get("offset")); err == nil && n >= 0 {
		offset = n
	}
	from := min(offset, len(all))
	return all[from:min(from+count, len(all))]
}

// collection is the answer of a list.
func collection(r *http.Request, name string, rows []object, total int, more ...pair) object {
	out := object{{name, rows}}
	out = append(out, more...)
	return append(out, pair{"total_items", total}, links(r.URL.Path))
}

// strings as JSON objects write them: "" for a time that never was.
func instant(seconds int64) string {
	if seconds == 0 {
		return ""
	}
	return rfc3339(seconds)
}
