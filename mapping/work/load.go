package work

import (
	"crypto/sha256"
	_ "embed" // the default rules
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/formula"
	"github.com/millrace/millrace/mapping/internal/tree"
	"github.com/millrace/millrace/mapping/lifecycle"
)

//go:embed default.yaml
var defaults []byte

// Default returns the rules that Millrace ships: deals, tickets and customers.
func Default() mapping.File {
	return mapping.File{Name: "default work rules", Data: slices.Clone(defaults)}
}

// ruleName keeps keys short and plain: they are stored at the target for ever.
var ruleName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// The bounds of rules.
const (
	maxRules  = 100
	maxFields = 50
)

// wants are the expressions of a rule and the types of their results.
var wants = map[string]formula.Want{
	"when": formula.Bool, "project": formula.Text, "section": formula.Text, "sections": formula.List, "title": formula.Text,
	"assignee": formula.Text, "due": formula.Text, "notes": formula.Text, "complete": formula.Bool, "since": formula.Text,
}

// Load reads rules; a rule of a later file replaces the keys it has of the rule of the same name, and `off: true`
// removes it. The error lists every problem with file, line and column.
func Load(files ...mapping.File) (*Rules, error) { return load(&lifecycle.Settings{}, nil, files) }

func load(life *lifecycle.Settings, categories []category, files []mapping.File) (*Rules, error) {
	l := loader{}
	for _, f := range files {
		n, err := tree.Parse(f.Name, f.Data)
		if err != nil {
			return nil, fmt.Errorf("load work rules: %w", err)
		}
		l.file(n)
	}
	r := &Rules{plans: map[canonical.Kind]*plan{}, life: life, categories: categories, days: l.days}
	h := sha256.New()
	if l.days != (days{}) {
		fmt.Fprintf(h, "(digest %d %s)", l.days.hour, l.days.in())
	}
	for _, n := range l.list {
		if off := n.Get("off"); off != nil && off.Bool(&l.report, "off") {
			continue
		}
		if one := l.rule(n); one != nil {
			r.rules = append(r.rules, l.tasks(one, n.Get("tasks"))...)
		}
		write(h, n)
	}
	if len(l.list) > maxRules {
		l.report.Addf(l.list[maxRules].Pos, "there are more than %d rules", maxRules)
	}
	if err := l.report.Err(); err != nil {
		return nil, fmt.Errorf("load work rules: %w", err)
	}
	r.version = versionOf(hex.EncodeToString(h.Sum(nil))[:16], life)
	r.plan()
	r.sortingPlans()
	return r, nil
}

func write(h interface{ Write([]byte) (int, error) }, n *tree.Node) {
	fmt.Fprintf(h, "(%d %q", n.Kind, n.Text)
	for _, e := range slices.SortedStableFunc(slices.Values(n.Entries), func(a, b tree.Entry) int { return strings.Compare(a.Key, b.Key) }) {
		fmt.Fprintf(h, "%q:", e.Key)
		write(h, e.Value)
	}
	for _, item := range n.Items {
		write(h, item)
	}
	fmt.Fprint(h, ")")
}

type loader struct {
	report tree.Report
	list   []*tree.Node // rules, overlaid
	days   days
}

func (l *loader) file(n *tree.Node) {
	if n.Kind == tree.Null || !n.IsMap(&l.report, "a rule file") {
		return
	}
	n.Only(&l.report, "a rule file", "version", "rules", "digest")
	l.clock(n.Get("digest"))
	if v := n.Get("version"); v != nil && v.Text != "1" {
		l.report.Addf(v.Pos, "the version of the rule format must be 1")
	}
	rules := n.Get("rules")
	if rules == nil || !rules.IsList(&l.report, "rules") {
		return
	}
	for _, item := range rules.Items {
		if item.IsMap(&l.report, "a rule") {
			l.add(item)
		}
	}
}

// add overlays a rule on the one of its name, or appends it.
func (l *loader) add(n *tree.Node) {
	name := n.Get("name")
	if name == nil || name.Kind != tree.Scalar || !ruleName.MatchString(name.Text) {
		l.report.Addf(n.Pos, "a rule needs a name of lower-case letters, digits and hyphens, at most 40; it stays in the project tool for ever")
		return
	}
	i := slices.IndexFunc(l.list, func(o *tree.Node) bool { return o.Get("name").Text == name.Text })
	if i < 0 {
		l.list = append(l.list, n)
		return
	}
	if l.list[i].File == n.File {
		l.report.Addf(name.Pos, "the rule %q is here twice", name.Text)
		return
	}
	l.list[i] = overlay(l.list[i], n, "fields", "tasks")
}

// overlay returns base with the keys of top in place of its own. The maps under the nested keys are overlaid likewise; those
// of tasks as far as what one task says, fields as far as a whole field.
func overlay(base, top *tree.Node, nested ...string) *tree.Node {
	out := *base
	out.Entries = slices.Clone(base.Entries)
	for _, e := range top.Entries {
		i := slices.IndexFunc(out.Entries, func(o tree.Entry) bool { return o.Key == e.Key })
		switch {
		case i < 0:
			out.Entries = append(out.Entries, e)
		case slices.Contains(nested, e.Key) && e.Value.Kind == tree.Map && out.Entries[i].Value.Kind == tree.Map:
			var inside []string
			if e.Key == "tasks" {
				inside = keysOf(e.Value)
			}
			out.Entries[i].Value = overlay(out.Entries[i].Value, e.Value, inside...)
		default:
			out.Entries[i] = e
		}
	}
	return &out
}

func (l *loader) rule(n *tree.Node) *rule {
	keys := append(slices.Sorted(maps.Keys(wants)), "name", "for", "fields", "close", "off", "once", "after", "within", "tasks", "digest")
	n.Only(&l.report, "a rule", keys...)
	r := &rule{name: n.Get("name").Text, parts: map[string]*formula.Formula{}, close: CloseComplete}
	kinds := []string{}
	for k := range relations {
		kinds = append(kinds, string(k))
	}
	slices.Sort(kinds)
	kind := n.Get("for")
	if kind == nil || kind.Kind != tree.Scalar {
		l.report.Addf(n.Pos, "the rule %s does not say what it is for; use one of %s, or list `default` before this file where it changes a built-in rule", r.name, strings.Join(kinds, ", "))
		return nil
	}
	if !l.report.Known(kind.Pos, "something that rules are for", kind.Text, kinds) {
		return nil
	}
	r.kind = canonical.Kind(kind.Text)
	if c := n.Get("close"); c != nil && l.report.Known(c.Pos, "a way to close", c.Text, []string{"complete", "delete", "ignore"}) {
		r.close = Close(c.Text)
	}
	for _, e := range n.Entries {
		if want, ok := wants[e.Key]; ok && e.Value.Kind != tree.Null {
			r.parts[e.Key] = l.formula(r, e.Key, e.Value, want)
		}
	}
	for _, key := range []string{"project", "title"} {
		if given(n.Get(key)) || key == "title" && given(n.Get("tasks")) {
			continue
		}
		l.report.Addf(n.Pos, "the rule %s has no %s", r.name, key)
	}
	r.when, r.since = r.parts["when"], r.parts["since"]
	l.fields(r, n.Get("fields"))
	l.once(r, n)
	l.digest(r, n.Get("digest"))
	r.reads()
	return r
}

// given reports whether a key is there and says something.
func given(n *tree.Node) bool { return n != nil && n.Kind != tree.Null }

func (l *loader) fields(r *rule, n *tree.Node) {
	if n == nil || n.Kind == tree.Null || !n.IsMap(&l.report, "fields") {
		return
	}
	if len(n.Entries) > maxFields {
		l.report.Addf(n.Pos, "a rule has at most %d fields", maxFields)
	}
	for _, e := range n.Entries {
		if e.Value.Kind == tree.Null { // an overlay's way to remove a field
			continue
		}
		if !e.Value.IsMap(&l.report, "the field "+e.Key) {
			continue
		}
		e.Value.Only(&l.report, "the field "+e.Key, "type", "value")
		kind, value := e.Value.Get("type"), e.Value.Get("value")
		if kind == nil || value == nil {
			l.report.Addf(e.Value.Pos, "the field %s needs {type: text, value: …}", e.Key)
			continue
		}
		l.report.Known(kind.Pos, "a type of fields", kind.Text, []string{"text", "number", "count", "enum", "date"})
		f := fieldRule{name: canonical.CleanText(e.Key), kind: connectors.FieldKind(kind.Text)}
		f.value = l.formula(r, "field "+e.Key, value, formula.Scalar)
		r.field = append(r.field, f)
	}
	slices.SortFunc(r.field, func(a, b fieldRule) int { return strings.Compare(a.name, b.name) })
}

func (l *loader) formula(r *rule, key string, n *tree.Node, want formula.Want) *formula.Formula {
	return l.formulaIn(environment(r.kind, true), key+" of the rule "+r.name, n, want)
}

// formulaIn compiles an expression with the names of an environment; what names it in messages.
func (l *loader) formulaIn(env types.Map, what string, n *tree.Node, want formula.Want) *formula.Formula {
	if !n.IsText(&l.report, what) {
		return nil
	}
	f, err := formula.CompileWith(reads, n.Text, env, want, functions...)
	if err != nil {
		e := err.(*formula.Error)
		l.report.Addf(n.Inside(e.Line, e.Column), "%s: %s", what, e.Message)
		return nil
	}
	return f
}
