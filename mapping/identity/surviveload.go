package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// LoadSurvivorship reads rules of survivorship; name is what errors call the file. They are laid over the built-in ones:
//
//	survivorship:
//	  sources: [salesforce, hubspot, zendesk, mailchimp]     # connectors or connections, best first
//	  fields:
//	    title: [last_updated]
//	    name.*: [source_sequence, most_complete]
//	    phones: {rules: [union], only: [hs-main]}             # nobody else is heard
//	    owner: {owner: [sf-prod]}                             # wins when it says something
//	  kinds:
//	    organization:
//	      name: {rules: [source_sequence, longest], sources: [zendesk, hubspot]}
//	      description: {rules: [last_updated], empty: counts} # a newer "empty" of any source wins
//
// What a person says by hand always comes first, so `manual` may be written as the first rule and changes nothing. A
// field that is named with its kind goes before one without; a field before a prefix. The error lists every problem with
// file, line and column and says what to do. Use In to tell the result which connector each connection has.
func LoadSurvivorship(name string, src []byte) (*Survivorship, error) {
	top, err := tree.Parse(name, src)
	if err != nil {
		return nil, fmt.Errorf("load survivorship: %w", err)
	}
	l := survivorLoader{s: &Survivorship{}}
	if top.IsMap(&l.report, "a file of survivorship") {
		top.Only(&l.report, "a file of survivorship", "version", "survivorship")
		if v := top.Get("version"); v != nil && v.Text != "1" {
			l.report.Addf(v.Pos, "the version of the format must be 1")
		}
		if n := top.Get("survivorship"); n == nil {
			l.report.Addf(top.Pos, "there is no survivorship")
		} else if n.IsMap(&l.report, "survivorship") {
			l.section(n)
		}
	}
	if err := l.report.Err(); err != nil {
		return nil, fmt.Errorf("load survivorship: %w", err)
	}
	sum := sha256.Sum256([]byte(l.said.String()))
	l.s.told = hex.EncodeToString(sum[:])
	return l.s.compiled(), nil
}

// Check reports the connectors and connections that the file names and nobody knows: neither the hub, whose connections
// and connectors are given, nor the built-in order. nil when there is none.
func (s *Survivorship) Check(known []string) error {
	known = slices.Clone(known)
	for _, list := range builtinOrder {
		known = append(known, strings.Fields(list)...)
	}
	slices.Sort(known)
	var report tree.Report
	for i := range s.orBuiltin().named {
		n := &s.named[i]
		report.Known(n.Pos, "a connection or a connector", n.Text, slices.Compact(known))
	}
	if err := report.Err(); err != nil {
		return fmt.Errorf("check survivorship: %w", err)
	}
	return nil
}

type survivorLoader struct {
	s      *Survivorship
	report tree.Report
	said   strings.Builder // what the file says, for the version
}

func (l *survivorLoader) section(n *tree.Node) {
	n.Only(&l.report, "survivorship", "sources", "fields", "kinds")
	if list := n.Get("sources"); list != nil {
		l.s.sources = l.names(list, "sources")
	}
	fmt.Fprintf(&l.said, "%q", l.s.sources)
	l.fields("", n.Get("fields"))
	kinds := n.Get("kinds")
	if kinds == nil || !kinds.IsMap(&l.report, "kinds") {
		return
	}
	var known []string
	for _, k := range canonical.Kinds() {
		known = append(known, string(k))
	}
	for _, e := range kinds.Entries {
		if l.report.Known(e.Pos, "a kind", e.Key, known) {
			l.fields(canonical.Kind(e.Key), e.Value)
		}
	}
}

func (l *survivorLoader) fields(k canonical.Kind, n *tree.Node) {
	if n == nil || !n.IsMap(&l.report, "fields") {
		return
	}
	for _, e := range n.Entries {
		defs := l.defs(k, e)
		if defs == nil {
			continue
		}
		f := entry{kind: k, name: e.Key}
		l.setting(&f.setting, e)
		for i := range defs {
			if !l.fits(e, &f.setting, &defs[i]) {
				break
			}
		}
		l.s.fields = append(l.s.fields, f)
		fmt.Fprintf(&l.said, "%q %q %v %q %q %q %v;", k, e.Key, f.setting.rules, f.setting.sources, f.setting.owner, f.setting.only, f.setting.blank)
	}
}

// at is a field and what its kind does without a file.
type fieldDefault struct {
	plan
	kind canonical.Kind
}

// defs lists the fields that a name of the file stands for, or reports that there are none.
func (l *survivorLoader) defs(k canonical.Kind, e tree.Entry) []fieldDefault {
	prefix, wild := strings.CutSuffix(e.Key, "*")
	var found []fieldDefault
	var known []string
	for _, kind := range canonical.Kinds() {
		if k != "" && k != kind {
			continue
		}
		fields := canonical.Fields(kind)
		if d, err := canonical.Lookup(kind, e.Key); err == nil && !slices.ContainsFunc(fields, func(o canonical.Def) bool { return o.Name == d.Name }) {
			fields = append(slices.Clone(fields), d) // a custom attribute
		}
		for _, d := range fields {
			known = append(known, d.Name)
			if d.Name == e.Key || wild && strings.HasPrefix(d.Name, prefix) {
				p := defaultPlan(kind, d)
				p.name, p.def = d.Name, d
				found = append(found, fieldDefault{p, kind})
			}
		}
	}
	if found == nil && !(wild && strings.HasSuffix(prefix, ".")) || wild && prefix == "" {
		what := "a field"
		if k != "" {
			what += " of " + string(k)
		}
		slices.Sort(known)
		l.report.Known(e.Pos, what, e.Key, slices.Compact(known))
		return nil
	}
	if found == nil { // attr.*: nothing is catalogued below it
		found = []fieldDefault{}
	}
	return found
}

// setting reads a list of rules, or the long form.
func (l *survivorLoader) setting(p *plan, e tree.Entry) {
	n := e.Value
	if n.Kind == tree.List || n.Kind == tree.Scalar {
		p.rules = l.rules(n)
		return
	}
	if !n.IsMap(&l.report, "the field "+e.Key) {
		return
	}
	n.Only(&l.report, "the field "+e.Key, "rules", "sources", "owner", "only", "empty")
	if v := n.Get("rules"); v != nil {
		p.rules = l.rules(v)
	}
	for key, to := range map[string]*[]string{"sources": &p.sources, "owner": &p.owner, "only": &p.only} {
		if v := n.Get(key); v != nil {
			*to = l.names(v, key)
		}
	}
	if v := n.Get("empty"); v != nil && v.IsText(&l.report, "empty") && l.report.Known(v.Pos, "a value of empty", v.Text, []string{"counts", "ignored"}) {
		p.blank = v.Text == "counts"
	}
}

func (l *survivorLoader) rules(n *tree.Node) []Rule {
	var known []string
	for _, r := range writable {
		known = append(known, r.String())
	}
	var list []Rule
	texts := n.Texts(&l.report, "rules")
	for i, text := range texts {
		if !l.report.Known(text.Pos, "a rule", text.Text, known) {
			continue
		}
		switch r := ruleOf(text.Text); {
		case r == Manual && i > 0:
			l.report.Addf(text.Pos, "what a person says always comes first; write manual first or leave it out")
		case r == OwnerSource && i > 1:
			l.report.Addf(text.Pos, "the owner of a field goes before all other rules; write owner first, or leave it out")
		case r == Union && i < len(texts)-1:
			l.report.Addf(text.Pos, "union is the last rule: nothing is left to decide after it")
		case slices.Contains(list, r):
			l.report.Addf(text.Pos, "%s is here twice; remove one", text.Text)
		case r != Manual && r != OwnerSource:
			list = append(list, r)
		}
	}
	if len(list) == 0 && l.report.Len() == 0 {
		l.report.Addf(n.Pos, "there is no rule that decides; use last_updated, for example")
	}
	return list
}

func (l *survivorLoader) names(n *tree.Node, what string) []string {
	list := []string{}
	for _, text := range n.Texts(&l.report, what) {
		if text.Text == ManualConnection {
			l.report.Addf(text.Pos, "%s is what people say; it comes first by itself", text.Text)
			continue
		}
		l.s.named = append(l.s.named, *text)
		list = append(list, text.Text)
	}
	if len(list) == 0 && l.report.Len() == 0 {
		l.report.Addf(n.Pos, "%s is empty; remove it, or name connectors or connections", what)
	}
	return list
}

// fits reports what cannot be done with a field.
func (l *survivorLoader) fits(e tree.Entry, p *plan, d *fieldDefault) bool {
	at := e.Pos
	switch {
	case d.restrictive():
		l.report.Addf(at, "%s of %s is consent: the claim that allows least always wins; remove it", d.name, d.kind)
	case slices.Contains(p.rules, Union) && !isUnited(d.def.Type):
		l.report.Addf(at, "%s is no list whose elements can stand side by side; union cannot be its rule", d.name)
	case slices.Contains(p.rules, Verified) && d.def.Type != canonical.Email:
		l.report.Addf(at, "only e-mail addresses are verified; remove the rule from %s", d.name)
	case (slices.Contains(p.rules, Max) || slices.Contains(p.rules, Min)) && !d.measured():
		l.report.Addf(at, "%s has no greatest value; max and min are for numbers, amounts, times and lifecycle.stage", d.name)
	case p.only != nil && p.owner != nil:
		l.report.Addf(at, "give %s either an owner or those that are heard only", d.name)
	default:
		return true
	}
	return false
}

// measured reports whether values of a field have an order.
func (d *fieldDefault) measured() bool {
	switch d.def.Type {
	case canonical.Integer, canonical.Decimal, canonical.Money, canonical.Time, canonical.Date, canonical.Bool:
		return d.group == ""
	}
	return d.name == "lifecycle.stage"
}
