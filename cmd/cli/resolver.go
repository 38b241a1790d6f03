package cli

import (
	"fmt"
	"os"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/identity/score"
)

// loadResolver returns what decides which records are the same customer, with the scorer's parameters that the
// section names.
func loadResolver(of config.Identity) (*identity.Resolver, error) {
	settings := of.Settings
	for kind, path := range of.Models {
		model, err := loadModel(path)
		if err != nil {
			return nil, err
		}
		if model.Kind() != kind {
			return nil, fmt.Errorf("%s: the parameters are those of a %s, not of a %s", path, model.Kind(), kind)
		}
		if settings.Models == nil {
			settings.Models = map[canonical.Kind]*score.Model{}
		}
		settings.Models[kind] = model
	}
	return identity.NewResolver(settings), nil
}

func loadModel(path string) (*score.Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the scorer's parameters: %w", err)
	}
	defer func() { _ = f.Close() }()
	model, err := score.Load(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return model, nil
}
