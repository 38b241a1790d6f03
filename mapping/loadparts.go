package mapping

import (
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// composed reads the rule of a field whose values are made of parts or of entries: one element, or each of several.
func (l *loader) composed(f *field, e tree.Entry) *field {
	if !e.Value.IsMap(&l.report, "the field "+e.Key) {
		return nil
	}
	list := e.Value.Get("each")
	if list == nil {
		f.elements = append(f.elements, l.element(f, e.Value))
		return f
	}
	e.Value.Only(&l.report, "a field with each", "each")
	if !list.IsList(&l.report, "each") {
		return nil
	}
	if len(list.Items) > maxEach {
		l.report.Addf(list.Pos, "each has at most %d elements", maxEach)
	}
	for _, item := range list.Items {
		if item.IsMap(&l.report, "an element of each") {
			f.elements = append(f.elements, l.element(f, item))
		}
	}
	return f
}

// element reads where elements come from. Their paths begin at the record, with `in` at what is found there.
func (l *loader) element(f *field, n *tree.Node) *element {
	x := &element{}
	known := []string{"in", "except"}
	if in := n.Get("in"); in != nil && in.IsText(&l.report, "in") {
		l.stars = true
		x.in = l.path(in)
		l.stars, l.relative = false, true
		x.skip = l.patterns(n.Get("except"), "except")
	}
	defer func() { l.relative = false }()
	if f.def.Type.IsMap() {
		known = append(known, "name")
		x.name = l.nameOf(n, x.in)
	}
	if list := canonical.Parts(f.def.Type); list != nil {
		x.parts = make([][]*pick, len(list))
		for i := range list {
			known = append(known, list[i].Name)
			if v := n.Get(list[i].Name); v != nil && v.Kind != tree.Null {
				x.parts[i] = l.part(f, &list[i], v)
			}
		}
		n.Only(&l.report, "an element of "+f.name, known...)
		return x
	}
	x.value = l.valueOf(f, n, x.in)
	return x
}

// nameOf reads the name of an entry: a constant, or what the star of `in` stands for.
func (l *loader) nameOf(n *tree.Node, in *path) *pick {
	name := n.Get("name")
	switch {
	case name != nil && name.IsText(&l.report, "name"):
		return &pick{isConst: true, constant: name.Text}
	case in != nil && in.star != nil:
		return &pick{paths: []*path{{text: keyOfElement, slot: -1}}}
	}
	l.report.Addf(n.Pos, "an entry needs a name, or an `in` with a star")
	return &pick{isConst: true}
}

// valueOf reads the value of an entry: with `in` and nothing else the element itself.
func (l *loader) valueOf(f *field, n *tree.Node, in *path) *pick {
	types := map[canonical.Type]canonical.Type{canonical.Moments: canonical.Time, canonical.Figures: canonical.Decimal, canonical.Texts: canonical.Text}
	f.values = types[f.def.Type]
	rest := *n
	rest.Entries = slices.DeleteFunc(slices.Clone(n.Entries), func(e tree.Entry) bool { return e.Key == "in" || e.Key == "name" || e.Key == "except" })
	if in != nil && rest.Get("path") == nil {
		p := &pick{paths: []*path{{text: wholeElement, slot: -1}}}
		rest.Only(&l.report, "the field "+f.name, append([]string{"values"}, keysOf(f)...)...)
		l.common(&rest, p)
		l.typed(&rest, f, p)
		return p
	}
	return l.pick(&rest, f)
}

// part reads what fills a part. The short form of a part that only describes the others, the type of an address for
// example, is a constant; of every other a path, and of the lines of an address all paths count.
func (l *loader) part(f *field, def *canonical.Part, n *tree.Node) []*pick {
	one := &field{name: f.name + "." + def.Name, def: canonical.Def{Name: def.Name, Type: def.Type, To: def.To}, values: def.Type}
	if def.Type == canonical.Strings && n.Kind == tree.List {
		var list []*pick
		for _, item := range n.Items {
			list = append(list, l.part(f, def, item)...)
		}
		return list
	}
	if n.Kind == tree.Map {
		p := l.pick(n, one)
		l.complete(tree.Entry{Pos: n.Pos, Key: one.name, Value: n}, one, p)
		l.noFormula(n, p)
		return []*pick{p}
	}
	if def.Mark && def.Type == canonical.Enum && n.Kind == tree.Scalar && !l.special(n.Text) {
		return []*pick{{isConst: true, constant: n.Text}}
	}
	p := &pick{paths: l.paths(n)}
	l.complete(tree.Entry{Pos: n.Pos, Key: one.name, Value: n}, one, p)
	return []*pick{p}
}

func (l *loader) special(text string) bool { return text == keyOfElement || text == wholeElement }

// noFormula refuses an expression within an element: it reads the record, not the element.
func (l *loader) noFormula(n *tree.Node, p *pick) {
	if l.relative && p.formula != nil {
		l.report.Addf(n.Pos, "an expression reads the record; within `in` use path, value or template")
	}
}
