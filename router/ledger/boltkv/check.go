package boltkv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/millrace/millrace/router/ledger/kv"
)

// maxDepth bounds the walk; a tree of two keys a page would need 2^64 pages to be that deep.
const maxDepth = 64

// Check reads the store's newest state and returns kv.ErrDamaged with the first contradiction, or
// nil. It proves that bbolt can walk the tree; values carry no checksum and are not judged. Nobody
// may write to the file meanwhile.
func Check(path string) error { return checkFile(path) }

func checkFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	defer f.Close()
	metas, bad := readMetas(f)
	if len(metas) == 0 {
		return damaged(path, fmt.Errorf("neither meta page is whole: %w", bad))
	}
	err = checkState(f, metas[0])
	var found contradiction
	if errors.As(err, &found) {
		return damaged(path, found)
	}
	if err != nil {
		return fmt.Errorf("check %s: %w: %w", path, kv.ErrUnavailable, err)
	}
	return nil
}

// contradiction is damage, as opposed to a failure to read.
type contradiction string

func (c contradiction) Error() string { return string(c) }

func contradictf(format string, args ...any) error {
	return contradiction(fmt.Sprintf(format, args...))
}

// walk checks one state of a file.
type walk struct {
	r    io.ReaderAt
	m    meta
	seen []uint64 // bit set by page id
	head []byte   // of the leaf at hand; nothing is read between a leaf's pages
	keys [][]byte // of the leaf at hand
}

func checkState(f *os.File, m meta) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if held := uint64(info.Size() / m.pageSize); m.pages > held {
		return contradictf("file is cut short: %d of %d pages are there", held, m.pages)
	}
	w := &walk{r: f, m: m, seen: make([]uint64, m.pages/64+1), head: make([]byte, m.pageSize)}
	if m.freelist != noFreelist {
		if err := w.freelist(); err != nil {
			return err
		}
	}
	return w.tree(m.root, place{top: true})
}

// claim marks a page and its overflow as used once.
func (w *walk) claim(id uint64, overflow uint32) error {
	if id < 2 || id >= w.m.pages || uint64(overflow) >= w.m.pages-id {
		return contradictf("page %d with overflow %d lies outside of the %d pages", id, overflow, w.m.pages)
	}
	for p := id; p <= id+uint64(overflow); p++ {
		if w.seen[p/64]&(1<<(p%64)) != 0 {
			return contradictf("page %d is used twice", p)
		}
		w.seen[p/64] |= 1 << (p % 64)
	}
	return nil
}

// page loads a page's head, valid until the next one is loaded; its further pages are read only
// where an element points.
func (w *walk) page(id uint64) (*page, error) {
	if id < 2 || id >= w.m.pages {
		return nil, contradictf("page %d lies outside of the %d pages", id, w.m.pages)
	}
	p := &page{r: w.r, at: int64(id) * w.m.pageSize, head: w.head}
	if _, err := w.r.ReadAt(p.head, p.at); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	p.parse()
	if p.id != id {
		return nil, contradictf("page %d says it is page %d", id, p.id)
	}
	p.size = (int64(p.overflow) + 1) * w.m.pageSize
	return p, w.claim(id, p.overflow)
}

func (w *walk) freelist() error {
	p, err := w.page(w.m.freelist)
	if err != nil {
		return err
	}
	if p.flags != flagFreelist {
		return contradictf("page %d is no list of free pages (flags %#x)", p.id, p.flags)
	}
	n, ids := int64(p.count), int64(pageHeader)
	if p.count == 0xFFFF { // the count did not fit and comes first
		b, err := p.bytes(pageHeader, 8)
		if err != nil {
			return err
		}
		n, ids = int64(min(order.Uint64(b), w.m.pages)), pageHeader+8
	}
	b, err := p.bytes(ids, 8*n)
	if err != nil {
		return err
	}
	for ; len(b) > 0; b = b[8:] {
		if id := order.Uint64(b); id < 2 || id >= w.m.pages {
			return contradictf("free page %d lies outside of the %d pages", id, w.m.pages)
		}
	}
	return nil
}

// place is what the way to a page says about it: low is the floor of its first key, high is above all
// of them (nil means unbounded), and at the top every value is a bucket, below none is.
type place struct {
	low, high []byte
	top       bool
	depth     int
}

func (w *walk) tree(id uint64, in place) error {
	if in.depth > maxDepth {
		return contradictf("page %d lies deeper than %d levels", id, maxDepth)
	}
	p, err := w.page(id)
	if err != nil {
		return err
	}
	switch p.flags {
	case flagBranch:
		p.head = bytes.Clone(p.head)
		return w.branch(p, in)
	case flagLeaf:
		if in.top {
			p.head = bytes.Clone(p.head)
		}
		return w.leaf(p, in)
	}
	return contradictf("page %d is neither branch nor leaf (flags %#x)", id, p.flags)
}

func (w *walk) branch(p *page, in place) error {
	if p.count == 0 {
		return contradictf("branch page %d is empty", p.id)
	}
	keys, err := p.keys(in, nil)
	if err != nil {
		return err
	}
	for i := range int(p.count) {
		high := in.high
		if i+1 < len(keys) {
			high = keys[i+1]
		}
		e, _ := p.bytes(pageHeader+int64(i)*elemBytes, elemBytes)
		if err := w.tree(order.Uint64(e[8:]), place{keys[i], high, in.top, in.depth + 1}); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) leaf(p *page, in place) error {
	keys, err := p.keys(in, w.keys[:0])
	if err != nil {
		return err
	}
	w.keys = keys
	for i := range int(p.count) {
		at := pageHeader + int64(i)*elemBytes
		e, _ := p.bytes(at, elemBytes)
		value := at + int64(order.Uint32(e[4:])) + int64(order.Uint32(e[8:]))
		size := int64(order.Uint32(e[12:]))
		if !p.holds(value, size) {
			return contradictf("value %d of page %d lies outside of it", i, p.id)
		}
		if isBucket := order.Uint32(e) == leafBucket; isBucket != in.top || order.Uint32(e)&^leafBucket != 0 {
			return contradictf("value %d of page %d has flags %#x in the wrong place", i, p.id, order.Uint32(e))
		}
		if !in.top {
			continue
		}
		if err := w.bucket(p, value, size, in.depth); err != nil {
			return err
		}
	}
	return nil
}

// bucket follows a bucket's header, either to its own tree or to the small page inside the value.
func (w *walk) bucket(p *page, at, size int64, depth int) error {
	if size < bucketBytes {
		return contradictf("bucket header in page %d has %d bytes", p.id, size)
	}
	b, err := p.bytes(at, size)
	if err != nil {
		return err
	}
	if root := order.Uint64(b); root != 0 {
		return w.tree(root, place{depth: depth + 1})
	}
	in := &page{head: bytes.Clone(b[bucketBytes:])}
	in.size = int64(len(in.head))
	if in.size < pageHeader {
		return contradictf("inline bucket in page %d has %d bytes", p.id, size)
	}
	if in.parse(); in.flags != flagLeaf {
		return contradictf("inline bucket in page %d is no leaf (flags %#x)", p.id, in.flags)
	}
	return w.leaf(in, place{depth: depth + 1})
}
