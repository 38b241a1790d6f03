package soql

import (
	"strconv"
	"strings"
)

// or reads a condition. AND and OR beside each other need parentheses: SOQL has no precedence between them and calls
// the second one unexpected.
func (p *parser) or() (Expr, error) {
	first, err := p.not()
	if err != nil {
		return nil, err
	}
	joined := ""
	parts := []Expr{first}
	for p.is("AND") || p.is("OR") {
		t := p.peek()
		how := strings.ToUpper(t.text)
		if joined != "" && how != joined {
			return nil, unexpected(t)
		}
		joined = how
		p.i++
		x, err := p.not()
		if err != nil {
			return nil, err
		}
		parts = append(parts, x)
	}
	switch joined {
	case "AND":
		return And(parts), nil
	case "OR":
		return Or(parts), nil
	}
	return first, nil
}

func (p *parser) not() (Expr, error) {
	if p.accept("NOT") {
		x, err := p.primary()
		return Not{x}, err
	}
	return p.primary()
}

func (p *parser) primary() (Expr, error) {
	if !p.is("(") {
		return p.cond()
	}
	t := p.next()
	if p.depth++; p.depth > maxDepth {
		return nil, &Error{t.at, "condition is nested too deeply"}
	}
	defer func() { p.depth-- }()
	x, err := p.or()
	if err != nil {
		return nil, err
	}
	return x, p.expect(")")
}

func (p *parser) cond() (Expr, error) {
	path, at, err := p.path()
	if err != nil {
		return nil, err
	}
	c := &Cond{Path: path, At: at}
	t := p.next()
	switch c.Op = strings.ToUpper(t.text); {
	case t.kind == symbol && strings.Contains("<= >= != <> = < >", t.text), c.Op == "LIKE" && t.kind == word:
		if c.Op == "<>" {
			c.Op = "!="
		}
		v, err := p.literal()
		c.Values = []Literal{v}
		return c, err
	case t.kind != word:
		return nil, unexpected(t)
	case c.Op == "NOT":
		if err := p.expect("IN"); err != nil {
			return nil, err
		}
		c.Op = "NOT IN"
	case c.Op != "IN" && c.Op != "INCLUDES" && c.Op != "EXCLUDES":
		return nil, unexpected(t)
	}
	c.Values, err = p.list()
	return c, err
}

func (p *parser) list() ([]Literal, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var out []Literal
	for {
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if !p.accept(",") {
			return out, p.expect(")")
		}
	}
}

func (p *parser) literal() (Literal, error) {
	t := p.next()
	l := Literal{Text: t.text, Like: t.like, At: t.at}
	switch t.kind {
	case text:
		l.Kind = String
	case number:
		l.Kind = Number
	case date:
		l.Kind = Date
	case datetime:
		l.Kind = DateTime
	case word:
		return p.wordLiteral(l, t)
	default:
		return l, unexpected(t)
	}
	return l, nil
}

// dateWords are the date literals that are understood, and whether they take a number.
var dateWords = map[string]bool{"YESTERDAY": false, "TODAY": false, "TOMORROW": false, "LAST_N_DAYS": true, "NEXT_N_DAYS": true, "N_DAYS_AGO": true}

func (p *parser) wordLiteral(l Literal, t token) (Literal, error) {
	l.Text = strings.ToUpper(t.text)
	switch l.Text {
	case "NULL":
		l.Kind = Null
		return l, nil
	case "TRUE", "FALSE":
		l.Kind = Bool
		return l, nil
	}
	numbered, known := dateWords[l.Text]
	if !known {
		return l, unexpected(t)
	}
	l.Kind = Word
	if numbered {
		if err := p.expect(":"); err != nil {
			return l, err
		}
		n := p.next()
		v, err := strconv.Atoi(n.text)
		if n.kind != number || err != nil || v < 0 {
			return l, unexpected(n)
		}
		l.N = v
	}
	return l, nil
}
