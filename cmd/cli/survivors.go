package cli

import (
	"os"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/mapping/identity"
)

// loadSurvivors returns the rules that say whose value a customer shows: the configured file over the built-in ones, told
// which connector each connection has.
func loadSurvivors(cfg *config.Config) (*identity.Survivorship, error) {
	ladder, err := loadLifecycle(cfg)
	if err != nil {
		return nil, err
	}
	context := identity.Context{Connectors: map[string]string{}, Steps: ladder.Version(), Step: func(ref, stage string) (int, bool) { return ladder.Rank(ladder.Of(ref, stage)) }}
	var known []string
	for _, c := range cfg.Connections {
		context.Connectors[c.Name] = c.Connector.Spec.Name
		known = append(known, c.Name, c.Connector.Spec.Name)
	}
	if cfg.Survivors == "" {
		return (*identity.Survivorship)(nil).In(context), nil
	}
	src, err := os.ReadFile(cfg.Survivors)
	if err != nil {
		return nil, err
	}
	s, err := identity.LoadSurvivorship(cfg.Survivors, src)
	if err != nil {
		return nil, err
	}
	if err := s.Check(known); err != nil {
		return nil, err
	}
	return s.In(context), nil
}
