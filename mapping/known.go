package mapping

import (
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"
	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/formula"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// Known is the condition that somebody has to be known for a record to be kept.
type Known struct {
	// Addresses are e-mail addresses in normal form, each once: a live customer has to hold one of them, or an
	// organization its domain. Nobody holds any of none.
	Addresses []string
}

// mostCorrespondents bounds the addresses of one record; more make a circular, which is kept when any of the first is known.
const mostCorrespondents = 500

// acquaintance is the `known` of an object.
type acquaintance struct {
	addresses []*path
	allow     *formula.Formula // true = kept whoever it is from
	variable  string           // of the connection: what is allowed besides
	list      []string         // addresses and domains that are allowed
}

// knownNames are what the expression of `known` can read.
var knownNames = func() types.Map {
	all := maps.Clone(names)
	all["vars"] = types.Any
	return all
}()

// known reads the condition.
func (l *loader) known(n *tree.Node) {
	n.Only(&l.report, "known", "addresses", "allow", "list")
	a := &acquaintance{}
	switch addresses := n.Get("addresses"); {
	case addresses == nil:
		l.report.Addf(n.Pos, "known needs addresses: the paths of the e-mail addresses of which one has to be known")
	case addresses.Kind == tree.List:
		for _, one := range addresses.Items {
			if one.IsText(&l.report, "addresses") {
				a.addresses = append(a.addresses, l.path(one))
			}
		}
	case addresses.IsText(&l.report, "addresses"):
		a.addresses = append(a.addresses, l.path(addresses))
	}
	if allow := n.Get("allow"); allow != nil && allow.IsText(&l.report, "allow") {
		a.allow = l.formulaOf(allow, knownNames, formula.Bool)
	}
	if list := n.Get("list"); list != nil {
		l.allowed(list, a)
	}
	l.object.known = a
}

// allowed reads `$name`, or addresses and domains.
func (l *loader) allowed(n *tree.Node, a *acquaintance) {
	if n.Kind != tree.List {
		if !n.IsText(&l.report, "list") {
			return
		}
		name, is := strings.CutPrefix(n.Text, "$")
		if !is || !plainName(name) {
			l.report.Addf(n.Pos, "%q is neither a variable of the connection, $allow, nor a list of addresses and domains", n.Text)
		}
		a.variable = name
		return
	}
	for _, one := range n.Items {
		if !one.IsText(&l.report, "list") {
			continue
		}
		clean := allowance(one.Text)
		if clean == "" {
			l.report.Addf(one.Pos, "%q is neither an e-mail address nor a domain", one.Text)
		}
		a.list = append(a.list, clean)
	}
}

// allowance returns the normal form of an address or a host name, "" for neither.
func allowance(text string) string {
	if address, _, err := canonical.CleanEmail(text); err == nil {
		return address
	}
	if host, err := canonical.CleanHost(text); err == nil && strings.Contains(host, ".") {
		return host
	}
	return ""
}

// acquainted returns what has to be known for the record to be kept, nil when it is kept in any case.
func (m *mapping) acquainted() (*Known, error) {
	a := m.object.known
	if a == nil {
		return nil, nil
	}
	if a.allow != nil {
		env := m.environment()
		env["vars"] = m.vars
		allowed, err := a.allow.Run(env)
		if err != nil || allowed == true {
			return nil, err
		}
	}
	k := &Known{}
	for _, p := range a.addresses {
		m.walk(p, func(r gjson.Result) { k.add(r) })
	}
	list := a.list
	for one := range strings.FieldsFuncSeq(m.vars[a.variable], func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		list = append(slices.Clip(list), allowance(one))
	}
	if slices.ContainsFunc(k.Addresses, func(address string) bool { return isAllowed(list, address) }) {
		return nil, nil
	}
	return k, nil
}

// add takes the address, or those of a list.
func (k *Known) add(r gjson.Result) {
	if r.IsArray() {
		r.ForEach(func(_, e gjson.Result) bool { k.add(e); return true })
		return
	}
	address, _, err := canonical.CleanEmail(r.Str)
	if err == nil && len(k.Addresses) < mostCorrespondents && !slices.Contains(k.Addresses, address) {
		k.Addresses = append(k.Addresses, strings.Clone(address))
	}
}

// isAllowed reports whether a list has an address, its domain or a domain above that.
func isAllowed(list []string, address string) bool {
	_, host, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(list, func(one string) bool {
		return one != "" && (one == address || one == host || strings.HasSuffix(host, "."+one))
	})
}
