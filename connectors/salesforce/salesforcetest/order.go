package salesforcetest

import (
	"cmp"
	"iter"
	"slices"
	"sort"
)

// key orders rows: by a time in seconds (0 in an index that has none) and then by serial number, which is the order of
// ids.
type key struct {
	sec int64
	id  uint64
}

func compareKeys(a, b key) int { return cmp.Or(cmp.Compare(a.sec, b.sec), cmp.Compare(a.id, b.id)) }

// blockSize bounds a block of an ordered set; a block is split in half when it is full.
const blockSize = 1024

// ordered is a sorted set of keys in blocks, so that a change among 200,000 keys moves a few kilobytes and a range is
// found without walking to it. The zero value is empty.
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

// between yields the keys from lo to hi (exclusive) ascending, or descending when reverse is set. The set must not
// change meanwhile.
func (o *ordered) between(lo, hi key, reverse bool) iter.Seq[key] {
	if reverse {
		return o.down(lo, hi)
	}
	return o.up(lo, hi)
}

func (o *ordered) up(lo, hi key) iter.Seq[key] {
	return func(yield func(key) bool) {
		for i := o.block(lo); i < len(o.blocks); i++ {
			b := o.blocks[i]
			at, _ := slices.BinarySearchFunc(b, lo, compareKeys)
			for _, k := range b[at:] {
				if compareKeys(k, hi) >= 0 || !yield(k) {
					return
				}
			}
		}
	}
}

func (o *ordered) down(lo, hi key) iter.Seq[key] {
	return func(yield func(key) bool) {
		for i := min(o.block(hi), len(o.blocks)-1); i >= 0; i-- {
			b := o.blocks[i]
			at, _ := slices.BinarySearchFunc(b, hi, compareKeys)
			for _, k := range slices.Backward(b[:at]) {
				if compareKeys(k, lo) < 0 || !yield(k) {
					return
				}
			}
		}
	}
}
