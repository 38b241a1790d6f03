package identity

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/mapping/canonical"
)

// Source is one record of a cluster as survivorship sees it.
type Source struct {
	Ref     string    // connection/object/id
	Version time.Time // the vendor's stamp
	Live    bool      // a record that is not live makes no claims
	Profile *canonical.Profile
	// Consents are claims of consent that count beside those of the profile, whether or not the record is live, a value
	// of type Permissions: what it forbade once and nobody allowed again, or what a record of consent says of the person.
	Consents json.RawMessage
	Once     bool // Consents are not said any more; they are kept because nobody who may has lifted them
}

// Golden is what is true of one customer: the surviving claims. Whose they are is worked out when somebody asks, by
// Origin and Why. It shares memory with the profiles it was made of.
type Golden struct {
	Kind canonical.Kind
	// Fields are ordered by name, as in a profile. A null among them says nothing; Get hides it.
	Fields []canonical.Field
	// Sources are the records, as they were given to Merge.
	Sources []Source
	by      *Survivorship
	sole    int // the only live source, -1 when there are others
	live    int // live records, without those of people
}

// Deleted reports whether no live record is left: the entity is a tombstone.
func (g *Golden) Deleted() bool { return g.live == 0 }

// Get returns the value of a field, nil when no source claims one.
func (g *Golden) Get(name string) json.RawMessage {
	i, ok := slices.BinarySearchFunc(g.Fields, name, func(f canonical.Field, name string) int {
		return strings.Compare(f.Name, name)
	})
	if !ok || canonical.IsNull(g.Fields[i].Value) {
		return nil
	}
	return g.Fields[i].Value
}

// Refs returns the references of the live records, ascending; what people said is none of them.
func (g *Golden) Refs() []string {
	refs := make([]string, 0, g.live)
	for i := range g.Sources {
		if g.Sources[i].Live && !isManual(g.Sources[i].Ref) {
			refs = append(refs, g.Sources[i].Ref)
		}
	}
	slices.Sort(refs)
	return refs
}

// AppendBinary appends a form that is equal for golden records that show the same: kind, values, and the live
// records with their pages. It does not contain provenance and is not meant to be read back.
func (g *Golden) AppendBinary(dst []byte) []byte {
	var stack [64]canonical.Field
	shown := canonical.Profile{Kind: g.Kind, Fields: stack[:0]}
	for _, f := range g.Fields {
		if !canonical.IsNull(f.Value) {
			shown.Fields = append(shown.Fields, f)
		}
	}
	dst = shown.AppendBinary(dst)
	if g.live == 1 && g.sole >= 0 {
		return g.appendSource(dst, &g.Sources[g.sole])
	}
	for _, ref := range g.Refs() {
		i := slices.IndexFunc(g.Sources, func(s Source) bool { return s.Live && s.Ref == ref })
		dst = g.appendSource(dst, &g.Sources[i])
	}
	return dst
}

func (g *Golden) appendSource(dst []byte, s *Source) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s.Ref)))
	dst = append(dst, s.Ref...)
	url := s.Profile.Get("url")
	dst = binary.AppendUvarint(dst, uint64(len(url)))
	return append(dst, url...)
}

// Hash returns a 64-bit hash of AppendBinary: the entity changed for every reader when it differs.
func (g *Golden) Hash() uint64 {
	var stack [1024]byte
	return xxhash.Sum64(g.AppendBinary(stack[:0]))
}
