package ledger

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
)

// latent is the id a record gets at first sight, for ever: 48 bits of milliseconds and a growing tail, so that the
// smaller one is the older one.
type latent [16]byte

func (id latent) isZero() bool { return id == latent{} }

var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// entityID returns the public form: the kind's prefix and 26 characters.
func entityID(k canonical.Kind, id latent) string {
	return k.Prefix() + crockford.EncodeToString(id[:])
}

func parseEntityID(text string) (canonical.Kind, latent, error) {
	k := canonical.KindOfID(text)
	var id latent
	if k == "" || len(text) != len(k.Prefix())+crockford.EncodedLen(len(id)) {
		return "", id, fmt.Errorf("%q is no id of an entity", text)
	}
	b, err := crockford.DecodeString(text[len(k.Prefix()):])
	if err != nil {
		return "", id, fmt.Errorf("%q is no id of an entity", text)
	}
	copy(id[:], b)
	return k, id, nil
}

// clockIDs makes ids that grow within the process, also when the clock stands or steps back.
func clockIDs(now func() time.Time) func() [16]byte {
	var mu sync.Mutex
	var last [16]byte
	return func() [16]byte {
		mu.Lock()
		defer mu.Unlock()
		var next [16]byte
		ms := uint64(max(now().UnixMilli(), 0))
		binary.BigEndian.PutUint64(next[:8], ms<<16)
		if string(next[:6]) > string(last[:6]) {
			_, _ = rand.Read(next[6:]) // never fails since Go 1.24
			next[6] &= 0x7f            // room to count up
			last = next
			return next
		}
		low := binary.BigEndian.Uint64(last[8:]) + 1
		if low == 0 {
			binary.BigEndian.PutUint64(last[:8], binary.BigEndian.Uint64(last[:8])+1)
		}
		binary.BigEndian.PutUint64(last[8:], low)
		return last
	}
}
