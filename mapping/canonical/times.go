package canonical

import (
	"encoding/binary"
	"strings"
	"time"
)

// FieldTime is when a source set the value of one field, to the millisecond.
type FieldTime struct {
	Name string
	At   time.Time
}

// AssertedAt returns when the source set the value of a field, the zero time when it does not say: then it is the
// version of the record.
func (p *Profile) AssertedAt(name string) time.Time {
	for i := range p.Times {
		if p.Times[i].Name == name {
			return p.Times[i].At
		}
	}
	return time.Time{}
}

// appendTimes appends how many times there are, and for each the place of its field and the milliseconds since 1970. A
// time of a field that is not claimed is left out.
func (p *Profile) appendTimes(dst []byte) []byte {
	n := 0
	p.eachTime(func(int, int64) { n++ })
	dst = binary.AppendUvarint(dst, uint64(n))
	p.eachTime(func(field int, ms int64) {
		dst = binary.AppendUvarint(dst, uint64(field))
		dst = binary.AppendUvarint(dst, uint64(ms)<<1^uint64(ms>>63))
	})
	return dst
}

func (p *Profile) eachTime(f func(field int, ms int64)) {
	next := 0
	for i := range p.Fields {
		for next < len(p.Times) && strings.Compare(p.Times[next].Name, p.Fields[i].Name) < 0 {
			next++
		}
		if next < len(p.Times) && p.Times[next].Name == p.Fields[i].Name {
			f(i, p.Times[next].At.UnixMilli())
		}
	}
}

func (p *Profile) readTimes(r *reader) {
	last := -1
	defer func() { r.damaged = r.damaged || last < 0 }() // none is the other form
	for range r.count(MaxFields) {
		field, ms := r.uvarint(), r.uvarint()
		if r.damaged || field >= uint64(len(p.Fields)) || int(field) <= last {
			r.damaged = true
			return
		}
		last = int(field)
		p.Times = append(p.Times, FieldTime{p.Fields[field].Name, time.UnixMilli(int64(ms>>1) ^ -int64(ms&1)).UTC()})
	}
}
