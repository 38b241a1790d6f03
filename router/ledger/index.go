package ledger

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger/kv"
)

// term is the part of a key row that names an identity key. A long or binary value is replaced by its hash; a strong
// key of the same space is another term.
func term(k *identity.Key) string {
	space := k.Space
	if k.Strong {
		space += "!"
	}
	if len(k.Value) > maxTerm || strings.Contains(k.Value, nul) {
		return fmt.Sprintf("%s%s#%016x%04x", space, nul, xxhash.Sum64String(k.Value), len(k.Value)&0xffff)
	}
	return space + nul + k.Value
}

// effective returns the keys of a record: those of its profile and, when the vendor merged it away, the must-link to
// the survivor. Of what is no member of anything only that must-link is left: a record whose content was never read
// still links those that were merged into it with the one it was merged into.
func effective(m *meta, b *body) []identity.Key {
	if m == nil {
		return nil
	}
	var keys []identity.Key
	if m.member() && b != nil {
		keys = b.keys
	}
	if m.into == "" {
		return keys
	}
	return append(slices.Clip(keys), identity.RefKey(m.into.String()))
}

// refFields are the fields of each kind that hold references.
var refFields = func() map[canonical.Kind][]string {
	names := map[canonical.Kind][]string{}
	for _, kind := range canonical.Kinds() {
		for _, def := range canonical.Fields(kind) {
			if def.Type == canonical.Ref || def.Type == canonical.Refs {
				names[kind] = append(names[kind], def.Name)
			}
		}
	}
	return names
}()

// targetsOf lists the records that a profile refers to, ascending, each once.
func targetsOf(p *canonical.Profile, self recKey) []recKey {
	var list []recKey
	for _, name := range refFields[p.Kind] {
		for ref := range refsIn(p.Get(name)) {
			if key, err := keyOfText(ref); err == nil && key != self {
				list = append(list, key)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// rows collects changes of one bucket and writes them in ascending order.
type rows map[string]bool // key → put (true) or delete

func (o rows) write(tx kv.Tx, bucket kv.Bucket) error {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		var err error
		if o[key] {
			err = tx.Put(bucket, []byte(key), nil)
		} else {
			err = tx.Delete(bucket, []byte(key))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// diff adds what takes was to now, both lists of row keys, and reports whether that is anything.
func (o rows) diff(was, now []string) bool {
	sort.Strings(was)
	sort.Strings(now)
	any := false
	for _, k := range was {
		if _, same := slices.BinarySearch(now, k); !same {
			o[k], any = false, true
		}
	}
	for _, k := range now {
		if _, same := slices.BinarySearch(was, k); !same {
			o[k], any = true, true
		}
	}
	return any
}

// index brings the key and reference rows and the trails of all touched records up to date. It returns by how much the
// number of holders of each term changed.
func (c *change) index() (map[string]int, error) {
	c.held = nil // what was asked while records were taken
	keys, refs, trails, moved := rows{}, rows{}, rows{}, map[string]int{}
	for key, was := range c.touched {
		now := c.metas[key].meta
		slot := c.bodies[key]
		if slot.was == slot.now && was.into == now.into && was.kind == now.kind && was.live() == now.live() {
			continue
		}
		if err := c.meet(was, now, slot); err != nil {
			return nil, err
		}
		before, after := terms(effective(was, slot.was)), terms(effective(now, slot.now))
		for _, t := range before {
			moved[t]--
		}
		for _, t := range after {
			moved[t]++
		}
		keys.diff(c.keyRows(before, key), c.keyRows(after, key))
		c.retrail(key, keys.diff(c.mailRows(was, slot.was, key), c.mailRows(now, slot.now, key)))
		c.retrail(key, trails.diff(c.trailRows(was, slot.was, key), c.trailRows(now, slot.now, key)))
		refs.diff(c.refRows(was, slot.was, key), c.refRows(now, slot.now, key))
	}
	if err := keys.write(c.tx, bKey); err != nil {
		return nil, err
	}
	if err := trails.write(c.tx, bTrail); err != nil {
		return nil, err
	}
	return moved, refs.write(c.tx, bRev)
}

func terms(keys []identity.Key) []string {
	list := make([]string, len(keys))
	for i := range keys {
		list[i] = term(&keys[i])
	}
	return list
}

func (c *change) keyRows(terms []string, key recKey) []string {
	list := make([]string, len(terms))
	for i, t := range terms {
		list[i] = c.l.ws + t + nul + string(key)
	}
	return list
}

// refRows names what a record points to: what its profile refers to, and where it was merged into.
func (c *change) refRows(m *meta, b *body, key recKey) []string {
	var list []string
	if b != nil {
		list = make([]string, len(b.targets), len(b.targets)+1)
		for i, t := range b.targets {
			list[i] = c.l.ws + string(t) + nul + string(key)
		}
	}
	if m.into != "" && (b == nil || !slices.Contains(b.targets, m.into)) {
		list = append(list, c.l.ws+string(m.into)+nul+string(key))
	}
	return list
}

// below yields the records named after a prefix in an index bucket, in order.
func below(r kv.Reader, bucket kv.Bucket, prefix []byte) iter.Seq[recKey] {
	return func(yield func(recKey) bool) {
		for key := range r.Scan(bucket, prefix, nil) {
			if !yield(recKey(key[len(prefix):])) {
				return
			}
		}
	}
}

// refsIn yields the references in the value of a Ref or Refs field.
func refsIn(value []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		result := gjson.ParseBytes(value)
		if result.IsArray() {
			result.ForEach(func(_, e gjson.Result) bool { return yield(e.Str) })
		} else if result.Str != "" {
			yield(result.Str)
		}
	}
}
