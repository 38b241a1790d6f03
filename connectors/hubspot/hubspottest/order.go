package hubspottest

import (
	"cmp"
	"iter"
	"slices"
	"sort"
)

// key orders objects: by a time in milliseconds (0 in an index that has none) and then by id.
type key struct {
	ms int64
	id uint64
}

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.ms, b.ms), cmp.Compare(a.id, b.id))
}

// blockSize bounds a block of an ordered set; a block is split in half when it is full.
const blockSize = 1024

// ordered is a sorted set of keys in blocks, so that a change among 200,000 keys moves a few kilobytes and a page at
// any offset is found without walking to it.
type ordered struct {
	blocks [][]key // none is empty
	n      int
}

// block returns the index of the first block whose last key is not below k.
func (o *ordered) block(k key) int {
	return sort.Search(len(o.blocks), func(i int) bool {
		b := o.blocks[i]
		return compareKeys(b[len(b)-1], k) >= 0
	})
}

// insert adds k; adding it again changes nothing.
func (o *ordered) insert(k key) {
	if len(o.blocks) == 0 {
		o.blocks, o.n = [][]key{{k}}, 1
		return
	}
	i := min(o.block(k), len(o.blocks)-1)
	at, found := slices.BinarySearchFunc(o.blocks[i], k, compareKeys)
	if found {
		return
	}
	b := slices.Insert(o.blocks[i], at, k)
	o.n++
	if len(b) < blockSize {
		o.blocks[i] = b
		return
	}
	// A block that grows at its end is filled, not halved: most keys arrive in ascending order.
	cut := blockSize / 2
	if at == len(b)-1 {
		cut = len(b) - 1
	}
	o.blocks[i] = b[:cut:cut]
	o.blocks = slices.Insert(o.blocks, i+1, slices.Clone(b[cut:]))
}

// remove takes k out when it is there.
func (o *ordered) remove(k key) {
	i := o.block(k)
	if i == len(o.blocks) {
		return
	}
	at, found := slices.BinarySearchFunc(o.blocks[i], k, compareKeys)
	if !found {
		return
	}
	o.n--
	o.blocks[i] = slices.Delete(o.blocks[i], at, at+1)
	if len(o.blocks[i]) == 0 {
		o.blocks = slices.Delete(o.blocks, i, i+1)
	}
}

// rank returns how many keys are below k.
func (o *ordered) rank(k key) int {
	i := o.block(k)
	n := 0
	for _, b := range o.blocks[:i] {
		n += len(b)
	}
	if i < len(o.blocks) {
		at, _ := slices.BinarySearchFunc(o.blocks[i], k, compareKeys)
		n += at
	}
	return n
}

// between yields the keys of ranks from to (exclusive), ascending, or descending when reverse is set.
func (o *ordered) between(from, to int, reverse bool) iter.Seq[key] {
	if reverse {
		return o.down(from, to)
	}
	return o.up(from, to)
}

func (o *ordered) up(from, to int) iter.Seq[key] {
	return func(yield func(key) bool) {
		start := 0
		for _, b := range o.blocks {
			if start >= to {
				return
			}
			for i := max(0, from-start); i < min(len(b), to-start); i++ {
				if !yield(b[i]) {
					return
				}
			}
			start += len(b)
		}
	}
}

func (o *ordered) down(from, to int) iter.Seq[key] {
	return func(yield func(key) bool) {
		end := o.n
		for _, b := range slices.Backward(o.blocks) {
			start := end - len(b)
			if end <= from {
				return
			}
			for i := min(len(b), to-start) - 1; i >= max(0, from-start); i-- {
				if !yield(b[i]) {
					return
				}
			}
			end = start
		}
	}
}
