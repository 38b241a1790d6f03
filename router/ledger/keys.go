package ledger

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// The buckets. Every key begins with the workspace and a zero byte; parts are separated by zero bytes.
const (
	bMeta   kv.Bucket = "meta"   // record → state, stamps, entity
	bBody   kv.Bucket = "body"   // record → keys, targets, profile, raw JSON
	bEnt    kv.Bucket = "ent"    // entity → members, version, etag
	bAlias  kv.Bucket = "alias"  // former entity id → present one
	bKey    kv.Bucket = "key"    // space, value, record → nothing; also addresses that are no identity keys
	bRev    kv.Bucket = "rev"    // record pointed to, record that points
	bTrail  kv.Bucket = "trail"  // e-mail address, domain or record, time backwards, interaction: what happened to whom
	bDirty  kv.Bucket = "dirty"  // target, entity → mark
	bLink   kv.Bucket = "link"   // target, entity, item key → link and item as last written
	bIntent kv.Bucket = "intent" // target, entity, item key → time of the earliest call in doubt
	bStream kv.Bucket = "stream" // connection, stream → cursors, counters, last failure
	bFeed   kv.Bucket = "feed"   // connection, feed → cursor, last failure
	bGap    kv.Bucket = "gap"    // connection, stream, id → gap
	bRef    kv.Bucket = "ref"    // record → wish to fetch it
	bInbox  kv.Bucket = "inbox"  // id → delivery
	bDead   kv.Bucket = "dead"   // kind, name → dead letter
	bToken  kv.Bucket = "token"  // connection → sealed token; connection, "webhooks" → sealed secrets of its webhooks
	bLearnt kv.Bucket = "learnt" // name → what a governor learnt
	bCount  kv.Bucket = "count"  // name → number
	bState  kv.Bucket = "state"  // name → sequence, progress of background work
	bDecide kv.Bucket = "decide" // record, record → decision of a person, in both directions
	bReview kv.Bucket = "review" // record, record → evidence a person should look at, in both directions
	bLog    kv.Bucket = "log"    // entity, transaction → what changed of it
	bHist   kv.Bucket = "hist"   // record, field, vendor's time → value, of what figures are made of
	bBar    kv.Bucket = "bar"    // keyed hash → suppression: never store this again
	bErased kv.Bucket = "erased" // entity → when it was erased
	bWake   kv.Bucket = "wake"   // target, entity → when it is planned anew; and by that time

	bConsent kv.Bucket = "consent" // address, record → what it ever said of consent; see consent.go
	// keyed hash of an address or a domain nobody has, connection, stream → since when there is something of it
	bStranger kv.Bucket = "stranger"
)

// Buckets lists what an engine must be opened with.
func Buckets() []kv.Bucket {
	return []kv.Bucket{bMeta, bBody, bEnt, bAlias, bKey, bRev, bDirty, bLink, bIntent, bStream, bFeed, bGap, bRef, bInbox,
		bDead, bToken, bLearnt, bCount, bState, bDecide, bReview, bLog, bHist, bBar, bErased, bTrail, bWake, bConsent, bStranger}
}

// Limits that keep a key of two references under kv.MaxKeyBytes.
const (
	maxName = 100      // workspace, connection, object, stream, target
	maxID   = 600      // a vendor's id
	maxItem = 200      // an item's key, connectors.Item.Key
	maxData = 64 << 20 // a record's JSON; the largest body that connectors/rest reads
	maxTerm = 400      // an identity key's value; longer ones are replaced by their hash
	nul     = "\x00"
)

// recKey is the part of a key that names a record: connection, object and the id, preceded by its length when it is a
// decimal number so that numbers lie in numeric order, and what a vendor lists by id is written by neighbouring keys.
type recKey string

// keyOf returns the key of ref, or why it cannot be one.
func keyOf(ref connectors.Ref) (recKey, error) {
	if err := checkName("connection", ref.Connection); err != nil {
		return "", err
	}
	if err := checkName("object", ref.Object); err != nil {
		return "", err
	}
	if ref.ID == "" || len(ref.ID) > maxID || strings.Contains(ref.ID, nul) || !utf8.ValidString(ref.ID) {
		return "", fmt.Errorf("id of a record of %s/%s is empty, longer than %d bytes, holds a zero byte or is not UTF-8",
			ref.Connection, ref.Object, maxID)
	}
	return recKey(ref.Connection + nul + ref.Object + nul + idMark(ref.ID) + ref.ID), nil
}

// CheckRef says why a record of that reference cannot be kept, nil when it can.
func CheckRef(ref connectors.Ref) error {
	_, err := keyOf(ref)
	return err
}

// keyOfText is keyOf of connection/object/id.
func keyOfText(text string) (recKey, error) {
	ref, err := connectors.ParseRef(text)
	if err != nil {
		return "", err
	}
	return keyOf(ref)
}

const textMark = "@"

func idMark(id string) string {
	if len(id) > 32 || len(id) > 1 && id[0] == '0' {
		return textMark
	}
	for i := range len(id) {
		if id[i] < '0' || id[i] > '9' {
			return textMark
		}
	}
	return string(rune(len(id)))
}

// ref returns the reference that k names.
func (k recKey) ref() (connectors.Ref, error) {
	connection, rest, _ := strings.Cut(string(k), nul)
	object, id, found := strings.Cut(rest, nul)
	if !found || len(id) < 2 {
		return connectors.Ref{}, fmt.Errorf("record key %q: %w", string(k), kv.ErrDamaged)
	}
	return connectors.Ref{Connection: connection, Object: object, ID: id[1:]}, nil
}

// String returns connection/object/id.
func (k recKey) String() string {
	ref, err := k.ref()
	if err != nil {
		return "?"
	}
	return ref.String()
}

// object returns the connection and the object of the record.
func (k recKey) object() (connection, object string) {
	connection, rest, _ := strings.Cut(string(k), nul)
	object, _, _ = strings.Cut(rest, nul)
	return connection, object
}

// group returns connection and object, the name of the record's counter.
func (k recKey) group() string {
	connection, object := k.object()
	return connection + "/" + object
}

func checkName(what, name string) error {
	if name == "" || len(name) > maxName || strings.ContainsAny(name, nul+"/") || !utf8.ValidString(name) {
		return fmt.Errorf("%s %q is empty, longer than %d bytes, holds a slash or a zero byte, or is not UTF-8", what, name, maxName)
	}
	return nil
}

// at returns a key of this workspace.
func (l *Ledger) at(parts ...string) []byte {
	size := len(l.ws) + len(parts)
	for _, p := range parts {
		size += len(p)
	}
	b := append(make([]byte, 0, size), l.ws...)
	for i, p := range parts {
		if i > 0 {
			b = append(b, 0)
		}
		b = append(b, p...)
	}
	return b
}

// under returns the prefix of all keys below the parts.
func (l *Ledger) under(parts ...string) []byte {
	if len(parts) == 0 {
		return []byte(l.ws)
	}
	return append(l.at(parts...), 0)
}

// after returns the smallest key greater than key, to go on behind it.
func after(key []byte) []byte { return append(append(make([]byte, 0, len(key)+1), key...), 0) }

func damaged(bucket kv.Bucket, name string, err error) error {
	return fmt.Errorf("read %s row of %s: %w: %w", bucket, name, kv.ErrDamaged, err)
}
