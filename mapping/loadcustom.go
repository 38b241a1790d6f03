package mapping

import (
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// older are tags as earlier rules call them.
var older = map[string]canonical.Tag{"long": canonical.TagText, "integer": canonical.TagInt, "time": canonical.TagDatetime, "strings": canonical.TagMultiEnum}

// tag reads the type of a custom attribute.
func (l *loader) tag(f *field, n *tree.Node) {
	if n == nil || !n.IsText(&l.report, "type") {
		return
	}
	tag := canonical.Tag(n.Text)
	if now, ok := older[n.Text]; ok {
		tag = now
	}
	if tag.Type() == "" {
		l.report.Known(n.Pos, "a type of custom fields", n.Text, canonical.Tags())
		return
	}
	f.tag, f.values = tag, tag.Type()
}

// bulk reads `custom: {from: properties, as: hubspot, only: [c_*], except: [hs_*], types: {tier: enum}, typed: true}`.
func (l *loader) bulk(n *tree.Node) {
	n.Only(&l.report, "custom", "from", "as", "only", "except", "types", "typed")
	b := &bulk{types: map[string]*field{}}
	as := n.Get("as")
	if as == nil || as.Kind != tree.Scalar || !plainName(as.Text) {
		l.report.Addf(n.Pos, "custom needs the vendor that names the attributes, {as: hubspot}, in lower-case letters and digits")
		return
	}
	b.prefix = canonical.Custom + as.Text + "."
	place := l.object.index
	if from := n.Get("from"); from != nil && from.IsText(&l.report, "from") {
		p, column, err := parsePath(from.Text)
		if err != nil || len(p.steps) > 0 || p.star != nil {
			l.report.Addf(from.Inside(1, max(column, 1)), "from must be a path of plain names")
			return
		}
		place = place.way(p.lead)
		l.object.bulkPath = from.Text
	}
	place.rest = true
	b.only, b.except = l.patterns(n.Get("only"), "only"), l.patterns(n.Get("except"), "except")
	if typed := n.Get("typed"); typed != nil && typed.IsText(&l.report, "typed") {
		if b.typed = typed.Text == "true"; !b.typed && typed.Text != "false" {
			l.report.Addf(typed.Pos, "typed is true or false")
		}
	}
	l.bulkTypes(b, n.Get("types"))
	l.object.bulk = b
}

// patterns reads names, or patterns of names with one star.
func (l *loader) patterns(n *tree.Node, key string) []star {
	if n == nil {
		return nil
	}
	var list []star
	for _, one := range n.Texts(&l.report, key) {
		before, after, found := strings.Cut(one.Text, "*")
		if !found {
			after = exactly
		}
		list = append(list, star{before, after})
	}
	return list
}

func plainName(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 40
}

func (l *loader) bulkTypes(b *bulk, n *tree.Node) {
	if n == nil || !n.IsMap(&l.report, "types") {
		return
	}
	for _, e := range n.Entries {
		name := b.prefix + e.Key
		f := &field{name: name, def: canonical.Def{Name: name, Type: canonical.Typed}, values: canonical.Text, picks: []*pick{{}}}
		if e.Value.Kind == tree.Scalar {
			l.tag(f, e.Value)
		} else if e.Value.IsMap(&l.report, "the type of "+e.Key) {
			l.tag(f, e.Value.Get("type"))
			e.Value.Only(&l.report, "the type of "+e.Key, append([]string{"type", "split", "values"}, keysOf(f)...)...)
			l.common(e.Value, f.picks[0])
			l.typed(e.Value, f, f.picks[0])
		}
		if f.tag == canonical.TagRef && f.picks[0].ref == nil {
			l.report.Addf(e.Pos, "say which of the vendor's objects %s points to: {type: ref, ref: owners}", e.Key)
			continue
		}
		b.types[e.Key] = f
	}
}

// promote reads `attr.tier: {from: custom.hubspot.tier, type: enum}`: the attribute gets a name that is the same for all
// vendors, and survives like any other field. The custom attribute stays.
func (l *loader) promote(e tree.Entry) {
	if e.Value.Kind == tree.Null { // an overlay's way to remove one
		return
	}
	name, ok := strings.CutPrefix(e.Key, canonical.Attr)
	if !ok || !plainName(name) {
		l.report.Addf(e.Pos, "%q is no name to promote to; write attr.name with lower-case letters, digits, - and _", e.Key)
		return
	}
	if !e.Value.IsMap(&l.report, "the promotion of "+e.Key) {
		return
	}
	e.Value.Only(&l.report, "the promotion of "+e.Key, "from", "type")
	from := e.Value.Get("from")
	if from == nil || !from.IsText(&l.report, "from") {
		l.report.Addf(e.Value.Pos, "say which custom attribute becomes %s: {from: custom.hubspot.tier}", e.Key)
		return
	}
	source := l.sourceOf(from)
	if source == nil {
		return
	}
	f := *source
	f.name = e.Key
	f.def.Name = e.Key
	l.tag(&f, e.Value.Get("type"))
	l.object.fields = append(l.object.fields, &f)
}

// sourceOf finds the rule of a custom attribute, or makes one of what the object takes in bulk.
func (l *loader) sourceOf(from *tree.Node) *field {
	var known []string
	for _, f := range l.object.fields {
		if f.name == from.Text && strings.HasPrefix(f.name, canonical.Custom) {
			return f
		}
		if strings.HasPrefix(f.name, canonical.Custom) {
			known = append(known, f.name)
		}
	}
	b := l.object.bulk
	if b == nil || !strings.HasPrefix(from.Text, b.prefix) || len(from.Text) == len(b.prefix) {
		if len(known) == 0 {
			l.report.Addf(from.Pos, "nothing claims %s; add it under fields, {path: …, type: …}, or take it with custom", from.Text)
		} else {
			l.report.Known(from.Pos, "a custom attribute of "+l.object.name, from.Text, known)
		}
		return nil
	}
	property := strings.TrimPrefix(from.Text, b.prefix)
	f := &field{name: from.Text, def: canonical.Def{Name: from.Text, Type: canonical.Typed}, values: canonical.Text, typed: b.typed, picks: []*pick{{}}}
	if typed := b.types[property]; typed != nil {
		one := *typed.picks[0]
		f.tag, f.values, f.picks = typed.tag, typed.values, []*pick{&one}
	}
	lead := append(l.bulkLead(), property)
	p := &path{text: strings.Join(lead, "."), lead: lead}
	p.slot = l.object.index.add(lead, &l.object.slots)
	f.picks[0].paths = []*path{p}
	l.object.fields = append(l.object.fields, f)
	return f
}

// bulkLead returns the names that lead to what is taken in bulk.
func (l *loader) bulkLead() []string {
	if l.object.bulkPath == "" {
		return nil
	}
	p, _, err := parsePath(l.object.bulkPath)
	if err != nil { // it was checked when it was read
		return nil
	}
	return p.lead
}
