package canonical

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/cespare/xxhash/v2"
)

// format is the first byte of a profile's binary form. A reader knows every form ever written: they live in ledgers
// for years.
const (
	format      = 1
	formatTimes = 2 // with Times, after all that the first has
)

// The bounds of a profile; a mapping that exceeds them is refused at load or reports what it left out.
const (
	MaxFields = 512
	MaxSame   = 10_000
)

// ErrDamaged is returned for bytes that are no profile.
var ErrDamaged = errors.New("damaged profile")

// AppendBinary appends the binary form of p: version, kind, the fields with a number for each catalogued name, the
// values as they are, Same, and Times if there are any. Equal profiles have equal bytes.
func (p *Profile) AppendBinary(dst []byte) []byte {
	form := byte(format)
	if len(p.Times) > 0 {
		form = formatTimes
	}
	dst = append(dst, form, codeOfKind(p.Kind))
	dst = binary.AppendUvarint(dst, uint64(len(p.Fields)))
	for i := range p.Fields {
		f := &p.Fields[i]
		code := codeOfName(f.Name)
		dst = binary.AppendUvarint(dst, uint64(code))
		if code == 0 {
			dst = appendBlock(dst, f.Name)
		}
		dst = appendBlock(dst, f.Value)
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.Same)))
	for _, s := range p.Same {
		dst = appendBlock(dst, s)
	}
	if form == formatTimes {
		dst = p.appendTimes(dst)
	}
	return dst
}

func appendBlock[T string | json.RawMessage](dst []byte, s T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// DecodeProfile reads the binary form. The profile shares memory with b (values, custom names, Same): b must not
// change while the profile or anything taken from it is in use. Clone makes it independent.
func DecodeProfile(b []byte) (Profile, error) {
	var p Profile
	err := p.Decode(b)
	return p, err
}

// Decode is DecodeProfile into p, using p's lists again when they are large enough: a loop over many profiles
// allocates nothing.
func (p *Profile) Decode(b []byte) error {
	if len(b) < 2 || b[0] != format && b[0] != formatTimes {
		return fmt.Errorf("%w: unknown format", ErrDamaged)
	}
	p.Kind = kindOfCode(b[1])
	if p.Kind == "" {
		return fmt.Errorf("%w: unknown kind %d", ErrDamaged, b[1])
	}
	r := reader{rest: b[2:]}
	fields := r.count(MaxFields)
	p.Fields = slices.Grow(p.Fields[:0], fields)
	for range fields {
		p.Fields = append(p.Fields, Field{Name: r.name(), Value: r.block()})
		if n := len(p.Fields); n > 1 && p.Fields[n-2].Name >= p.Fields[n-1].Name {
			r.damaged = true
		}
		if r.damaged {
			break
		}
	}
	p.Same = p.Same[:0]
	for range r.count(MaxSame) {
		p.Same = append(p.Same, alias(r.block()))
		if r.damaged {
			break
		}
	}
	p.Times = p.Times[:0]
	if b[0] == formatTimes {
		p.readTimes(&r)
	}
	if r.damaged || len(r.rest) > 0 {
		return ErrDamaged
	}
	return nil
}

// reader takes the parts of a binary form one by one and remembers when they make no sense.
type reader struct {
	rest    []byte
	damaged bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 { // the shortest form only: equal profiles have equal bytes
		r.damaged, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) count(limit uint64) int {
	n := r.uvarint()
	if n > limit || n > uint64(len(r.rest)) {
		r.damaged, r.rest = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) block() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.damaged, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) name() string {
	code := r.uvarint()
	if code == 0 {
		name := alias(r.block())
		if codeOfName(name) != 0 {
			r.damaged = true
		}
		return name
	}
	name := nameOfCode(code)
	if name == "" {
		r.damaged = true
	}
	return name
}

// alias makes a string of b without copying.
func alias(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return unsafe.String(&b[0], len(b))
}

// Clone returns a copy that shares no memory with p.
func (p *Profile) Clone() Profile {
	buffer := p.AppendBinary(nil)
	var c Profile
	if err := c.Decode(buffer); err != nil { // impossible for a well-formed profile
		return *p
	}
	return c
}

// Hash returns a 64-bit hash of everything p claims: equal for equal profiles, different for different ones but for
// one chance in 2^64. It is stable across processes and versions of the program as long as the binary format is.
func (p *Profile) Hash() uint64 {
	var stack [1024]byte
	return xxhash.Sum64(p.AppendBinary(stack[:0]))
}
