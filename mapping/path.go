package mapping

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// path is a compiled path: names that the one pass over a record looks for, and steps taken from what it found.
type path struct {
	text  string
	lead  []string // names up to the first selector
	slot  int      // where the pass puts what it finds at lead; of a star in the stars; -1 when it is read in an element
	steps []step   // from there on
	star  *star    // of the last name, which is not in lead then
}

// step takes a member, a selection of a list, or both in this order.
type step struct {
	name       string // "" = none
	selector   selector
	index      int
	key, value string
}

type selector uint8

const (
	noSelector selector = iota
	all
	at
	equal
	notEqual
)

// maxPath bounds a path in the rules.
const maxPath = 500

// parsePath reads the path grammar of the package documentation. The error comes with the column, from 1.
func parsePath(text string) (path, int, error) {
	p := path{text: text, slot: -1}
	if len(text) > maxPath {
		return p, 1, fmt.Errorf("the path is longer than %d bytes", maxPath)
	}
	for i := 0; ; {
		s, end, err := parseStep(text, i)
		if err != nil {
			return p, end + 1, err
		}
		p.add(s)
		if end == len(text) {
			return p, 0, nil
		}
		if p.star != nil {
			return p, i + 1, fmt.Errorf("a name with a star must be the last one of the path")
		}
		i = end + 1
	}
}

// add appends a step: plain names go to lead as long as there was no selector.
func (p *path) add(s step) {
	if len(p.steps) > 0 {
		p.steps = append(p.steps, s)
		return
	}
	if before, after, found := strings.Cut(s.name, "*"); found && s.selector == noSelector {
		p.star = &star{before, after}
		return
	}
	p.lead = append(p.lead, s.name)
	if s.selector != noSelector {
		s.name = ""
		p.steps = append(p.steps, s)
	}
}

// parseStep reads one name with its selector from i on and returns where it ends: at a dot or the end of the text.
func parseStep(text string, i int) (step, int, error) {
	var name strings.Builder
	for ; i < len(text) && text[i] != '.' && text[i] != '['; i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		name.WriteByte(text[i])
	}
	s := step{name: name.String()}
	if s.name == "" {
		return s, i, fmt.Errorf("a name is missing in the path; write a\\.b for a dot within a name")
	}
	if i == len(text) || text[i] == '.' {
		if i == len(text)-1 {
			return s, i, fmt.Errorf("the path ends with a dot")
		}
		return s, i, nil
	}
	length := strings.IndexByte(text[i:], ']')
	if length < 0 {
		return s, i, fmt.Errorf("a ] is missing in the path")
	}
	if err := s.selectBy(text[i+1 : i+length]); err != nil {
		return s, i, err
	}
	i += length + 1
	if i < len(text) && text[i] != '.' || i == len(text)-1 {
		return s, i, fmt.Errorf("after ] comes a dot and a name, or nothing")
	}
	return s, i, nil
}

func (s *step) selectBy(inside string) error {
	key, value, isPair := strings.Cut(inside, "=")
	switch {
	case inside == "*":
		s.selector = all
	case isPair && key != "" && key != "!":
		s.selector, s.key, s.value = equal, key, value
		if strings.HasSuffix(key, "!") {
			s.selector, s.key = notEqual, strings.TrimSuffix(key, "!")
		}
	default:
		n, err := strconv.Atoi(inside)
		if err != nil || n < 0 {
			return fmt.Errorf("[%s] is no selector; use [*], [0], [key=text] or [key!=text]", inside)
		}
		s.selector, s.index = at, n
	}
	return nil
}

// each calls f for every value that the steps lead to from r. A member that is missing leads nowhere.
func eachValue(r gjson.Result, steps []step, f func(gjson.Result)) {
	if len(steps) == 0 {
		f(r)
		return
	}
	s := &steps[0]
	if s.name != "" {
		if r = member(r, s.name); !r.Exists() {
			return
		}
	}
	if s.selector == noSelector {
		eachValue(r, steps[1:], f)
		return
	}
	if !r.IsArray() {
		return
	}
	n := 0
	r.ForEach(func(_, e gjson.Result) bool {
		if s.takes(n, e) {
			eachValue(e, steps[1:], f)
		}
		n++
		return true
	})
}

func (s *step) takes(n int, e gjson.Result) bool {
	switch s.selector {
	case at:
		return n == s.index
	case equal:
		return member(e, s.key).String() == s.value
	case notEqual:
		return member(e, s.key).String() != s.value
	}
	return true
}

// member returns a member of an object by its exact name; gjson's own paths would take * and ? for patterns.
func member(r gjson.Result, name string) (found gjson.Result) {
	if !r.IsObject() {
		return gjson.Result{}
	}
	r.ForEach(func(key, value gjson.Result) bool {
		if key.Str == name {
			found = value
		}
		return true
	})
	return found
}
