package work

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/expr-lang/expr"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/lifecycle"
)

// functions are what expressions can call besides the built-in ones. All take nil for "nothing" and are functions of
// their arguments only.
var functions = []expr.Option{
	function("money", func(v any) string { return moneyText(v) }),
	function("date", func(v any) string { return dateText(v) }),
	function("words", func(v any) string { return words(plainText(v)) }),
	function("contact", func(v any) string { return contactText(v) }),
	function("request", func(v any) string { return requestText(v) }),
	function("counts", func(v any) string { return countsText(v) }),
	function("touch", func(v any) string { return touchText(v) }),
	function("links", func(v any) string { return linksText(v) }),
	expr.Function("workday", func(p ...any) (any, error) { return workday(plainText(p[0]), p[1].(int)), nil }, new(func(any, int) string)),
	expr.Function("of", func(p ...any) (any, error) { return of(plainText(p[0]), plainText(p[1])), nil }, new(func(any, any) string)),
	expr.Function("pair", func(p ...any) (any, error) { return pair(plainText(p[0]), plainText(p[1])), nil }, new(func(string, any) string)),
	expr.Function("lines", func(p ...any) (any, error) { return lines(p), nil }, new(func(...string) string)),
}

// reads says which members of an entity functions look at, so that the others need not be prepared.
var reads = map[string][]string{"touch": {"at", "kind", "direction", "subject", "who"}, "counts": {"kind", "direction"}, "contact": {Label, "emails", "phones"}, "request": {Label, "priority", "status", "url"}}

func function(name string, f func(any) string) expr.Option {
	return expr.Function(name, func(p ...any) (any, error) { return f(p[0]), nil }, new(func(any) string))
}

func plainText(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}

// moneyText writes an amount with its thousands apart: 12,500.00 EUR.
func moneyText(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	whole, fraction, hasFraction := strings.Cut(plainText(m["amount"]), ".")
	sign := ""
	if rest, negative := strings.CutPrefix(whole, "-"); negative {
		sign, whole = "-", rest
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if hasFraction {
		whole += "." + fraction
	}
	return strings.TrimSpace(sign + whole + " " + plainText(m["currency"]))
}

// dateText returns the date of a date or time, "" for what is none.
func dateText(v any) string {
	text := plainText(v)
	if text == "" {
		return ""
	}
	s, err := canonical.CleanDate(text, nil)
	if err != nil {
		return ""
	}
	return s
}

// workday returns the date n working days after the one of a time, "" for no time. Saturday and Sunday are none.
func workday(text string, n int) string {
	day, err := time.Parse(time.DateOnly, dateText(text))
	if err != nil || n < 0 || n > 1000 {
		return ""
	}
	for n > 0 || day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		if day = day.AddDate(0, 0, 1); day.Weekday() != time.Saturday && day.Weekday() != time.Sunday && n > 0 {
			n--
		}
	}
	return day.Format(time.DateOnly)
}

// of names something of a customer: Acme – Renewal. What is called after the customer already, as many deals are, is left
// as it is.
func of(customer, label string) string {
	if rest, called := strings.CutPrefix(label, customer); called && strings.TrimLeftFunc(rest, isWord) == rest {
		return label
	}
	return customer + " – " + label
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) }

// words writes a token as words: on_hold is On hold, mql is MQL.
func words(token string) string {
	if token == lifecycle.MQL || token == lifecycle.SQL {
		return strings.ToUpper(token)
	}
	token = strings.ReplaceAll(token, "_", " ")
	if token == "" {
		return ""
	}
	r := []rune(token)
	return strings.ToUpper(string(r[0])) + string(r[1:])
}

// contactText writes a person with the first address and number: Ana Marić <ana@x.example>, +385….
func contactText(v any) string {
	p, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	s := plainText(p[Label])
	if e := firstOf(p["emails"]); e != nil && plainText(e["address"]) != s {
		s += " <" + cmp.Or(plainText(e["display"]), plainText(e["address"])) + ">"
	}
	if n := firstOf(p["phones"]); n != nil {
		s += ", " + plainText(n["raw"])
	}
	return s
}

// requestText writes a ticket with what tells how much it presses, and its page: Help (Urgent, On hold) https://….
func requestText(v any) string {
	t, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	s := plainText(t[Label])
	var how []string
	for _, name := range []string{"priority", "status"} {
		if token := words(plainText(t[name])); token != "" {
			how = append(how, token)
		}
	}
	if len(how) > 0 {
		s += " (" + strings.Join(how, ", ") + ")"
	}
	return strings.TrimSpace(s + " " + plainText(t["url"]))
}

func firstOf(v any) map[string]any {
	list, _ := v.([]any)
	if len(list) == 0 {
		return nil
	}
	m, _ := list[0].(map[string]any)
	return m
}

// linksText writes the sources of an entity, one a line, with their pages where the vendor has them:
//
//	Source: hubspot/deals/123 https://…
func linksText(v any) string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			line := "Source: " + plainText(m["connection"]) + "/" + plainText(m["object"]) + "/" + plainText(m["id"])
			out = append(out, strings.TrimSpace(line+" "+plainText(m["url"])))
		}
	}
	return strings.Join(out, "\n")
}

// pair writes a fact, nothing when it is blank.
func pair(name, value string) string {
	if strings.TrimSpace(value) == "" {
		return ""
	}
	return name + ": " + value
}

// lines joins what is not blank.
func lines(list []any) string {
	var out []string
	for _, v := range list {
		if s := strings.TrimSpace(plainText(v)); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, "\n")
}
