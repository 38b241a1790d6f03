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
	"github.com/millrace/millrace/router/ledger/kv"
)

// Link is what is known of the object that shows one item in a target.
type Link struct {
	Key    string           // of the item
	Link   connectors.Link  // "" when only an intent is known
	Item   *connectors.Item // as last written; nil = unknown
	Hash   uint64           // HashItem(*Item)
	Closed bool             // completed because it was no longer wanted; it may be opened again
	// InDoubt says that a call about the object was announced and never settled (invariant 4): it may have been made
	// or changed without our learning of it. Since is when the first such call was announced, Projects are those that
	// the object may be in.
	InDoubt  bool
	Since    time.Time
	Projects []string
}

// HashItem returns a hash of everything an item shows. Equal items have equal hashes in every process.
func HashItem(item connectors.Item) (uint64, error) {
	b, err := json.Marshal(item)
	if err != nil {
		return 0, fmt.Errorf("encode item %s: %w", item.Key, err)
	}
	return xxhash.Sum64(b), nil
}

func (k *Link) encode() ([]byte, error) {
	var e enc
	var item []byte
	if k.Item != nil {
		var err error
		if item, err = json.Marshal(k.Item); err != nil {
			return nil, fmt.Errorf("encode item %s: %w", k.Key, err)
		}
		k.Hash = xxhash.Sum64(item)
	}
	closed := byte(0)
	if k.Closed {
		closed = 1
	}
	e.byte(closed)
	e.text(string(k.Link))
	e.fixed(k.Hash)
	e.blob(item)
	return e, nil
}

func decodeLink(key string, row []byte) (Link, error) {
	d := dec{b: row}
	k := Link{Key: key, Closed: d.byte() == 1, Link: connectors.Link(d.text()), Hash: d.fixed()}
	item := d.blob()
	err := d.end()
	if err == nil && len(item) > 0 {
		k.Item = new(connectors.Item)
		err = json.Unmarshal(item, k.Item)
	}
	if err != nil {
		return Link{}, damaged(bLink, key, err)
	}
	return k, nil
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
		list[i].InDoubt, list[i].Since, list[i].Projects = true, since, projects
	}
	return list, r.Err()
}

// Intent announces a call that may create, change or close the object of an item.
type Intent struct {
	Entity  string
	Key     string // of the item
	Project string // of the item: where a crash may leave the object; "" = not known
}

func decodeIntent(name string, row []byte) (since time.Time, projects []string, err error) {
	d := dec{b: row}
	since = d.time()
	for n := d.uint(); n > 0 && d.err == nil; n-- {
		projects = append(projects, d.text())
	}
	if err := d.end(); err != nil {
		return since, nil, damaged(bIntent, name, err)
	}
	return since, projects, nil
}

// intend stores an intent, or adds its project to one that is known, which keeps its earlier time.
func (c *change) intend(target string, in Intent) error {
	if err := checkItemKey(in.Key); err != nil {
		return err
	}
	key := c.l.at(target, in.Entity, in.Key)
	since, projects := c.now, []string(nil)
	row := c.tx.Get(bIntent, key)
	if row != nil {
		var err error
		if since, projects, err = decodeIntent(in.Key, row); err != nil {
			return err
		}
	}
	known := in.Project == "" || slices.Contains(projects, in.Project)
	if known && row != nil {
		return nil
	}
	if !known {
		projects = append(projects, in.Project)
	}
	var e enc
	e.time(since)
	e.uint(uint64(len(projects)))
	for _, p := range projects {
		e.text(p)
	}
	return c.tx.Put(bIntent, key, e)
}

// Intend makes the intents durable. It must return before the call is made, so that after a crash the target is asked
// to look for the item before it creates it again (invariant 4). An intent that is known keeps its earlier time.
func (l *Ledger) Intend(ctx context.Context, target string, intents []Intent) error {
	return l.update(ctx, "announce items", func(c *change) error {
		for _, in := range intents {
			if err := c.intend(target, in); err != nil {
				return err
			}
		}
		return nil
	})
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
