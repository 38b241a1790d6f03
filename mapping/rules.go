package mapping

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/formula"
)

// Rules are the checked rules of one connector with the overlays of one configuration. They do not change and may be
// used by several goroutines.
type Rules struct {
	objects map[string]*object
	names   []string
	version string
}

// Version returns a hash of the effective rules, the model and the mapper: two rule sets with one version map every
// record alike. Comments and formatting do not count.
func (r *Rules) Version() string { return r.version }

// Objects returns the names of the vendor's objects that the rules map, sorted.
func (r *Rules) Objects() []string { return append([]string(nil), r.names...) }

// Kind returns the kind that records of an object become, "" for one without rules.
func (r *Rules) Kind(name string) canonical.Kind {
	if o := r.objects[name]; o != nil {
		return o.kind
	}
	return ""
}

// Paths returns the paths that the rules of an object read, in the order of the fields; tests hold them against what
// a vendor really sends.
func (r *Rules) Paths(name string) []string {
	o := r.objects[name]
	if o == nil {
		return nil
	}
	return append([]string(nil), o.paths...)
}

// Members returns the names at the top of an object's records that the rules read, or those in the member that under leads
// to, sorted, among them the patterns with a star of paths and of `custom` (*__c); nil when they may read any, because an
// expression takes the whole record or a path the whole member, and for an object without rules.
func (r *Rules) Members(name string, under ...string) []string {
	o := r.objects[name]
	if o == nil || slices.ContainsFunc(o.env, func(c chain) bool { return len(c.names) == 0 }) {
		return nil
	}
	x := o.index
	for _, step := range under {
		if slices.ContainsFunc(x.stars, func(s starSlot) bool { _, ok := s.takes(step); return ok }) {
			return nil
		}
		if x = x.children[step]; x == nil {
			return []string{}
		}
		if x.slot >= 0 {
			return nil
		}
	}
	if x.rest && o.bulk.only == nil {
		return nil
	}
	names := slices.AppendSeq([]string{}, maps.Keys(x.children))
	for _, s := range x.stars {
		names = append(names, s.String())
	}
	if x.rest {
		for _, s := range o.bulk.only {
			names = append(names, s.String())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

type object struct {
	name   string
	kind   canonical.Kind
	index  *index
	slots  int
	stars  int // how many paths have a star
	id     *path
	where  []filter
	known  *acquaintance // nil = kept whoever is known
	fields []*field      // ordered by name
	same   []*pick
	past   *pick // nil for what is a record of its own
	bulk   *bulk
	// bulkPath is where bulk takes members.
	bulkPath string
	env      []chain // what expressions read of the record
	paths    []string
}

type filter struct {
	name    string
	formula *formula.Formula
}

// chain is a member of the record that expressions read.
type chain struct {
	names []string // without "record"; empty = the whole record
	slot  int      // -1 for the whole record
}

type field struct {
	name     string
	def      canonical.Def
	values   canonical.Type // of the values: that of def, of a custom attribute that of its tag
	tag      canonical.Tag  // of a custom attribute; "" = what the value looks like
	typed    bool           // a custom attribute that says its tag itself, {"t": tag, "v": value}
	allow    []string       // of a closed Enum
	picks    []*pick
	elements []*element // of a type made of parts, or of a map
}

// element is where the elements of a list of parts, or the entries of a map, come from.
type element struct {
	in    *path     // each value there is one; nil = the record makes one
	skip  []star    // what the star of in does not stand for
	name  *pick     // of an entry of a map
	parts [][]*pick // by place in canonical.Parts
	value *pick     // of a map of single values
}

// bulk takes all members of an object that nothing else takes as custom attributes.
type bulk struct {
	prefix string // custom.hubspot.
	only   []star // nil = all
	except []star
	types  map[string]*field
	typed  bool // members are {"t": tag, "v": value}
}

// pick is where values come from and what is done to each.
type pick struct {
	paths    []*path
	formula  *formula.Formula
	constant string // with isConst
	isConst  bool
	template []piece

	split    string
	ref      *target
	values   map[string]string
	asText   bool
	scale    int // power of ten
	seconds  bool
	options  canonical.Options
	currency *path
	region   *path  // of the country of a number
	element  string // type of an address or a number
	primary  bool
	verified bool
	shared   bool
	status   string // of an address
	bounced  *path  // of an address: when something stands there, mail to it came back
	stage    *stagePaths
}

// target is where a reference points: an object of the record's own connection, or of a peer's.
type target struct {
	connector string // "" = the record's own connection
	object    string
	by        map[string]string // instead of object: the object for ids that begin so
	variable  string            // instead of both: the variable of the connection that says connector:Object
}

// of returns the object that an id is of, "" when it is of none that is named.
func (t *target) of(id string) string {
	if t.by == nil {
		return t.object
	}
	for beginning, object := range t.by {
		if strings.HasPrefix(id, beginning) {
			return object
		}
	}
	return ""
}

// piece is a part of a template: a text, the record's id, a variable or a path.
type piece struct {
	text     string
	id       bool
	variable string
	path     *path
}

type stagePaths struct {
	id, name, order, probability, closed, won, forecast, kind *path
}

func (f *field) isList() bool {
	return f.def.Type.IsList() && f.def.Type != canonical.Stages && !f.composed()
}

// composed reports whether the values are made of parts or of entries.
func (f *field) composed() bool { return f.def.Type.IsMap() || canonical.Parts(f.def.Type) != nil }

func zoneOf(name string) (*time.Location, error) { return time.LoadLocation(name) }
