package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Link is what is known of the object that shows one item in a target.
type Link struct {
	Key    string           // of the item
	Link   connectors.Link  // "" when only an intent is known
	Item   *connectors.Item // as last written; nil = unknown
	Hash   uint64           // HashItem(*Item)
	Closed bool             // completed because it was no longer wanted; it may be opened again
	Merged bool             // with Closed: another object shows the customer that this one was merged into
	// Made is when the object was first settled, by which the oldest of several is known. Zero is before everything: it
	// was made for a ledger that was lost, or before ledgers noted it.
	Made time.Time
	// Carries are the keys that the object may carry in the target when it is not known to carry Key: after a merge, until
	// it is written again. NoKey alone says that it gave its key up.
	Carries []string
	// Again says that the object names somebody who was erased since and has to be written again, although it is left to
	// people otherwise (Item.Once). Item is then no more than where it is.
	Again bool
	// Told is what was told on the object in comments; Telling is a digest that was announced and may have been left there.
	// Settle keeps both as they are, whatever it is given.
	Told    work.Told
	Telling *work.Telling
	// Unsay says that what was told may name somebody who was erased since, and is to be taken back. It stays until Unsaid says,
	// in what Settle is given, that it was.
	Unsay, Unsaid bool
	// InDoubt says that a call about the object was announced and never settled (invariant 4): it may have been made
	// or changed without our learning of it. Since is when the first such call was announced, Projects are those that
	// the object may be in; they are also known of an object whose Item is not.
	InDoubt  bool
	Since    time.Time
	Projects []string
	// Recheck, in a settlement of an object that was made after a call had been in doubt, is when to look for it again; zero =
	// never.
	Recheck time.Time
}

// NoKey is in Link.Carries of an object that gave its key up.
const NoKey = "-"

// Foreign reports whether the object may carry another item's key, which it must give up.
func (k *Link) Foreign() bool { return len(k.foreign()) > 0 }

// foreign returns the keys of other items that the object may carry.
func (k *Link) foreign() []string {
	var list []string
	for _, key := range k.Carries {
		if key != NoKey && key != k.Key {
			list = append(list, key)
		}
	}
	return list
}

// Carried returns the key that the object carries in the target, "" for none, and false when it is not known.
func (k *Link) Carried() (string, bool) {
	switch {
	case len(k.Carries) == 0:
		return k.Key, true
	case len(k.Carries) > 1:
		return "", false
	case k.Carries[0] == NoKey:
		return "", true
	}
	return k.Carries[0], true
}

// HashItem returns a hash of everything an item shows. Equal items have equal hashes in every process.
func HashItem(item connectors.Item) (uint64, error) {
	b, err := json.Marshal(item)
	if err != nil {
		return 0, fmt.Errorf("encode item %s: %w", item.Key, err)
	}
	return xxhash.Sum64(b), nil
}

// readLinks returns the links and intents of one entity, ordered by key.
func readLinks(r kv.Reader, l *Ledger, target, entity string) ([]Link, error) {
	var list []Link
	prefix := l.under(target, entity)
	for key, row := range r.Scan(bLink, prefix, nil) {
		k, err := decodeLink(string(key[len(prefix):]), row)
		if err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	for key, row := range r.Scan(bIntent, prefix, nil) {
		name := string(key[len(prefix):])
		since, projects, err := decodeIntent(name, row)
		if err != nil {
			return nil, err
		}
		i := sort.Search(len(list), func(i int) bool { return list[i].Key >= name })
		if i == len(list) || list[i].Key != name {
			list = append(list[:i], append([]Link{{Key: name}}, list[i:]...)...)
		}
		list[i].InDoubt, list[i].Since, list[i].Projects = true, since, union(list[i].Projects, projects)
	}
	return list, r.Err()
}

// union returns a with those of b that it lacks.
func union[T comparable](a, b []T) []T {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

func checkItemKey(key string) error {
	if key == "" || len(key) > maxItem || strings.Contains(key, nul) {
		return fmt.Errorf("key of an item %q is empty, longer than %d bytes or holds a zero byte", key, maxItem)
	}
	return nil
}

// OpenLinks returns how many items of a target are shown and not closed: what the guard of invariant 6 takes its
// share of.
func (l *Ledger) OpenLinks(ctx context.Context, target string) (int64, error) {
	return l.counter(ctx, countLinks+target)
}

// EachLink calls fn for every link of a target, ordered by entity, from snapshots taken in bounded pieces: it sees
// each link that existed all the time, and may or may not see others. fn may take as long as it likes.
func (l *Ledger) EachLink(ctx context.Context, target string, fn func(entity string, k Link) error) error {
	for from := l.under(target); from != nil; {
		piece, next, err := l.linkPiece(ctx, target, from)
		if err != nil {
			return err
		}
		for _, p := range piece {
			if err := fn(p.entity, p.link); err != nil {
				return err
			}
		}
		from = next
	}
	return nil
}

type entityLink struct {
	entity string
	link   Link
}

// linkPiece returns the links of a target from a key on, and the key of the first one left over.
func (l *Ledger) linkPiece(ctx context.Context, target string, from []byte) (piece []entityLink, next []byte, err error) {
	prefix := l.under(target)
	err = l.view(ctx, "read links", func(r kv.Reader) error {
		for key, row := range r.Scan(bLink, prefix, from) {
			if len(piece) == pieceSize {
				next = append([]byte(nil), key...)
				break
			}
			entity, name, _ := strings.Cut(string(key[len(prefix):]), nul)
			k, err := decodeLink(name, row)
			if err != nil {
				return err
			}
			piece = append(piece, entityLink{entity, k})
		}
		return nil
	})
	return piece, next, err
}

// pieceSize is how many rows background work and iterations take at once, so that no transaction or snapshot is long.
const pieceSize = 500
