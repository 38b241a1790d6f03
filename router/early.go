package router

import (
	"slices"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// During the first pass over the vendors' records, some of what an item shows has not arrived. Such an item waits for
// the streams it needs, because showing it now means writing it twice. Nothing waits longer than the first pass, nor
// for a stream or a connection that cannot make it: one that is refused, fails for long, or has to wait for long (a day's quota).

// gathers returns for every kind the kinds whose entities it shows although they refer to it: the deals of an
// organization.
func gathers(rules *work.Rules) map[canonical.Kind][]canonical.Kind {
	by := map[canonical.Kind][]canonical.Kind{}
	for _, k := range canonical.Kinds() {
		for _, shown := range rules.Watches(k).Referenced {
			by[shown] = append(by[shown], k)
		}
	}
	return by
}

// gathering reports whether a stream that brings what entities of the kind gather is in its first pass.
func (r *Router) gathering(kind canonical.Kind) bool {
	kinds := r.gathers[kind]
	if len(kinds) == 0 || r.o.KindOf == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.sources {
		if !r.listed[name] && !r.barred[name] {
			return true
		}
	}
	for _, s := range r.streams {
		if !s.sweep && !s.passed.Load() && slices.Contains(kinds, r.o.KindOf(s.source.Name, s.def.Object)) {
			return true
		}
	}
	return false
}

// gathers reports whether an entity waits for the first pass over what it gathers. What is shown and was told of just now does
// not: a first pass may take hours, and one more write costs little.
func (d *deliverer) gathers(snap *ledger.Snap, id string, l lane) (bool, error) {
	if !d.r.gathering(canonical.KindOfID(id)) {
		return false, nil
	}
	if l == found {
		return true, nil
	}
	links, err := snap.Links(d.target.Name, id)
	return !slices.ContainsFunc(links, func(k ledger.Link) bool { return k.Link != "" && !k.Closed }), err
}

// tooEarly reports whether an entity refers to records that a stream in its first pass has not delivered yet.
func (r *Router) tooEarly(unresolved []string) bool {
	for _, text := range unresolved {
		ref, err := connectors.ParseRef(text)
		if err == nil && r.firstPass(ref.Connection, ref.Object) {
			return true
		}
	}
	return false
}

// firstPass reports whether a stream that delivers an object has not yet been read to its end once. There may be several:
// one of the rows, another of what belongs to them.
func (r *Router) firstPass(connection, object string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	delivered := false
	for _, s := range r.streams {
		if s.sweep || s.source.Name != connection || s.def.Object != object {
			continue
		}
		if delivered = true; !s.passed.Load() {
			return true
		}
	}
	if delivered {
		return false
	}
	_, known := r.sources[connection]
	return known && !r.listed[connection] && !r.barred[connection]
}
