package cli

import (
	"os"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/lifecycle"
)

// readLifecycle returns the configured lifecycle file, an empty one when none is.
func readLifecycle(cfg *config.Config) (mapping.File, error) {
	if cfg.Lifecycle == "" {
		return mapping.File{Name: "built-in lifecycle"}, nil
	}
	data, err := os.ReadFile(cfg.Lifecycle)
	return mapping.File{Name: cfg.Lifecycle, Data: data}, err
}

// loadLifecycle returns the team's own decisions about the lifecycle. The connections they name must be there.
func loadLifecycle(cfg *config.Config) (*lifecycle.Settings, error) {
	file, err := readLifecycle(cfg)
	if err != nil {
		return nil, err
	}
	s, _, err := lifecycle.Load(file.Name, file.Data)
	if err != nil {
		return nil, err
	}
	var known []string
	for _, c := range cfg.Connections {
		known = append(known, c.Name)
	}
	return s, s.Check(known)
}
