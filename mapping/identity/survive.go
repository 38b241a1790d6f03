package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// ManualConnection is the name of the pseudo-source whose records are what people of the hub say; no account can be
// called so. Its claims win, but they alone keep no customer alive.
const ManualConnection = canonical.Hub

// Survivorship decides, field by field, whose claim is shown when the records of a customer disagree. It does not change
// and may be used by several goroutines. nil is the built-in one; LoadSurvivorship reads another.
type Survivorship struct {
	sources    []string // connectors or connections, best first; nil = the built-in order of connectors
	fields     []entry  // in the order of the file
	context    Context
	named      []tree.Node // the connectors and connections that the file names
	told       string      // hash of what the file says
	version    string
	tables     map[canonical.Kind]map[string]*plan
	restricted map[canonical.Kind]bool // kinds with a field for which not all sources are heard
}

// Context is what survivorship knows of the hub it works in.
type Context struct {
	Connectors map[string]string // connection → connector
	// Step returns the rank of a source's word for a lifecycle stage, false for a word that is on no ladder; ref is the
	// record's. nil is the ladder of the model with its own words only.
	Step func(ref, stage string) (rank int, ok bool)
	// Steps names what decides in Step, as a version does.
	Steps string
}

// entry is what a file says of one field or of all below a prefix.
type entry struct {
	kind    canonical.Kind // "" = every kind
	name    string         // "name.*", "title"
	setting plan
}

// plan is how one field survives.
type plan struct {
	name    string
	def     canonical.Def
	group   string   // fields of one group are taken whole from one source; "" = the field stands alone
	rules   []Rule   // without Manual, which is always first, and OwnerSource, which follows it
	sources []string // order of sources of this field; nil = the common one
	owner   []string // whose claims win when they say something
	only    []string // nobody else is heard; nil = all are
	blank   bool     // "empty" competes like any other claim
}

// restrictive reports whether the field is one of consent, where no claim is silenced and a person can only restrict.
func (p *plan) restrictive() bool { return len(p.rules) > 0 && p.rules[0] == MostRestrictive }

var builtinSurvivorship = sync.OnceValue(func() *Survivorship { return (&Survivorship{}).compiled() })

func (s *Survivorship) orBuiltin() *Survivorship {
	if s == nil {
		return builtinSurvivorship()
	}
	return s
}

// In returns the same rules for a hub: source_sequence then knows the connector of each connection.
func (s *Survivorship) In(c Context) *Survivorship {
	s = s.orBuiltin()
	next := &Survivorship{sources: s.sources, fields: s.fields, named: s.named, told: s.told,
		context: Context{Connectors: maps.Clone(c.Connectors), Step: c.Step, Steps: c.Steps}}
	return next.compiled()
}

// Version names everything that decides: two with one version make the same golden records. When it changes, the ledger
// looks at every entity again.
func (s *Survivorship) Version() string { return s.orBuiltin().version }

// compiled prepares the plan of every catalogued field.
func (s *Survivorship) compiled() *Survivorship {
	sum := sha256.Sum256(fmt.Appendf(nil, "survivorship 2 %q %q %q", s.told, s.context.Connectors, s.context.Steps)) // maps print sorted
	s.version = hex.EncodeToString(sum[:8])
	s.tables, s.restricted = map[canonical.Kind]map[string]*plan{}, map[canonical.Kind]bool{}
	for _, k := range canonical.Kinds() {
		s.tables[k] = map[string]*plan{}
		for _, d := range canonical.Fields(k) {
			s.tables[k][d.Name] = s.planOf(k, d)
		}
	}
	for _, e := range s.fields {
		if e.setting.only == nil {
			continue
		}
		for _, k := range canonical.Kinds() {
			s.restricted[k] = s.restricted[k] || e.kind == "" || e.kind == k
		}
	}
	return s
}

// plan returns how a field of a kind survives.
func (s *Survivorship) plan(k canonical.Kind, name string) *plan {
	if p := s.tables[k][name]; p != nil {
		return p
	}
	d, err := canonical.Lookup(k, name)
	if err != nil {
		d = canonical.Def{Name: name, Type: canonical.Text}
	}
	return s.planOf(k, d)
}

// planOf lays what the file says over the default.
func (s *Survivorship) planOf(k canonical.Kind, d canonical.Def) *plan {
	p := defaultPlan(k, d)
	p.name, p.def = d.Name, d
	e, exact := s.entry(k, &p)
	if e == nil || p.restrictive() {
		return &p
	}
	set := e.setting
	if set.rules != nil {
		p.rules = set.rules
	}
	p.sources, p.owner, p.only, p.blank = set.sources, set.owner, set.only, set.blank
	if exact && p.group == nameGroup || p.rules[len(p.rules)-1] == Union {
		p.group = ""
	}
	return &p
}

// entry returns what the file says of a field: what names its kind before what does not, what names the field before what
// names a prefix. The place of a deal in its pipeline is one field to the file, whichever part it names.
func (s *Survivorship) entry(k canonical.Kind, p *plan) (best *entry, exact bool) {
	weight := 0
	for i := range s.fields {
		e := &s.fields[i]
		prefix, wild := strings.CutSuffix(e.name, "*")
		whole := e.name == p.name || p.group == placeGroup && slices.Contains(place, e.name)
		w := 0
		switch {
		case e.kind != "" && e.kind != k:
		case whole:
			w = 1000
		case wild && strings.HasPrefix(p.name, prefix):
			w = len(prefix)
		}
		if w > 0 && e.kind != "" {
			w += 10_000
		}
		if w > weight {
			best, weight, exact = e, w, whole
		}
	}
	return best, exact
}

// rank returns the place of a record's source in the order of sources; smaller is better.
func (s *Survivorship) rank(p *plan, ref string) int {
	order := s.sources
	if p.sources != nil {
		order = p.sources
	}
	connection := connectionOf(ref)
	connector := s.context.Connectors[connection]
	if order == nil {
		return builtinRank(connector)
	}
	if i := slices.Index(order, connection); i >= 0 {
		return i
	}
	if i := slices.Index(order, connector); i >= 0 && connector != "" {
		return i
	}
	return len(order)
}

// among reports whether a record's connection or connector is in the list.
func (s *Survivorship) among(list []string, ref string) bool {
	connection := connectionOf(ref)
	connector := s.context.Connectors[connection]
	return slices.Contains(list, connection) || connector != "" && slices.Contains(list, connector)
}

func isManual(ref string) bool { return connectionOf(ref) == ManualConnection }

// Limits reports whether some field of a kind hears only some sources: then even the only record of an entity may not
// have the last word.
func (s *Survivorship) Limits(k canonical.Kind) bool { return s.orBuiltin().restricted[k] }
