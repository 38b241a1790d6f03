package config

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	yamlparser "github.com/goccy/go-yaml/parser"
)

// LoadIdentity reads a file that holds an `identity:` section and nothing else, to try it out before it is used. The error
// is a *Error when the content is wrong.
func LoadIdentity(path string) (Identity, error) {
	info, err := os.Stat(path)
	if os.IsNotExist(err) {
		return Identity{}, &Error{Problems: []Problem{{File: path, Message: "there is no such file"}}}
	}
	if err == nil && info.Size() > maxBytes {
		return Identity{}, &Error{Problems: []Problem{{File: path, Message: fmt.Sprintf("the file has %d bytes; at most %d are read", info.Size(), maxBytes)}}}
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return Identity{}, fmt.Errorf("read settings to try: %w", err)
	}
	return parseIdentity(path, src)
}

func parseIdentity(path string, src []byte) (Identity, error) {
	p := &parser{path: path, dir: filepath.Dir(path), src: src, env: os.LookupEnv}
	var f struct {
		Identity identityFile `yaml:"identity"`
	}
	tree, err := yamlparser.ParseBytes(src, 0)
	if err == nil {
		p.tree = tree
		if err := p.bomb(tree); err != nil {
			return Identity{}, err
		}
		err = yaml.UnmarshalWithOptions(src, &f, yaml.Strict())
	}
	if err != nil {
		return Identity{}, p.yamlError(err)
	}
	var c Config
	p.identity(&c, &f.Identity)
	if len(p.problems) > 0 {
		return Identity{}, &Error{Problems: p.problems}
	}
	return c.Identity, nil
}
