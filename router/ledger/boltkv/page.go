package boltkv

import (
	"bytes"
	"fmt"
	"io"

	"github.com/millrace/millrace/router/ledger/kv"
)

// page is a page of the file whose every read is checked against its size.
type page struct {
	r        io.ReaderAt // nil for a page inside a value, which is all in head
	at       int64
	head     []byte
	size     int64
	id       uint64
	flags    uint16
	count    uint16
	overflow uint32
}

func (p *page) parse() {
	p.id = order.Uint64(p.head)
	p.flags = order.Uint16(p.head[8:])
	p.count = order.Uint16(p.head[10:])
	p.overflow = order.Uint32(p.head[12:])
}

// holds reports whether n bytes at off lie within the page, behind its header.
func (p *page) holds(off, n int64) bool {
	return off >= pageHeader && n >= 0 && off <= p.size && n <= p.size-off
}

func (p *page) bytes(off, n int64) ([]byte, error) {
	if !p.holds(off, n) {
		return nil, contradictf("page %d points outside of itself", p.id)
	}
	if off+n <= int64(len(p.head)) {
		return p.head[off : off+n], nil
	}
	b := make([]byte, n)
	if _, err := p.r.ReadAt(b, p.at+off); err != nil {
		return nil, fmt.Errorf("read page %d: %w", p.id, err)
	}
	return b, nil
}

// keys appends the page's keys after checking that they ascend and lie within what the parent says.
func (p *page) keys(in place, keys [][]byte) ([][]byte, error) {
	elems, err := p.bytes(pageHeader, int64(p.count)*elemBytes)
	if err != nil {
		return nil, err
	}
	for i := range int(p.count) {
		e := elems[i*elemBytes:]
		pos, size := order.Uint32(e), order.Uint32(e[4:]) // of a branch
		if p.flags == flagLeaf {
			pos, size = order.Uint32(e[4:]), order.Uint32(e[8:])
		}
		if size == 0 || size > kv.MaxKeyBytes {
			return nil, contradictf("key %d of page %d has %d bytes", i, p.id, size)
		}
		key, err := p.bytes(pageHeader+int64(i)*elemBytes+int64(pos), int64(size))
		if err != nil {
			return nil, err
		}
		if !p.follows(key, keys, in) {
			return nil, contradictf("key %d of page %d is out of order", i, p.id)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (p *page) follows(key []byte, before [][]byte, in place) bool {
	if in.high != nil && bytes.Compare(key, in.high) >= 0 {
		return false
	}
	if n := len(before); n > 0 {
		return bytes.Compare(key, before[n-1]) > 0
	}
	return in.low == nil || bytes.Compare(key, in.low) >= 0
}
