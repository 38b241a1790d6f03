package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger/kv"
)

// eachMeta calls fn for every record; tests only.
func eachMeta(l *Ledger, engine kv.Engine, fn func(kv.Reader, recKey, *meta)) {
	err := engine.View(context.Background(), func(r kv.Reader) error {
		for key, row := range r.Scan(bMeta, l.under(), nil) {
			m, err := decodeMeta(row)
			if err != nil {
				return err
			}
			fn(r, recKey(key[len(l.ws):]), m)
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
}

// Members lists all records as package identity sees them.
func Members(l *Ledger, engine kv.Engine) []identity.Member {
	var list []identity.Member
	through := map[string]string{} // where records went that are no members themselves
	defer func() {
		for i := range list {
			for n := 0; n < len(list[i].Keys); n++ {
				if into, ok := through[list[i].Keys[n].Value]; ok && list[i].Keys[n].Strong {
					if k := identity.RefKey(into); !slices.Contains(list[i].Keys, k) {
						list[i].Keys = append(slices.Clip(list[i].Keys), k)
					}
				}
			}
		}
	}()
	eachMeta(l, engine, func(r kv.Reader, key recKey, m *meta) {
		if !m.member() {
			if m.into != "" {
				through[key.String()] = m.into.String()
			}
			return
		}
		b, err := readBody(r, l, key)
		if err != nil {
			panic(err)
		}
		p, err := b.decodeProfile(key)
		if err != nil {
			panic(err)
		}
		list = append(list, identity.Member{Ref: key.String(), Kind: m.kind, First: uint64(len(list) + 1), Live: m.live(),
			Keys: effective(m, b), Facts: l.resolver.FactsOf(&p)})
	})
	return list
}

// Memberships lists the records of every entity row, and checks that rows and records agree.
func Memberships(l *Ledger, engine kv.Engine) [][]string {
	at := map[string][]string{}
	eachMeta(l, engine, func(r kv.Reader, key recKey, m *meta) {
		if m.entity.isZero() {
			return
		}
		id := entityID(m.kind, m.entity)
		at[id] = append(at[id], key.String())
		n, err := readEntity(r, l, id)
		if err != nil || n == nil {
			panic(fmt.Sprintf("record %s belongs to entity %s, which is not there (%v)", key, id, err))
		}
	})
	var list [][]string
	for id, refs := range at {
		_ = engine.View(context.Background(), func(r kv.Reader) error {
			n, _ := readEntity(r, l, id)
			if len(n.members) != len(refs) {
				panic(fmt.Sprintf("entity %s lists %v, records say %v", id, n.members, refs))
			}
			s := &Snap{l: l, r: r}
			g, err := s.reading().golden(canonical.KindOfID(id), n.members)
			if err != nil || g.Deleted() != (n.etag == 0) || !g.Deleted() && n.etag != g.Hash()|1 {
				panic(fmt.Sprintf("entity %s has etag %x, its golden record %x (%v)", id, n.etag, g.Hash(), err))
			}
			return nil
		})
		list = append(list, refs)
	}
	return list
}

// Registers describes every record's registers.
func Registers(l *Ledger, engine kv.Engine) []string {
	var list []string
	eachMeta(l, engine, func(_ kv.Reader, key recKey, m *meta) {
		list = append(list, fmt.Sprint("record ", key, m.state, m.deleted, m.into, m.content, m.forgotten, m.kind, m.filter, m.dead))
	})
	return list
}

// SetMostTied changes how many records may hang together.
func SetMostTied(l *Ledger, most int) { l.tied = most }

// EntityRows describes every entity without its times and numbers.
func EntityRows(l *Ledger, engine kv.Engine) []string {
	var list []string
	_ = engine.View(context.Background(), func(r kv.Reader) error {
		for at, row := range r.Scan(bEnt, l.under(), nil) {
			n, err := decodeEntity(string(at), row)
			if err != nil {
				panic(err)
			}
			list = append(list, fmt.Sprintf("entity %s %q %016x", at[len(l.ws):], n.members, n.etag))
		}
		return nil
	})
	return list
}

// ReviewRows describes every pair that waits for a person, in both directions, and the marks of tangles.
func ReviewRows(l *Ledger, engine kv.Engine) []string {
	var list []string
	_ = engine.View(context.Background(), func(r kv.Reader) error {
		for at, row := range r.Scan(bReview, l.under(), nil) {
			name := string(at[len(l.ws):])
			a, b, ok := cutPair(name)
			if !ok {
				list = append(list, "tangled "+recKey(strings.TrimSuffix(name, nul)).String())
				continue
			}
			v, err := decodeReview(name, row)
			if err != nil {
				panic(err)
			}
			list = append(list, fmt.Sprintf("%s %s %s %.3f %s", a, b, v.Rule, v.Probability, v.Refused))
		}
		return nil
	})
	return list
}

// DecisionRows lists all decisions, each once.
func DecisionRows(l *Ledger, engine kv.Engine) []identity.Decision {
	var list []identity.Decision
	_ = engine.View(context.Background(), func(r kv.Reader) error {
		for _, row := range r.Scan(bDecide, l.under(), nil) {
			var d Decision
			if err := json.Unmarshal(row, &d); err != nil {
				panic(err)
			}
			if one := (identity.Decision{A: d.A, B: d.B, Same: d.Same}); !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
		return nil
	})
	return list
}

// Downgrade takes away what the version before trails did not write, and makes every record look mapped by it.
func Downgrade(l *Ledger, engine kv.Engine) {
	err := engine.Update(context.Background(), func(tx kv.Tx) error {
		for _, prefix := range []struct {
			bucket kv.Bucket
			prefix []byte
		}{{bTrail, l.under()}, {bKey, l.under(mailSpace)}} {
			for key := range tx.Scan(prefix.bucket, prefix.prefix, nil) {
				if err := tx.Delete(prefix.bucket, slices.Clone(key)); err != nil {
					return err
				}
			}
		}
		for at := range tx.Scan(bMeta, l.under(), nil) {
			key := recKey(at[len(l.ws):])
			m, err := readMeta(tx, l, key)
			if err != nil {
				return err
			}
			b, err := readBody(tx, l, key)
			if err != nil || b == nil {
				return err
			}
			m.mapping++
			b.laid, b.mail, b.when = false, nil, time.Time{}
			if err := tx.Put(bMeta, slices.Clone(at), m.encode(nil)); err != nil {
				return err
			}
			if err := tx.Put(bBody, slices.Clone(at), b.encode(nil)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
}
