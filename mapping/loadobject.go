package mapping

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/formula"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// maxFilters bounds the filters of one object.
const maxFilters = 50

// loader turns the tree of the rules into their compiled form and collects every problem on the way.
type loader struct {
	report tree.Report
	rules  *Rules
	object *object // the one being read

	relative bool // paths begin at the element of a list being read
	stars    bool // paths may have a star
}

func (l *loader) objects(top *tree.Node) {
	list := top.Get("objects")
	for _, e := range list.Entries {
		o := &object{name: e.Key, index: newIndex()}
		l.object = o
		l.read(e.Value)
		l.rules.objects[e.Key] = o
		l.rules.names = append(l.rules.names, e.Key)
	}
	slices.Sort(l.rules.names)
}

func (l *loader) read(n *tree.Node) {
	n.Only(&l.report, "an object", "kind", "id", "where", "known", "fields", "same", "past", "custom", "promote")
	l.kind(n)
	if id := n.Get("id"); id != nil && id.IsText(&l.report, "id") {
		l.object.id = l.path(id)
	}
	l.filters(n.Get("where"))
	if known := n.Get("known"); known != nil && known.Kind != tree.Null && known.IsMap(&l.report, "known") {
		l.known(known)
	}
	if fields := n.Get("fields"); fields != nil && l.object.kind != "" && fields.IsMap(&l.report, "fields") {
		for _, e := range fields.Entries {
			l.field(e)
		}
		if len(l.object.fields) > canonical.MaxFields {
			l.report.Addf(fields.Pos, "an object has at most %d fields", canonical.MaxFields)
		}
	}
	if custom := n.Get("custom"); custom != nil && custom.Kind != tree.Null && custom.IsMap(&l.report, "custom") {
		l.bulk(custom)
	}
	if promote := n.Get("promote"); promote != nil && promote.Kind != tree.Null && promote.IsMap(&l.report, "promote") {
		for _, e := range promote.Entries {
			l.promote(e)
		}
	}
	slices.SortFunc(l.object.fields, func(a, b *field) int { return strings.Compare(a.name, b.name) })
	if same := n.Get("same"); same != nil && same.IsList(&l.report, "same") {
		for _, item := range same.Items {
			if p := l.other(item, "same"); p != nil {
				l.object.same = append(l.object.same, p)
			}
		}
	}
	if past := n.Get("past"); past != nil && past.Kind != tree.Null {
		l.object.past = l.other(past, "past")
	}
	l.chains()
}

func (l *loader) kind(n *tree.Node) {
	var kinds []string
	for _, k := range canonical.Kinds() {
		kinds = append(kinds, string(k))
	}
	kind := n.Get("kind")
	if kind == nil {
		l.report.Addf(n.Pos, "the object %s has no kind; use one of %s", l.object.name, strings.Join(kinds, ", "))
		return
	}
	if kind.IsText(&l.report, "kind") && l.report.Known(kind.Pos, "a kind", kind.Text, kinds) {
		l.object.kind = canonical.Kind(kind.Text)
	}
}

// filters reads one unnamed expression, or a map of named ones.
func (l *loader) filters(n *tree.Node) {
	switch {
	case n == nil || n.Kind == tree.Null:
		return
	case n.Kind == tree.Scalar:
		l.filter("where", n)
	case n.IsMap(&l.report, "where"):
		for _, e := range n.Entries {
			if e.Value.Kind == tree.Null { // an overlay that removes a filter that is not there
				continue
			}
			if e.Value.IsText(&l.report, "the filter "+e.Key) {
				l.filter(e.Key, e.Value)
			}
		}
	}
	if len(l.object.where) > maxFilters {
		l.report.Addf(n.Pos, "an object has at most %d filters", maxFilters)
	}
}

func (l *loader) filter(name string, n *tree.Node) {
	if f := l.formula(n, formula.Bool); f != nil {
		l.object.where = append(l.object.where, filter{name: name, formula: f})
	}
}

// names are what expressions of a mapping can read. The record has the vendor's shape, which is not known here.
var names = types.Map{"record": types.Any, "id": types.String, "object": types.String}

func (l *loader) formula(n *tree.Node, want formula.Want) *formula.Formula {
	return l.formulaOf(n, names, want)
}

func (l *loader) formulaOf(n *tree.Node, names types.Map, want formula.Want) *formula.Formula {
	f, err := formula.Compile(n.Text, names, want)
	if err != nil {
		l.report.Addf(n.Inside(err.(*formula.Error).Line, err.(*formula.Error).Column), "%s", err.(*formula.Error).Message)
		return nil
	}
	for _, p := range f.Paths() {
		if p[0] == "record" {
			l.object.env = append(l.object.env, chain{names: p[1:], slot: -1})
			if len(p) > 1 {
				l.object.paths = append(l.object.paths, strings.Join(p[1:], "."))
			}
		}
	}
	return f
}

// chains gives what the expressions read its slots; a chain within another one comes with it.
func (l *loader) chains() {
	var kept []chain
	for _, c := range l.object.env {
		covered := slices.ContainsFunc(l.object.env, func(o chain) bool {
			return len(o.names) < len(c.names) && slices.Equal(o.names, c.names[:len(o.names)])
		}) || slices.ContainsFunc(kept, func(o chain) bool { return slices.Equal(o.names, c.names) })
		if covered {
			continue
		}
		if len(c.names) > 0 {
			c.slot = l.object.index.add(c.names, &l.object.slots)
		}
		kept = append(kept, c)
	}
	l.object.env = kept
}

func (l *loader) path(n *tree.Node) *path {
	p, column, err := parsePath(n.Text)
	if err != nil {
		l.report.Addf(n.Inside(1, column), "%v", err)
		return nil
	}
	if l.relative {
		return l.inside(n, p)
	}
	l.object.paths = append(l.object.paths, p.text)
	if p.star == nil {
		p.slot = l.object.index.add(p.lead, &l.object.slots)
		return &p
	}
	if !l.stars {
		l.report.Addf(n.Pos, "a star stands for many names; only `in` takes it")
	}
	place := l.object.index.way(p.lead)
	p.slot = l.object.stars
	place.stars = append(place.stars, starSlot{*p.star, p.slot})
	l.object.stars++
	return &p
}

// inside makes a path one that begins at the element being read.
func (l *loader) inside(n *tree.Node, p path) *path {
	if p.star != nil {
		l.report.Addf(n.Pos, "a star stands for many names; only `in` takes it")
	}
	steps := make([]step, 0, len(p.lead)+len(p.steps))
	for _, name := range p.lead {
		steps = append(steps, step{name: name})
	}
	p.slot, p.steps = -1, append(steps, p.steps...)
	return &p
}
