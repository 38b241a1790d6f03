package soql

import (
	"slices"
	"strconv"
	"strings"
)

// MaxLength is how many characters a query may have, see the SOQL and SOSL limits.
const MaxLength = 100_000

// maxDepth bounds nested parentheses, so that a hostile text cannot exhaust the stack.
const maxDepth = 50

// Parse reads a query; what is wrong with it is an *Error.
func Parse(s string) (*Query, error) {
	if len(s) > MaxLength {
		return nil, &Error{MaxLength, "SOQL statements cannot be longer than 100000 characters."}
	}
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	q, err := p.query(false)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, unexpected(t)
	}
	return q, nil
}

type parser struct {
	tokens []token
	i      int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) next() token {
	t := p.tokens[p.i]
	if t.kind != end {
		p.i++
	}
	return t
}

// is reports whether the next token is the keyword or symbol.
func (p *parser) is(s string) bool {
	t := p.peek()
	return (t.kind == word || t.kind == symbol) && strings.EqualFold(t.text, s)
}

// accept takes the keyword or symbol when it is next.
func (p *parser) accept(s string) bool {
	if p.is(s) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(s string) error {
	if p.accept(s) {
		return nil
	}
	return unexpected(p.peek())
}

func unexpected(t token) error {
	if t.kind == end {
		return &Error{t.at, "unexpected token: <EOF>"}
	}
	return &Error{t.at, "unexpected token: '" + t.text + "'"}
}

// reserved are the words that cannot name a field here, so that a missing one is seen where it is missing.
var reserved = []string{"SELECT", "FROM", "WHERE", "ORDER", "LIMIT", "OFFSET", "AND", "OR", "NOT", "IN", "LIKE"}

func (p *parser) name() (token, error) {
	t := p.next()
	if t.kind != word || slices.Contains(reserved, strings.ToUpper(t.text)) {
		return t, unexpected(t)
	}
	return t, nil
}

// path reads Account.Owner.Name.
func (p *parser) path() ([]string, int, error) {
	t, err := p.name()
	if err != nil {
		return nil, 0, err
	}
	out := []string{t.text}
	for p.accept(".") {
		part, err := p.name()
		if err != nil {
			return nil, 0, err
		}
		out = append(out, part.text)
	}
	return out, t.at, nil
}

// query reads SELECT … up to what does not belong to it; a child query may not have children.
func (p *parser) query(child bool) (*Query, error) {
	if err := p.expect("SELECT"); err != nil {
		return nil, err
	}
	q := &Query{Limit: -1, Offset: -1}
	if err := p.items(q, child); err != nil {
		return nil, err
	}
	if err := p.expect("FROM"); err != nil {
		return nil, err
	}
	from, err := p.name()
	if err != nil {
		return nil, err
	}
	q.From, q.FromAt = from.text, from.at
	if p.accept("WHERE") {
		if q.Where, err = p.or(); err != nil {
			return nil, err
		}
	}
	return q, p.tail(q)
}

// tail reads ORDER BY, LIMIT and OFFSET.
func (p *parser) tail(q *Query) (err error) {
	if p.accept("ORDER") {
		if err := p.expect("BY"); err != nil {
			return err
		}
		if q.Order, err = p.order(); err != nil {
			return err
		}
	}
	if p.accept("LIMIT") {
		if q.Limit, err = p.whole(); err != nil {
			return err
		}
	}
	if p.accept("OFFSET") {
		q.Offset, err = p.whole()
	}
	return err
}

func (p *parser) items(q *Query, child bool) error {
	for {
		item, count, err := p.item(child)
		if err != nil {
			return err
		}
		if count {
			q.Count = true
			return nil
		}
		q.Items = append(q.Items, item)
		if !p.accept(",") {
			return nil
		}
	}
}

// item reads one thing of the SELECT list; count reports COUNT().
func (p *parser) item(child bool) (item Item, count bool, err error) {
	at := p.peek().at
	if p.is("(") {
		if child {
			return Item{}, false, unexpected(p.peek())
		}
		p.i++
		sub, err := p.query(true)
		if err != nil {
			return Item{}, false, err
		}
		return Item{Children: sub, At: at}, false, p.expect(")")
	}
	path, at, err := p.path()
	if err != nil || !p.accept("(") {
		return Item{Path: path, At: at}, false, err
	}
	switch strings.ToUpper(path[0]) {
	case "COUNT":
		return Item{}, true, p.expect(")")
	case "FIELDS":
		kind, err := p.name()
		if err != nil {
			return Item{}, false, err
		}
		return Item{Fields: strings.ToUpper(kind.text), At: at}, false, p.expect(")")
	}
	return Item{}, false, &Error{at, "Invalid function: " + path[0]}
}

func (p *parser) order() ([]Order, error) {
	var out []Order
	for {
		path, at, err := p.path()
		if err != nil {
			return nil, err
		}
		o := Order{Path: path, At: at}
		if !p.accept("ASC") {
			o.Desc = p.accept("DESC")
		}
		o.NullsLast = o.Desc
		if p.accept("NULLS") {
			o.NullsLast = p.is("LAST")
			if !p.accept("LAST") && !p.accept("FIRST") {
				return nil, unexpected(p.peek())
			}
		}
		out = append(out, o)
		if !p.accept(",") {
			return out, nil
		}
	}
}

func (p *parser) whole() (int, error) {
	t := p.next()
	n, err := strconv.Atoi(t.text)
	if t.kind != number || err != nil || n < 0 {
		return 0, unexpected(t)
	}
	return n, nil
}
