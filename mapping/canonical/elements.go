package canonical

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Elements writes a list whose type is made of parts, element by element and part by part in the order of Parts. A
// part that is blank is left out; an element that says nothing, or nothing that an earlier one does not, is none.
type Elements struct {
	out       []byte
	parts     []Part
	start     int   // of the list in out
	begins    []int // of each element in out
	members   []member
	elements  int
	next      int    // the first part that may still come
	says      bool   // the element has a part that is no mark
	homeless  string // what could not be said in its own part; it goes into "formatted"
	formatted int    // place of that part, -1 for none
	country   string // of the element, alpha-2
}

// member is where a part of an element stands.
type member struct{ element, part, from, to int }

// Start returns a writer of a list of type t that is appended to dst; space may be a used writer whose memory is taken
// again, or nil.
func Start(dst []byte, t Type, space *Elements) *Elements {
	e := space
	if e == nil {
		e = &Elements{}
	}
	*e = Elements{out: append(dst, '['), parts: parts[t], start: len(dst), begins: e.begins[:0], members: e.members[:0]}
	e.formatted = slices.IndexFunc(e.parts, func(p Part) bool { return p.Name == "formatted" })
	return e
}

// Begin begins an element.
func (e *Elements) Begin() {
	e.next, e.says, e.homeless, e.country = 0, false, "", ""
	e.begins = append(e.begins, len(e.out))
	if e.elements > 0 {
		e.out = append(e.out, ',')
	}
	e.out = append(e.out, '{')
}

// Part adds what part n of the element says. A country that nobody knows goes into the part "formatted" if there is
// one. The error says what the text is not; the part is left out then, but for a Doubt.
func (e *Elements) Part(n int, text string, o Options) error {
	p := &e.parts[n]
	mark, from := e.open(p)
	if p.Type == Strings {
		e.out = AppendStrings(e.out, linesOf(text))
	} else {
		var err error
		if e.out, err = Append(e.out, p.Type, text, o); err == nil && p.Only != nil {
			err = among(p.Only, e.out[from:])
		}
		if err != nil && !IsDoubt(err) {
			e.out, e.next = e.out[:mark], n+1
			if p.Type == Country && e.formatted >= 0 {
				e.homeless = CleanText(text)
			}
			return err
		}
		if err != nil {
			e.keep(n, mark, from)
			return err
		}
	}
	e.keep(n, mark, from)
	return nil
}

// Raw adds a part in normal form; nil is left out.
func (e *Elements) Raw(n int, value []byte) {
	mark, from := e.open(&e.parts[n])
	if value == nil {
		value = []byte(null)
	}
	e.out = append(e.out, value...)
	e.keep(n, mark, from)
}

func (e *Elements) open(p *Part) (mark, from int) {
	mark = len(e.out)
	if e.out[mark-1] != '{' {
		e.out = append(e.out, ',')
	}
	e.out = append(e.out, '"')
	e.out = append(e.out, p.Name...)
	e.out = append(e.out, '"', ':')
	return mark, len(e.out)
}

// keep keeps the part that was just written unless it says nothing.
func (e *Elements) keep(n, mark, from int) {
	e.next = n + 1
	switch string(e.out[from:]) {
	case null, "false":
		e.out = e.out[:mark]
		return
	}
	e.says = e.says || !e.parts[n].Mark
	e.members = append(e.members, member{len(e.begins) - 1, n, from, len(e.out)})
	if e.parts[n].Type == Country {
		e.country = string(e.out[from+1 : len(e.out)-1])
	}
}

// Country returns the alpha-2 code of the element's country, "" when it has none; also when the element has ended.
func (e *Elements) Country() string { return e.country }

// End ends the element.
func (e *Elements) End() {
	if e.homeless != "" && e.next <= e.formatted {
		_ = e.Part(e.formatted, e.homeless, Options{}) // a Long is never refused
	}
	e.out = append(e.out, '}')
	last := len(e.begins) - 1
	if own := e.own(last); !e.says || e.known(own) {
		e.out, e.begins, e.members = e.out[:e.begins[last]], e.begins[:last], e.members[:len(e.members)-len(own)]
		return
	}
	e.elements++
}

// own returns the parts of the element that was just written.
func (e *Elements) own(last int) []member {
	from := len(e.members)
	for from > 0 && e.members[from-1].element == last {
		from--
	}
	return e.members[from:]
}

// known reports whether an earlier element says all of this.
func (e *Elements) known(own []member) bool {
	before := e.members[:len(e.members)-len(own)]
	for len(before) > 0 {
		n := 1
		for n < len(before) && before[n].element == before[0].element {
			n++
		}
		if e.covers(before[:n], own) {
			return true
		}
		before = before[n:]
	}
	return false
}

func (e *Elements) covers(earlier, own []member) bool {
	for _, m := range own {
		if !slices.ContainsFunc(earlier, func(o member) bool {
			return o.part == m.part && bytes.Equal(e.out[o.from:o.to], e.out[m.from:m.to])
		}) {
			return false
		}
	}
	return !slices.ContainsFunc(earlier, func(o member) bool {
		return e.parts[o.part].Every && !slices.ContainsFunc(own, func(m member) bool { return m.part == o.part })
	})
}

// Len returns how many elements there are.
func (e *Elements) Len() int { return e.elements }

// Done returns what Start was given with the list appended; null when there is no element.
func (e *Elements) Done() []byte {
	out := e.out
	e.out = nil // e may be used again, what it has written is its caller's
	if e.elements == 0 {
		return append(out[:e.start], null...)
	}
	return append(out, ']')
}

// linesOf splits a text into its lines, as Salesforce keeps a street.
func linesOf(text string) []string {
	if plain(text) {
		return []string{CleanText(text)}
	}
	return strings.Split(CleanLong(text), "\n")
}

func among(only []string, value []byte) error {
	if string(value) == null || slices.Contains(only, strings.Trim(string(value), `"`)) {
		return nil
	}
	return fmt.Errorf("none of %s; translate it with values", strings.Join(only, ", "))
}

// Doubt is an error about a value that was taken all the same.
type Doubt string

// Error implements error.
func (d Doubt) Error() string { return string(d) }

// IsDoubt reports whether a value was taken in spite of err.
func IsDoubt(err error) bool {
	_, doubt := err.(Doubt)
	return doubt
}
