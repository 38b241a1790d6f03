package ledger

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/millrace/millrace/mapping/identity"
)

// errShort says that a row ends before its fields do, or holds an impossible length.
var errShort = errors.New("row is cut short or garbled")

// enc appends the fields of a row.
type enc []byte

func (e *enc) byte(b byte)    { *e = append(*e, b) }
func (e *enc) uint(n uint64)  { *e = binary.AppendUvarint(*e, n) }
func (e *enc) fixed(n uint64) { *e = binary.BigEndian.AppendUint64(*e, n) }
func (e *enc) raw(b []byte)   { *e = append(*e, b...) }
func (e *enc) text(s string)  { e.uint(uint64(len(s))); *e = append(*e, s...) }
func (e *enc) blob(b []byte)  { e.uint(uint64(len(b))); *e = append(*e, b...) }
func (e *enc) time(t time.Time) { // seconds and nanoseconds: vendors send years far outside of UnixNano's range
	*e = binary.AppendVarint(*e, t.Unix())
	e.uint(uint64(t.Nanosecond()))
}

// dec reads them back; after the first defect every read returns zero and err stays set.
type dec struct {
	b   []byte
	err error
}

func (d *dec) fail() { d.b, d.err = nil, errShort }

func (d *dec) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

func (d *dec) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *dec) uint() uint64 {
	n, size := binary.Uvarint(d.b)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *dec) fixed() uint64 {
	if b := d.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// blob returns a slice of the row itself: valid as long as the row is.
func (d *dec) blob() []byte { return d.take(d.uint()) }
func (d *dec) text() string { return string(d.blob()) }

func (d *dec) time() time.Time {
	sec, size := binary.Varint(d.b)
	if size <= 0 {
		d.fail()
		return time.Time{}
	}
	d.b = d.b[size:]
	nano := d.uint()
	if nano > 999_999_999 {
		d.fail()
		return time.Time{}
	}
	if d.err != nil {
		return time.Time{}
	}
	return time.Unix(sec, int64(nano)).UTC()
}

// count reads a length of a list whose elements take at least one byte each.
func (d *dec) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(n)
}

// end returns errShort when the row had a defect or has bytes left over.
func (d *dec) end() error {
	if d.err == nil && len(d.b) > 0 {
		d.fail()
	}
	return d.err
}

func (e *enc) key(k *identity.Key) {
	strong := byte(0)
	if k.Strong {
		strong = 1
	}
	e.byte(strong)
	e.text(k.Space)
	e.text(k.Value)
}

func (d *dec) key() identity.Key {
	return identity.Key{Strong: d.byte() == 1, Space: d.text(), Value: d.text()}
}
