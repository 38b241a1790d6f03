package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
)

// mappings are the compiled rules of every connector that is read; it is the ledger's Mapper.
type mappings struct {
	byConnection map[string]*mapping.Rules
	version      string
}

// loadMappings compiles the connectors' own rules with the configured overlays.
func loadMappings(cfg *config.Config) (*mappings, error) {
	m := &mappings{byConnection: map[string]*mapping.Rules{}}
	var versions []string
	for _, c := range cfg.Connections {
		if c.Connector.Spec.Rules == nil {
			continue
		}
		rules, err := loadRules(c)
		if err != nil {
			return nil, fmt.Errorf("mapping of connection %s: %w", c.Name, err)
		}
		m.byConnection[c.Name] = rules
		versions = append(versions, c.Name+"="+rules.Version())
	}
	m.version = strings.Join(versions, " ")
	return m, nil
}

// Map maps a record by the rules of its connection.
func (m *mappings) Map(rec connectors.Record) (p canonical.Profile, out mapping.Outcome, err error) {
	rules, ok := m.byConnection[rec.Ref.Connection]
	if !ok {
		return p, out, fmt.Errorf("connection %s is not configured", rec.Ref.Connection)
	}
	return rules.Map(rec)
}

// Version names the rules in use, so that the ledger knows which profiles are of older ones.
func (m *mappings) Version() string { return m.version }

// kindOf returns the kind of entity that an object's records become, "" when it is not mapped.
func (m *mappings) kindOf(connection, object string) canonical.Kind {
	if rules := m.byConnection[connection]; rules != nil {
		return rules.Kind(object)
	}
	return ""
}

// loadRules compiles a connector's own rules with the connection's overlays.
func loadRules(c config.Connection) (*mapping.Rules, error) {
	files := []mapping.File{{Name: c.Connector.Spec.Name + "/rules.yaml", Data: c.Connector.Spec.Rules}}
	for _, name := range c.Mappings {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, mapping.File{Name: name, Data: data})
	}
	return mapping.Load(files...)
}

// defaultRules is the name by which a configuration includes the built-in work rules beside its own.
const defaultRules = "default"

// loadWork compiles the configured work rules, the built-in ones when none are.
func loadWork(cfg *config.Config) (*work.Rules, error) {
	if len(cfg.Rules) == 0 {
		return work.Load(work.Default())
	}
	var files []mapping.File
	for _, name := range cfg.Rules {
		if name == defaultRules {
			files = append(files, work.Default())
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, mapping.File{Name: name, Data: data})
	}
	return work.Load(files...)
}
