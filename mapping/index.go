package mapping

import "github.com/tidwall/gjson"

// index is the tree of names that the rules of one object look for. One pass over a record fills all slots, so that
// a record of a thousand properties costs little more than reading it once.
type index struct {
	children map[string]*index
	slot     int // -1 = only a way to others
}

func newIndex() *index { return &index{slot: -1} }

// add returns the slot of a chain of names; next is the number of slots so far.
func (x *index) add(lead []string, next *int) int {
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
	if x.slot < 0 {
		x.slot = *next
		*next++
	}
	return x.slot
}

// fill puts what the record has into the slots. Of a name that comes twice the last counts, as in encoding/json.
func (x *index) fill(r gjson.Result, slots []gjson.Result) {
	if !r.IsObject() {
		return
	}
	r.ForEach(func(key, value gjson.Result) bool {
		child := x.children[key.Str]
		if child == nil {
			return true
		}
		if child.slot >= 0 {
			slots[child.slot] = value
		}
		if child.children != nil {
			child.fill(value, slots)
		}
		return true
	})
}
