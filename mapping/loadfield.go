package mapping

import (
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/formula"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// maxEach bounds the sources of one field.
const maxEach = 50

func (l *loader) field(e tree.Entry) {
	def, err := canonical.Lookup(l.object.kind, e.Key)
	if now := canonical.Moved(e.Key); now != "" {
		l.report.Addf(e.Pos, "%s is now a part of a list: write %s", e.Key, now)
		return
	}
	if err != nil || strings.HasPrefix(e.Key, canonical.Attr) {
		l.report.Known(e.Pos, "a field of "+string(l.object.kind)+" (or custom.…)", e.Key, canonical.Names(l.object.kind))
		return
	}
	if f := l.newField(e, def); f != nil {
		l.object.fields = append(l.object.fields, f)
	}
}

// newField reads the rule of a field, nil for one that an overlay has removed.
func (l *loader) newField(e tree.Entry, def canonical.Def) *field {
	f := &field{name: e.Key, def: def, values: def.Type, allow: canonical.Choices(l.object.kind, e.Key)}
	if def.Type == canonical.Typed {
		f.values = canonical.Text
		if e.Value.Kind == tree.Map {
			l.tag(f, e.Value.Get("type"))
		}
	}
	switch {
	case e.Value.Kind == tree.Null: // removed by an overlay
		return nil
	case f.composed():
		return l.composed(f, e)
	case e.Value.Kind == tree.Scalar:
		f.picks = []*pick{{paths: []*path{l.path(e.Value)}}}
	case !e.Value.IsMap(&l.report, "the field "+e.Key):
		return nil
	case e.Value.Get("each") != nil:
		l.each(f, e.Value)
	default:
		f.picks = []*pick{l.pick(e.Value, f)}
	}
	for _, p := range f.picks {
		l.complete(e, f, p)
	}
	return f
}

func (l *loader) each(f *field, n *tree.Node) {
	n.Only(&l.report, "a field with each", "each", "type")
	list := n.Get("each")
	if !f.isList() {
		l.report.Addf(list.Pos, "%s is a single value; each is for lists", f.name)
	}
	if !list.IsList(&l.report, "each") {
		return
	}
	if len(list.Items) > maxEach {
		l.report.Addf(list.Pos, "each has at most %d elements", maxEach)
	}
	for _, item := range list.Items {
		if item.Kind == tree.Scalar {
			f.picks = append(f.picks, &pick{paths: []*path{l.path(item)}})
		} else if item.IsMap(&l.report, "an element of each") {
			f.picks = append(f.picks, l.pick(item, f))
		}
	}
}

// complete checks what a pick needs because of its field's type.
func (l *loader) complete(e tree.Entry, f *field, p *pick) {
	isRef := f.values == canonical.Ref || f.values == canonical.Refs
	switch {
	case isRef && p.ref == nil:
		l.report.Addf(e.Pos, "%s is a reference: say which of the vendor's objects it points to, {path: …, ref: owners}", f.name)
	case !isRef && p.ref != nil:
		l.report.Addf(e.Pos, "%s is no reference; remove ref", f.name)
	case f.def.Type == canonical.Stages && p.stage == nil:
		l.report.Addf(e.Pos, "%s needs {path: …, stage: {id: …, name: …}}", f.name)
	}
}

// other reads what names other records: an element of same, or past.
func (l *loader) other(n *tree.Node, name string) *pick {
	what := "past"
	if name == "same" {
		what = "an element of same"
	}
	if !n.IsMap(&l.report, what) {
		return nil
	}
	p := l.pick(n, &field{name: name, def: canonical.Def{Type: canonical.Refs}, values: canonical.Refs})
	if p.ref == nil {
		l.report.Addf(n.Pos, "say which object the id is of: {path: …, ref: contacts}")
	}
	return p
}

// pick reads one long form.
func (l *loader) pick(n *tree.Node, f *field) *pick {
	p := &pick{}
	keys := []string{"path", "expr", "value", "template", "split", "values", "as"}
	n.Only(&l.report, "the field "+f.name, append(keys, keysOf(f)...)...)
	l.origin(n, p)
	l.common(n, p)
	l.typed(n, f, p)
	return p
}

// keysOf lists the keys that only make sense for some types.
func keysOf(f *field) []string {
	var keys []string
	switch f.values {
	case canonical.Ref, canonical.Refs:
		keys = []string{"ref"}
	case canonical.Money:
		keys = []string{"currency", "scale"}
	case canonical.Integer, canonical.Decimal:
		keys = []string{"scale"}
	case canonical.Time:
		keys = []string{"unit", "zone"}
	case canonical.Date, canonical.Birthday:
		keys = []string{"unit", "zone", "calendar"}
	case canonical.Email:
		keys = []string{"type", "primary", "verified", "shared", "status", "bounced"}
	case canonical.Phone:
		keys = []string{"type", "region", "primary", "shared"}
	case canonical.Stages:
		keys = []string{"stage", "scale"}
	}
	if strings.HasPrefix(f.name, canonical.Custom) {
		keys = append(keys, "type")
	}
	return keys
}

// origin reads where values come from: exactly one of path, expr, value and template.
func (l *loader) origin(n *tree.Node, p *pick) {
	given := 0
	for _, key := range []string{"path", "expr", "value", "template"} {
		v := n.Get(key)
		if v == nil {
			continue
		}
		given++
		switch {
		case key == "path":
			p.paths = l.paths(v)
		case !v.IsText(&l.report, key):
		case key == "expr":
			p.formula = l.formula(v, formula.Any)
		case key == "value":
			p.isConst, p.constant = true, v.Text
		default:
			p.template = l.template(v)
		}
	}
	if given != 1 {
		l.report.Addf(n.Pos, "give exactly one of path, expr, value and template")
	}
}

// paths reads one path or several, of which the first that leads somewhere counts.
func (l *loader) paths(n *tree.Node) []*path {
	var list []*path
	for _, text := range n.Texts(&l.report, "path") {
		if one := l.path(text); one != nil {
			list = append(list, one)
		}
	}
	return list
}

// template reads a text with places in braces.
func (l *loader) template(n *tree.Node) []piece {
	var pieces []piece
	rest := n.Text
	for rest != "" {
		before, after, found := strings.Cut(rest, "{")
		if before != "" {
			pieces = append(pieces, piece{text: before})
		}
		if !found {
			break
		}
		inside, tail, closed := strings.Cut(after, "}")
		switch {
		case !closed || inside == "":
			l.report.Addf(n.Inside(1, 1), "the template has a { without a path and a } after it")
			return nil
		case inside == "id":
			pieces = append(pieces, piece{id: true})
		case inside[0] == '$':
			pieces = append(pieces, piece{variable: inside[1:]})
		default:
			p, _, err := parsePath(inside)
			if err != nil {
				l.report.Addf(n.Inside(1, 1), "%v", err)
				return nil
			}
			p.slot = l.object.index.add(p.lead, &l.object.slots)
			l.object.paths = append(l.object.paths, p.text)
			pieces = append(pieces, piece{path: &p})
		}
		rest = tail
	}
	return pieces
}
