package work

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// world is a Graph of entities that were put into it.
type world struct {
	byRef map[string]*Entity
	list  []*Entity
	reads map[string]int
	past  map[string][]Stay // by entity
	now   time.Time
}

func newWorld() *world {
	return &world{byRef: map[string]*Entity{}, reads: map[string]int{}, past: map[string][]Stay{}, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
}

func (w *world) put(t testing.TB, ref string, kind canonical.Kind, claims map[string]any) *Entity {
	t.Helper()
	p := &canonical.Profile{Kind: kind}
	for name, value := range claims {
		def, err := canonical.Lookup(kind, name)
		if err != nil {
			t.Fatal(err)
		}
		normal, err := canonical.Normalize(def.Type, value)
		if err != nil {
			t.Fatal(name, err)
		}
		p.Fields = append(p.Fields, canonical.Field{Name: name, Value: normal})
	}
	slices.SortFunc(p.Fields, func(a, b canonical.Field) int { return strings.Compare(a.Name, b.Name) })
	sources := []identity.Source{{Ref: ref, Version: time.Unix(1, 0), Live: true, Profile: p}}
	e := &Entity{ID: kind.Prefix() + ref[strings.LastIndexByte(ref, '/')+1:], Kind: kind, Golden: identity.Merge(kind, sources, nil), Refs: []string{ref}}
	w.byRef[ref] = e
	w.list = append(w.list, e)
	return e
}

func (w *world) Entity(id string) (*Entity, error) {
	for _, e := range w.list {
		if e.ID == id {
			return e, nil
		}
	}
	return nil, nil
}

func (w *world) Resolve(ref string) (*Entity, error) {
	w.reads[ref]++
	return w.byRef[ref], nil
}

func (w *world) Referrers(e *Entity, kind canonical.Kind) ([]*Entity, error) {
	w.reads["referrers "+string(kind)]++
	var list []*Entity
	for _, o := range w.list {
		for _, f := range o.Golden.Fields {
			if o.Kind == kind && slices.ContainsFunc(e.Refs, func(ref string) bool { return strings.Contains(string(f.Value), `"`+ref+`"`) }) {
				list = append(list, o)
				break
			}
		}
	}
	return list, nil
}

func (w *world) Select(e *Entity, kind canonical.Kind, keep func(*Entity) bool) ([]*Entity, error) {
	list, err := w.Referrers(e, kind)
	return slices.DeleteFunc(list, func(e *Entity) bool { return !keep(e) }), err
}

// Recent knows references only; who holds an address is the ledger's to know.
func (w *world) Recent(e *Entity, most int, keep func(*Entity) bool) ([]*Entity, error) {
	w.reads["recent"]++
	all, _ := w.Referrers(e, canonical.Interaction)
	if e.Kind == canonical.Organization {
		people, _ := w.Referrers(e, canonical.Person)
		for _, p := range people {
			theirs, _ := w.Referrers(p, canonical.Interaction)
			all = append(all, theirs...)
		}
	}
	slices.SortFunc(all, func(a, b *Entity) int { return byTime(b, a) })
	all = slices.CompactFunc(all, func(a, b *Entity) bool { return markOf(a).Hash == markOf(b).Hash })
	var list []*Entity
	for _, one := range all {
		if len(list) == most {
			break
		}
		if keep(one) {
			list = append(list, one)
		}
	}
	return list, nil
}

func (w *world) History(id string) ([]Stay, error) {
	w.reads["history"]++
	var list []Stay
	e, err := w.Entity(id)
	if e == nil || err != nil {
		return nil, err
	}
	for _, ref := range e.Refs {
		for _, field := range []string{"lifecycle.stage", "lead.status"} {
			if value := e.Golden.Get(field); value != nil {
				list = append(list, Stay{Ref: ref, Field: field, Value: text(value), From: e.Golden.Sources[0].Version})
			}
		}
	}
	gjson.ParseBytes(e.Golden.Get("lifecycle.entered")).ForEach(func(stage, at gjson.Result) bool {
		list = append(list, Stay{Ref: e.Refs[0], Field: "lifecycle.stage", Value: stage.String(), From: at.Time()})
		return true
	})
	return append(list, w.past[id]...), nil
}

func (w *world) Now() time.Time { return w.now }
