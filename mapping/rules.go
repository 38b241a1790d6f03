package mapping

import (
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

type object struct {
	name   string
	kind   canonical.Kind
	index  *index
	slots  int
	id     *path
	where  []filter
	fields []*field // ordered by name
	same   []*pick
	env    []chain // what expressions read of the record
	paths  []string
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
	name  string
	def   canonical.Def
	allow []string // of a closed Enum
	picks []*pick
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
	element  string // type of an address or a number
	primary  bool
	verified bool
	stage    *stagePaths
}

// target is where a reference points: an object of the record's own connection, or of a peer's.
type target struct {
	connector string // "" = the record's own connection
	object    string
}

// piece is a part of a template: a text, the record's id, a variable or a path.
type piece struct {
	text     string
	id       bool
	variable string
	path     *path
}

type stagePaths struct {
	id, name, order, probability, closed, won *path
}

func (f *field) isList() bool {
	switch f.def.Type {
	case canonical.Email, canonical.Phone, canonical.Domain, canonical.Refs, canonical.Strings:
		return true
	}
	return false
}

func zoneOf(name string) (*time.Location, error) { return time.LoadLocation(name) }
