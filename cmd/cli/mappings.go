package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
)

// mappings are the compiled rules of every connection that is read; they are the ledger's Mapper.
type mappings struct {
	*mapping.Set
	rules map[string]*mapping.Rules // by connection
}

// loadMappings compiles the connectors' own rules with the configured overlays.
func loadMappings(cfg *config.Config) (*mappings, error) {
	m := &mappings{rules: map[string]*mapping.Rules{}}
	life, err := loadLifecycle(cfg)
	if err != nil {
		return nil, err
	}
	set := map[string]mapping.Connection{}
	for _, c := range cfg.Connections {
		if c.Connector.Spec.Rules == nil {
			continue
		}
		rules, err := loadRules(c)
		if err == nil {
			err = unmapped(c, rules)
		}
		if err != nil {
			return nil, fmt.Errorf("mapping of connection %s: %w", c.Name, err)
		}
		m.rules[c.Name] = rules
		set[c.Name] = mapping.Connection{Rules: rules, Peers: peers(cfg, c.Name), Forms: forms(cfg), Vars: vars(c), Stages: life.StageKinds[c.Name]}
	}
	m.Set = mapping.NewSet(set)
	return m, nil
}

// unmapped refuses a stream of the configuration's own, a custom object, that has no rules: each of its records would be
// a dead letter. The connector's own streams are its own affair, and some bring the records of another.
func unmapped(c config.Connection, rules *mapping.Rules) error {
	own := c.Connector.Spec.Streams
	for _, name := range c.Streams {
		known := len(own) == 0 || slices.ContainsFunc(own, func(d connectors.StreamDoc) bool { return d.Name == name })
		if !known && rules.Kind(name) == "" {
			return fmt.Errorf("there are no rules for %s; add it under `objects` in a file of `mappings`", name)
		}
	}
	return nil
}

// members returns what a connector may ask about its mapping: which names of an object's records the rules read; nil for a
// connection that is not mapped.
func (m *mappings) members(connection string) func(object string, under ...string) []string {
	rules := m.rules[connection]
	if rules == nil {
		return nil
	}
	return rules.Members
}

// vars returns what a connection tells its mapping: where it is, and the settings that its connector's rules read.
func vars(c config.Connection) map[string]string {
	all := map[string]string{}
	for _, set := range c.Connector.Spec.Settings {
		value := c.Values.String(set.Name)
		if set.Kind == connectors.ListSetting {
			value = strings.Join(c.Values.List(set.Name), ",")
		}
		if set.Mapped && value != "" {
			all[set.Name] = value
		}
	}
	if c.Region != "" {
		all["region"] = c.Region
	}
	return all
}

// peers returns the connection of every other connector that a connection's cross-references point into: the only
// one there is. With two accounts of one vendor nobody can know which is meant, so the references say nothing.
func peers(cfg *config.Config, name string) map[string]string {
	count, peer := map[string]int{}, map[string]string{}
	for _, c := range cfg.Connections {
		if c.Name != name {
			count[c.Connector.Spec.Name]++
			peer[c.Connector.Spec.Name] = c.Name
		}
	}
	for connector, n := range count {
		if n > 1 {
			delete(peer, connector)
		}
	}
	return peer
}

// forms returns the forms of the ids of those connectors whose ids are written in more than one.
func forms(cfg *config.Config) map[string]func(string) string {
	all := map[string]func(string) string{}
	for _, c := range cfg.Connections {
		if form := c.Connector.Spec.ID; form != nil {
			all[c.Connector.Spec.Name] = form
		}
	}
	return all
}

// kindOf returns the kind of entity that an object's records become, "" when it is not mapped.
func (m *mappings) kindOf(connection, object string) canonical.Kind {
	if rules := m.rules[connection]; rules != nil {
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

// loadWork compiles the configured work rules, the built-in ones when none are, with the team's own decisions about the
// lifecycle. notes are sentences about what was guessed of these.
func loadWork(cfg *config.Config) (rules *work.Rules, notes []string, err error) {
	life, err := readLifecycle(cfg)
	if err != nil {
		return nil, nil, err
	}
	if len(cfg.Rules) == 0 {
		return work.LoadWith(life, work.Default())
	}
	var files []mapping.File
	for _, name := range cfg.Rules {
		if name == defaultRules {
			files = append(files, work.Default())
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, mapping.File{Name: name, Data: data})
	}
	return work.LoadWith(life, files...)
}
