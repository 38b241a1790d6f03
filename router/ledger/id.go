package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// latent is the id a record brings with it, for ever: a function of its reference alone. So an entity has the same id
// in whatever order records arrive, and also in a ledger that was lost and is read again: what targets show under it is
// found and adopted instead of being made a second time. Records of one object with numeric ids have neighbouring ids,
// which keeps rows that are written together close together.
type latent [16]byte

// latentOf returns 6 bytes that stand for connection and object, then the number the vendor gave, or 10 bytes of a hash
// of what is no number.
func latentOf(key recKey) latent {
	var id latent
	ref, err := key.ref()
	if err != nil { // not a key of ours: still one id for one key
		sum := sha256.Sum256([]byte(key))
		copy(id[:], sum[:])
		return id
	}
	group := sha256.Sum256([]byte(ref.Connection + nul + ref.Object))
	if ref.Connection == identity.ManualConnection { // what people say of a customer never names it: no id is greater
		group = [32]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	copy(id[:6], group[:])
	if n, err := strconv.ParseUint(ref.ID, 10, 63); err == nil && idMark(ref.ID) != textMark {
		binary.BigEndian.PutUint64(id[6:], n)
		return id
	}
	sum := sha256.Sum256([]byte(ref.ID))
	copy(id[6:], sum[:])
	id[6] |= 0x80 // no number begins so
	return id
}

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
