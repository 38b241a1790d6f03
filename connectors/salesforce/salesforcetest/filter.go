package salesforcetest

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/soql"
)

// predicate decides for a version of a row.
type predicate func(*row, *version) bool

// getter returns a value, also of a parent.
type getter func(*row, *version) any

// getter follows references from t to a field.
func (b binder) getter(t *table, refs []*Field, f *Field) getter {
	if len(refs) == 0 {
		return func(o *row, v *version) any { return t.value(o, v, f) }
	}
	return func(o *row, v *version) any {
		at := t
		for _, ref := range refs {
			id, _ := at.value(o, v, ref).(string)
			if at, o = b.s.row(id); o == nil || o.seen == nil || o.seen.deleted {
				return nil
			}
			v = o.seen
		}
		if f.slot >= 0 {
			return at.value(o, v, f)
		}
		if strings.EqualFold(f.Name, "Type") {
			return at.name
		}
		if own := at.field(f.Name); own != nil {
			return at.value(o, v, own)
		}
		return nil
	}
}

// row finds any row by its full id.
func (s *Server) row(id string) (*table, *row) {
	if id == "" {
		return nil, nil
	}
	t := s.byPrefix(id)
	if t == nil {
		return nil, nil
	}
	return t, t.find(id)
}

// where compiles a condition.
func (b binder) where(t *table, x soql.Expr) (predicate, error) {
	switch x := x.(type) {
	case nil:
		return func(*row, *version) bool { return true }, nil
	case soql.Not:
		p, err := b.where(t, x.X)
		return func(o *row, v *version) bool { return !p(o, v) }, err
	case soql.And:
		return b.join(t, x, false)
	case soql.Or:
		return b.join(t, x, true)
	}
	return b.cond(t, x.(*soql.Cond))
}

// join compiles parts of which one decides: the first that is decisive.
func (b binder) join(t *table, parts []soql.Expr, decisive bool) (predicate, error) {
	all := make([]predicate, len(parts))
	for i, x := range parts {
		var err error
		if all[i], err = b.where(t, x); err != nil {
			return nil, err
		}
	}
	return func(o *row, v *version) bool {
		for _, p := range all {
			if p(o, v) == decisive {
				return decisive
			}
		}
		return !decisive
	}, nil
}

// operand is a literal as it is compared: a text, a number, or a span of time [text, until).
type operand struct {
	null  bool
	text  string
	until string
	num   float64
	yes   bool
}

// cond compiles one comparison.
func (b binder) cond(t *table, c *soql.Cond) (predicate, error) {
	refs, f, err := b.field(t, c.Path, c.At)
	if err != nil {
		return nil, err
	}
	if !f.filterable() || f.Type == "address" {
		return nil, b.fail(c.At, "INVALID_FIELD", "field '%s' can not be filtered in a query call", f.Name)
	}
	get := b.getter(t, refs, f)
	if c.Op == "LIKE" {
		return b.like(c, f, get)
	}
	operands := make([]operand, len(c.Values))
	for i, l := range c.Values {
		if operands[i], err = b.operand(f, c, l); err != nil {
			return nil, err
		}
	}
	switch c.Op {
	case "IN", "NOT IN":
		return oneOf(f, get, operands, c.Op == "IN"), nil
	case "INCLUDES", "EXCLUDES":
		return includes(get, operands, c.Op == "INCLUDES"), nil
	}
	return compare(f, get, c.Op, operands[0]), nil
}

// operand checks a literal against the field's type. Quotes in the wrong place are the commonest mistake in SOQL.
func (b binder) operand(f *Field, c *soql.Cond, l soql.Literal) (operand, error) {
	if l.Kind == soql.Null {
		if strings.ContainsAny(c.Op, "<>") {
			return operand{}, b.fail(l.At, "INVALID_QUERY_FILTER_OPERATOR", "operator '%s' is not valid with null", c.Op)
		}
		return operand{null: true}, nil
	}
	wrong := func(kind, how string) error {
		return b.fail(c.At, "INVALID_FIELD", "value of filter criterion for field '%s' must be of type %s and should %sbe enclosed in quotes", f.Name, kind, how)
	}
	switch {
	case f.Type == "id" || f.Type == "reference":
		if l.Kind != soql.String {
			return operand{}, wrong("ID", "")
		}
		if l.Text == "" {
			return operand{null: true}, nil
		}
		id, ok := canonicalID(l.Text)
		if !ok {
			return operand{}, b.fail(l.At, "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: %s", l.Text)
		}
		return operand{text: id}, nil
	case f.numeric():
		n, err := strconv.ParseFloat(l.Text, 64)
		if l.Kind != soql.Number || err != nil {
			return operand{}, wrong("double", "not ")
		}
		return operand{num: n}, nil
	case f.Type == "boolean":
		if l.Kind != soql.Bool {
			return operand{}, wrong("boolean", "not ")
		}
		return operand{yes: l.Text == "TRUE"}, nil
	case f.Type == "date" || f.Type == "datetime":
		o, ok := b.moment(f, l)
		if !ok {
			return operand{}, wrong(map[string]string{"date": "date", "datetime": "dateTime"}[f.Type], "not ")
		}
		return o, nil
	case l.Kind != soql.String:
		return operand{}, wrong("string", "")
	}
	return operand{null: l.Text == "", text: strings.ToLower(l.Text)}, nil
}

// moment reads a date, a time or a word such as TODAY, in the organization's zone, which is UTC.
func (b binder) moment(f *Field, l soql.Literal) (operand, bool) {
	switch {
	case l.Kind == soql.Word:
		from, until := span(l, b.s.now().Truncate(24*time.Hour))
		layout := map[bool]string{true: "2006-01-02", false: timeLayout}[f.Type == "date"]
		return operand{text: from.Format(layout), until: until.Format(layout)}, true
	case l.Kind == soql.Date && f.Type == "date":
		return operand{text: l.Text}, true
	case l.Kind == soql.DateTime && f.Type == "datetime":
		at, ok := parseTime(l.Text)
		return operand{text: at.Format(timeLayout)}, ok
	}
	return operand{}, false
}

// span is the days a date literal means.
func span(l soql.Literal, today time.Time) (from, until time.Time) {
	day := func(n int) time.Time { return today.AddDate(0, 0, n) }
	switch l.Text {
	case "YESTERDAY":
		return day(-1), day(0)
	case "TOMORROW":
		return day(1), day(2)
	case "LAST_N_DAYS":
		return day(-l.N), day(1)
	case "NEXT_N_DAYS":
		return day(1), day(l.N + 1)
	case "N_DAYS_AGO":
		return day(-l.N), day(1 - l.N)
	}
	return day(0), day(1)
}

// order compares a value that is there with an operand.
func (o operand) order(f *Field, value any) int {
	switch v := value.(type) {
	case bool:
		if v == o.yes {
			return 0
		}
		return 1
	case float64:
		return cmp.Compare(v, o.num)
	case string:
		if o.until != "" {
			if v >= o.text && v < o.until {
				return 0
			}
			return cmp.Compare(v, o.text)
		}
		if f.Type == "id" || f.Type == "reference" {
			return cmp.Compare(v[:min(15, len(v))], o.text[:15])
		}
		if f.Type == "date" || f.Type == "datetime" {
			return cmp.Compare(v, o.text)
		}
		return cmp.Compare(strings.ToLower(v), o.text)
	}
	return -1
}

// compare decides = != < > <= >=. A missing value is different from every value, so that != holds, and neither smaller
// nor larger.
func compare(f *Field, get getter, op string, x operand) predicate {
	return func(o *row, v *version) bool {
		value := get(o, v)
		if value == nil || x.null {
			same := value == nil && x.null
			return (op == "=" && same) || (op == "!=" && !same)
		}
		switch c := x.order(f, value); op {
		case "=":
			return c == 0
		case "!=":
			return c != 0
		case "<":
			return c < 0
		case ">":
			return c > 0
		case "<=":
			return c <= 0
		default:
			return c >= 0
		}
	}
}

// oneOf decides IN and NOT IN; long lists of texts are looked up.
func oneOf(f *Field, get getter, operands []operand, want bool) predicate {
	null := slices.ContainsFunc(operands, func(o operand) bool { return o.null })
	texts := map[string]bool{}
	for _, o := range operands {
		if !o.null && !f.numeric() && o.until == "" {
			texts[o.text] = true
		}
	}
	return func(o *row, v *version) bool {
		value := get(o, v)
		if value == nil {
			return null == want
		}
		if s, ok := value.(string); ok && len(texts) > 0 {
			if f.Type != "id" && f.Type != "reference" && f.Type != "date" && f.Type != "datetime" {
				s = strings.ToLower(s)
			}
			return texts[s] == want
		}
		return slices.ContainsFunc(operands, func(x operand) bool { return !x.null && x.order(f, value) == 0 }) == want
	}
}

// includes decides INCLUDES and EXCLUDES of multi-select picklists: each operand is values that must all be there.
func includes(get getter, operands []operand, want bool) predicate {
	return func(o *row, v *version) bool {
		value, _ := get(o, v).(string)
		have := strings.Split(strings.ToLower(value), ";")
		return slices.ContainsFunc(operands, func(x operand) bool {
			for part := range strings.SplitSeq(x.text, ";") {
				if !slices.Contains(have, part) {
					return false
				}
			}
			return true
		}) == want
	}
}

// like compiles LIKE: % is any text, _ any character, and the case does not matter.
func (b binder) like(c *soql.Cond, f *Field, get getter) (predicate, error) {
	l := c.Values[0]
	if !f.texty() || l.Kind != soql.String {
		return nil, b.fail(c.At, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on %s field", f.Type)
	}
	var re strings.Builder
	escaped := false
	for _, ch := range l.Like {
		switch {
		case escaped || (ch != '%' && ch != '_' && ch != '\\'):
			re.WriteString(regexp.QuoteMeta(string(ch)))
			escaped = false
		case ch == '\\':
			escaped = true
		default:
			re.WriteString(map[rune]string{'%': ".*", '_': "."}[ch])
		}
	}
	pattern, err := regexp.Compile("(?is)^" + re.String() + "$")
	if err != nil {
		return nil, b.fail(c.At, "MALFORMED_QUERY", "invalid pattern")
	}
	return func(o *row, v *version) bool {
		s, ok := get(o, v).(string)
		return ok && pattern.MatchString(s)
	}, nil
}
