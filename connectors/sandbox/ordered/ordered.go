// Package ordered is the sorted set by which simulators page through many records: a change among hundreds of thousands
// of keys moves a few kilobytes, and a page at any place is found without walking to it.
//
// It keeps keys only, not what they stand for, and it is not safe for concurrent use.
package ordered

import (
	"cmp"
	"iter"
	"slices"
	"sort"
)

// Key orders records: by an instant in whatever unit the caller keeps (0 in a set that has none) and then by id.
type Key struct {
	At int64
	ID uint64
}

// Compare orders keys.
func Compare(a, b Key) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID))
}

// blockSize bounds a block of an ordered set; a block is split in half when it is full.
const blockSize = 1024

// Set is a sorted set of keys; its zero value is empty.
type Set struct {
	blocks [][]Key // none is empty
	n      int
}

// Len returns how many keys the set holds.
func (o *Set) Len() int { return o.n }

// block returns the index of the first block whose last key is not below k.
func (o *Set) block(k Key) int {
	return sort.Search(len(o.blocks), func(i int) bool {
		b := o.blocks[i]
		return Compare(b[len(b)-1], k) >= 0
	})
}

// Insert adds k; adding it again changes nothing.
func (o *Set) Insert(k Key) {
	if len(o.blocks) == 0 {
		o.blocks, o.n = [][]Key{{k}}, 1
		return
	}
	i := min(o.block(k), len(o.blocks)-1)
	at, found := slices.BinarySearchFunc(o.blocks[i], k, Compare)
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

// Remove takes k out when it is there.
func (o *Set) Remove(k Key) {
	i := o.block(k)
	if i == len(o.blocks) {
		return
	}
	at, found := slices.BinarySearchFunc(o.blocks[i], k, Compare)
	if !found {
		return
	}
	o.n--
	o.blocks[i] = slices.Delete(o.blocks[i], at, at+1)
	if len(o.blocks[i]) == 0 {
		o.blocks = slices.Delete(o.blocks, i, i+1)
	}
}

// Rank returns how many keys are below k.
func (o *Set) Rank(k Key) int {
	i := o.block(k)
	n := 0
	for _, b := range o.blocks[:i] {
		n += len(b)
	}
	if i < len(o.blocks) {
		at, _ := slices.BinarySearchFunc(o.blocks[i], k, Compare)
		n += at
	}
	return n
}

// Between yields the keys of ranks from to (exclusive), ascending, or descending when reverse is set.
func (o *Set) Between(from, to int, reverse bool) iter.Seq[Key] {
	if reverse {
		return o.down(from, to)
	}
	return o.up(from, to)
}

func (o *Set) up(from, to int) iter.Seq[Key] {
	return func(yield func(Key) bool) {
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

func (o *Set) down(from, to int) iter.Seq[Key] {
	return func(yield func(Key) bool) {
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
