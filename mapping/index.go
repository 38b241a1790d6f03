package mapping

import (
	"strings"

	"github.com/tidwall/gjson"
)

// index is the tree of names that the rules of one object look for. One pass over a record fills all slots, so that
// a record of a thousand properties costs little more than reading it once.
type index struct {
	children map[string]*index
	slot     int // -1 = only a way to others
	stars    []starSlot
	rest     bool // what has no child is wanted, too
}

// star is a pattern of names: all that begin and end so.
type star struct{ before, after string }

// takes returns what the star stands for in a name.
func (s *star) takes(name string) (string, bool) {
	if len(name) <= len(s.before)+len(s.after) || !strings.HasPrefix(name, s.before) || !strings.HasSuffix(name, s.after) {
		return "", false
	}
	return name[len(s.before) : len(name)-len(s.after)], true
}

// String returns the pattern as the rules write it.
func (s star) String() string {
	if s.after == exactly {
		return s.before
	}
	return s.before + "*" + s.after
}

type starSlot struct {
	star
	slot int
}

// pair is a member of an object whose name the rules do not spell out.
type pair struct {
	name  string
	value gjson.Result
}

func newIndex() *index { return &index{slot: -1} }

// add returns the slot of a chain of names; next is the number of slots so far.
func (x *index) add(lead []string, next *int) int {
	x = x.way(lead)
	if x.slot < 0 {
		x.slot = *next
		*next++
	}
	return x.slot
}

// way returns the place of a chain of names.
func (x *index) way(lead []string) *index {
	for _, name := range lead {
		child := x.children[name]
		if child == nil {
			child = newIndex()
			if x.children == nil {
				x.children = map[string]*index{}
			}
			x.children[name] = child
		}
		x = child
	}
	return x
}

// found is what one pass over a record puts aside.
type found struct {
	slots []gjson.Result
	stars [][]pair
	rest  []pair
}

// fill puts what the record has into the slots. Of a name that comes twice the last counts, as in encoding/json.
func (x *index) fill(r gjson.Result, f *found) {
	if !r.IsObject() {
		return
	}
	r.ForEach(func(key, value gjson.Result) bool {
		for i := range x.stars {
			if name, ok := x.stars[i].takes(key.Str); ok {
				f.stars[x.stars[i].slot] = append(f.stars[x.stars[i].slot], pair{name, value})
			}
		}
		child := x.children[key.Str]
		if child == nil {
			if x.rest {
				f.rest = append(f.rest, pair{key.Str, value})
			}
			return true
		}
		if child.slot >= 0 {
			f.slots[child.slot] = value
		}
		if child.children != nil || child.stars != nil || child.rest {
			child.fill(value, f)
		}
		return true
	})
}
