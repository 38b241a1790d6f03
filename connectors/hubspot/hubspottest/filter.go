package hubspottest

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// filter is one condition of a search.
type filter struct {
	Property string `json:"propertyName"`
	Operator string `json:"operator"`
	Value    *text  `json:"value"`
	High     *text  `json:"highValue"`
	Values   []text `json:"values"`
}

// condition is a filter compiled against a type's properties.
type condition struct {
	p      *property
	op     string
	lo, hi operand
	any    map[string]bool
}

// operand is a value in the two ways it may be compared.
type operand struct {
	text string // lower case
	num  float64
}

var operators = []string{"BETWEEN", "CONTAINS_TOKEN", "EQ", "GT", "GTE", "HAS_PROPERTY", "IN", "LT", "LTE", "NEQ",
	"NOT_CONTAINS_TOKEN", "NOT_HAS_PROPERTY", "NOT_IN"}

// compile checks a filter as HubSpot does.
func (t *table) compile(f filter) (condition, error) {
	c := condition{p: t.byName[f.Property], op: f.Operator}
	if c.p == nil {
		return c, invalid("There was a problem with the request. Property %q does not exist", f.Property)
	}
	if !slices.Contains(operators, f.Operator) {
		return c, invalid("Invalid input JSON: operator %q is not one of %s", f.Operator, strings.Join(operators, ", "))
	}
	var err error
	switch f.Operator {
	case "HAS_PROPERTY", "NOT_HAS_PROPERTY":
		return c, nil
	case "IN", "NOT_IN":
		if len(f.Values) == 0 {
			return c, invalid("operator %s of property %s needs values", f.Operator, f.Property)
		}
		c.any = map[string]bool{}
		for _, v := range f.Values {
			o, err := c.p.operand(v)
			if err != nil {
				return c, err
			}
			c.any[o.key(c.p)] = true
		}
		return c, nil
	}
	if f.Value == nil {
		return c, invalid("operator %s of property %s needs a value", f.Operator, f.Property)
	}
	if c.lo, err = c.p.operand(*f.Value); err != nil {
		return c, err
	}
	if c.p.Type == "datetime" && c.lo.num == 0 && (f.Operator == "GT" || f.Operator == "GTE") {
		// Seen by production connectors: a time filter at 0 answers 500, at 1 it works.
		return c, fail(http.StatusInternalServerError, "", "internal error")
	}
	if f.Operator == "BETWEEN" {
		if f.High == nil {
			return c, invalid("operator BETWEEN of property %s needs a highValue", f.Property)
		}
		c.hi, err = c.p.operand(*f.High)
	}
	return c, err
}

// operand reads a filter's value: times as milliseconds or ISO 8601.
func (p *property) operand(v text) (operand, error) {
	o := operand{text: strings.ToLower(string(v))}
	switch p.Type {
	case "datetime", "date":
		at, ok := parseTime(string(v))
		if !ok {
			return o, invalid("There was a problem with the request. %q is not a time for property %s", string(v), p.Name)
		}
		o.num = float64(at.UnixMilli())
	case "number":
		n, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return o, invalid("There was a problem with the request. %q is not a number for property %s", string(v), p.Name)
		}
		o.num = n
	}
	return o, nil
}

// numeric says how the property's values are compared.
func (p *property) numeric() bool {
	return p.Type == "datetime" || p.Type == "date" || p.Type == "number"
}

// key is the form in which equal operands are equal strings.
func (o operand) key(p *property) string {
	if p.numeric() {
		return strconv.FormatFloat(o.num, 'g', -1, 64)
	}
	return o.text
}

// operandOf returns an object's value for comparison; ok is false when it has none.
func (t *table) operandOf(o *object, v *version, p *property) (operand, bool) {
	switch p.computed {
	case fromID:
		return operand{text: o.ID(), num: float64(o.id)}, true
	case fromCreated:
		return operand{num: float64(v.created)}, true
	case fromModified:
		return operand{num: float64(v.modified)}, true
	}
	value := v.get(p.slot)
	if value == "" {
		return operand{}, false
	}
	x, err := p.operand(text(value))
	return x, err == nil
}

// matches decides for one object; a missing value matches only the operators that ask for its absence.
func (c condition) matches(t *table, o *object, v *version) bool {
	x, has := t.operandOf(o, v, c.p)
	switch c.op {
	case "HAS_PROPERTY":
		return has
	case "NOT_HAS_PROPERTY":
		return !has
	case "NEQ":
		return !has || c.p.compare(x, c.lo) != 0
	case "NOT_IN":
		return !has || !c.any[x.key(c.p)]
	case "NOT_CONTAINS_TOKEN":
		return !has || !containsToken(x.text, c.lo.text)
	}
	return has && c.holds(x)
}

// holds decides for a value that is there.
func (c condition) holds(x operand) bool {
	switch c.op {
	case "EQ":
		return c.p.compare(x, c.lo) == 0
	case "GT":
		return c.p.compare(x, c.lo) > 0
	case "GTE":
		return c.p.compare(x, c.lo) >= 0
	case "LT":
		return c.p.compare(x, c.lo) < 0
	case "LTE":
		return c.p.compare(x, c.lo) <= 0
	case "BETWEEN":
		return c.p.compare(x, c.lo) >= 0 && c.p.compare(x, c.hi) <= 0
	case "IN":
		return c.any[x.key(c.p)]
	default: // CONTAINS_TOKEN
		return containsToken(x.text, c.lo.text)
	}
}

func (p *property) compare(a, b operand) int {
	if p.numeric() {
		return cmp.Compare(a.num, b.num)
	}
	return cmp.Compare(a.text, b.text)
}

// containsToken looks for a word; a star at either end stands for anything.
func containsToken(value, token string) bool {
	words := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" .,;:@/()\"'", r) })
	bare := strings.Trim(token, "*")
	front, back := strings.HasPrefix(token, "*"), strings.HasSuffix(token, "*")
	for _, w := range append(words, value) {
		switch {
		case front && back && strings.Contains(w, bare), front && !back && strings.HasSuffix(w, bare),
			!front && back && strings.HasPrefix(w, bare), !front && !back && w == bare:
			return true
		}
	}
	return false
}

// span narrows a range of the search index by what a condition says of the modification time. It reports whether the
// range says all the condition says, so that it need not be tried on each object.
func (c condition) span(lo, hi *ordered.Key) bool {
	if c.p.computed != fromModified {
		return false
	}
	a, b := c.lo.num, c.hi.num
	switch c.op {
	case "EQ":
		b = a
	case "GTE":
		b = math.MaxInt64 >> 1
	case "GT":
		a, b = a+1, math.MaxInt64>>1
	case "LTE":
		a, b = 0, a
	case "LT":
		a, b = 0, a-1
	case "BETWEEN":
	default:
		return false
	}
	if from := (ordered.Key{At: int64(a)}); ordered.Compare(from, *lo) > 0 {
		*lo = from
	}
	if to := (ordered.Key{At: int64(b) + 1}); ordered.Compare(to, *hi) < 0 {
		*hi = to
	}
	return true
}
