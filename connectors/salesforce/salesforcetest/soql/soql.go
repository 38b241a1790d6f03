// Package soql reads the part of Salesforce's query language that simulated organizations answer: it turns text into a
// Query or says where the text is wrong, in the vendor's words.
//
// It does not know objects or fields, so it neither checks names nor runs anything. It has no aggregates other than
// COUNT, no GROUP BY, TYPEOF, DISTANCE or toLabel. See
// https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm.
package soql

import (
	"fmt"
	"strings"
)

// Query is one SELECT. Names are as they were written: SOQL ignores their case.
type Query struct {
	Items []Item
	// Count is SELECT COUNT(), which has no items.
	Count  bool
	From   string
	FromAt int
	Where  Expr // nil is everything
	Order  []Order
	// Limit and Offset are -1 when they are not given.
	Limit, Offset int
}

// Item is one thing selected: a field (Path), every field of a kind (Fields is ALL, STANDARD or CUSTOM), or the
// children of a relationship (Children).
type Item struct {
	Path     []string
	Fields   string
	Children *Query
	At       int // the place in the text, counted from 0
}

// Order is one key of ORDER BY.
type Order struct {
	Path      []string
	Desc      bool
	NullsLast bool
	At        int
}

// Expr is And, Or, Not or *Cond.
type Expr interface{ expr() }

// And holds when all of its parts do.
type And []Expr

// Or holds when one of its parts does.
type Or []Expr

// Not holds when X does not.
type Not struct{ X Expr }

// Cond compares a field. Op is one of = != < > <= >= LIKE IN "NOT IN" INCLUDES EXCLUDES; Values has one element
// except for the last four.
type Cond struct {
	Path   []string
	Op     string
	Values []Literal
	At     int
}

func (And) expr()   {}
func (Or) expr()    {}
func (Not) expr()   {}
func (*Cond) expr() {}

// Kind is the kind of a Literal.
type Kind int

// The kinds of literal. A Word is a date literal such as TODAY or LAST_N_DAYS, whose number is Literal.N.
const (
	Null Kind = iota
	String
	Number
	Bool
	Date
	DateTime
	Word
)

// Literal is a value in the text; Text is without quotes and escapes. Like is a string as a pattern of LIKE, in which a
// backslash takes the meaning from the wildcard after it.
type Literal struct {
	Kind Kind
	Text string
	Like string
	N    int
	At   int
}

// Error says where the text is wrong.
type Error struct {
	At  int
	Msg string
}

// Error returns the vendor's sentence without the place.
func (e *Error) Error() string { return e.Msg }

// Point writes msg as Salesforce does: an excerpt of the text, a caret below the place, row and column, the sentence.
func Point(text string, at int, msg string) string {
	at = min(at, len(text))
	row := 1 + strings.Count(text[:at], "\n")
	column := at - (strings.LastIndexByte(text[:at], '\n') + 1)
	from, to := max(0, at-32), min(len(text), at+16)
	excerpt := strings.ReplaceAll(strings.ToValidUTF8(text[from:to], ""), "\n", " ")
	return fmt.Sprintf("\n%s\n%s^\nERROR at Row:%d:Column:%d\n%s", excerpt, strings.Repeat(" ", at-from), row, column+1, msg)
}
