package boltkv

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// The layout of a bbolt v2 file, in the byte order of the machine that wrote it
// (https://github.com/etcd-io/bbolt/blob/v1.5.0/internal/common/page.go and meta.go).
const (
	boltMagic    = 0xED0CDAED
	boltVersion  = 2
	pageHeader   = 16 // id u64, flags u16, count u16, overflow u32
	metaBytes    = 64 // magic version pageSize flags u32, root sequence freelist pages txid checksum u64
	metaSumAt    = 56
	elemBytes    = 16
	bucketBytes  = 16 // root u64, sequence u64; an inline page follows when root is 0
	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
	leafBucket   = 0x01
	noFreelist   = ^uint64(0)
	minPageSize  = 1 << 10
	maxPageSize  = 16 << 20
)

var order = binary.NativeEndian

// meta is one of the two places that name the newest state. A commit writes the older one.
type meta struct {
	pageSize int64
	root     uint64
	sequence uint64 // of the root bucket
	freelist uint64
	pages    uint64 // every page id of the state is below
	txid     uint64
}

// parseMeta reads a meta page's body, which begins after the page header.
func parseMeta(b []byte) (meta, error) {
	if m := order.Uint32(b); m != boltMagic {
		return meta{}, fmt.Errorf("magic is %#x, not bbolt's", m)
	}
	if v := order.Uint32(b[4:]); v != boltVersion {
		return meta{}, fmt.Errorf("format version is %d, not %d", v, boltVersion)
	}
	h := fnv.New64a()
	_, _ = h.Write(b[:metaSumAt])
	if h.Sum64() != order.Uint64(b[metaSumAt:]) {
		return meta{}, fmt.Errorf("checksum is wrong")
	}
	m := meta{
		pageSize: int64(order.Uint32(b[8:])),
		root:     order.Uint64(b[16:]),
		sequence: order.Uint64(b[24:]),
		freelist: order.Uint64(b[32:]),
		pages:    order.Uint64(b[40:]),
		txid:     order.Uint64(b[48:]),
	}
	if m.pageSize < minPageSize || m.pageSize > maxPageSize || m.pageSize&(m.pageSize-1) != 0 {
		return meta{}, fmt.Errorf("page size is %d", m.pageSize)
	}
	return m, nil
}

// encode is parseMeta's inverse.
func (m meta) encode() []byte {
	b := make([]byte, metaBytes)
	order.PutUint32(b, boltMagic)
	order.PutUint32(b[4:], boltVersion)
	order.PutUint32(b[8:], uint32(m.pageSize))
	order.PutUint64(b[16:], m.root)
	order.PutUint64(b[24:], m.sequence)
	order.PutUint64(b[32:], m.freelist)
	order.PutUint64(b[40:], m.pages)
	order.PutUint64(b[48:], m.txid)
	h := fnv.New64a()
	_, _ = h.Write(b[:metaSumAt])
	order.PutUint64(b[metaSumAt:], h.Sum64())
	return b
}

// readMetas returns the valid metas of a file, newest first, and why any other is not valid. The
// second one lies at the page size, which only a valid first one tells, so all sizes are tried.
func readMetas(r io.ReaderAt) (valid []meta, bad error) {
	buf := make([]byte, metaBytes)
	at := func(off int64) (meta, error) {
		if _, err := r.ReadAt(buf, off+pageHeader); err != nil {
			return meta{}, fmt.Errorf("cannot be read: %w", err)
		}
		return parseMeta(buf)
	}
	first, bad := at(0)
	if bad == nil {
		valid = append(valid, first)
	}
	for size := int64(minPageSize); size <= maxPageSize; size *= 2 {
		if len(valid) > 0 && size != first.pageSize && bad == nil {
			continue
		}
		second, err := at(size)
		if err != nil || second.pageSize != size {
			continue
		}
		if len(valid) > 0 && second.txid > first.txid {
			return []meta{second, first}, bad
		}
		return append(valid, second), bad
	}
	return valid, bad
}
