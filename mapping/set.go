package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

// Connection is how the records of one configured connection are mapped.
type Connection struct {
	Rules *Rules
	Peers map[string]string // connector → the connection that its records' cross-references point into
	// Forms give the ids in those cross-references the form that the peer's records have; by connector, none for most.
	Forms map[string]func(id string) string
	Vars  map[string]string // what templates call {$name}
	// Stages overrides the kinds of pipeline stages, by their ids; see canonical.StageKinds.
	Stages map[string]string
}

// Set maps the records of all connections. It does not change and may be used by several goroutines.
type Set struct {
	connections map[string]Connection
	version     string
}

// NewSet returns the set of connections by their configured names.
func NewSet(connections map[string]Connection) *Set {
	s := &Set{connections: maps.Clone(connections)}
	all := sha256.New()
	fmt.Fprint(all, manualVersion)
	for _, name := range slices.Sorted(maps.Keys(connections)) {
		c := connections[name]
		h := sha256.New()
		fmt.Fprintf(h, "%q %q %q %q", c.Rules.Version(), c.Peers, c.Vars, c.Stages) // maps print sorted
		for _, connector := range slices.Sorted(maps.Keys(c.Forms)) {
			fmt.Fprintf(h, " form of %q", connector)
		}
		fmt.Fprintf(all, "%q %q", name, hex.EncodeToString(h.Sum(nil))[:16])
	}
	s.version = hex.EncodeToString(all.Sum(nil))[:16]
	return s
}

// Version returns a hash of everything that decides how any record is mapped.
func (s *Set) Version() string { return s.version }

// Map maps a record by the rules of its connection; see Rules.Map. Records of the connection canonical.Hub are manual
// edits and need no rules.
func (s *Set) Map(rec connectors.Record) (canonical.Profile, Outcome, error) {
	if rec.Ref.Connection == canonical.Hub {
		return mapManual(rec)
	}
	c, ok := s.connections[rec.Ref.Connection]
	if !ok {
		return canonical.Profile{}, Outcome{}, fmt.Errorf("map %s: there is no connection %s", rec.Ref, rec.Ref.Connection)
	}
	p, out, err := c.Rules.with(rec, &c)
	if err == nil && p.Kind == canonical.Pipeline {
		if err := withStages(&p, c.Stages); err != nil {
			return canonical.Profile{}, Outcome{}, fmt.Errorf("map %s: stages: %w", rec.Ref, err)
		}
	}
	return p, out, err
}
