package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

// variable matches ${NAME} and ${NAME:-default}.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)

// maxSecretFile bounds what `file:` reads: a key or a token, never a database by mistake.
const maxSecretFile = 64 << 10

// expand replaces ${VAR} by the environment's value and `file:PATH` by the file's content.
func (p *parser) expand(at, text string) string {
	before := len(p.problems)
	out := variable.ReplaceAllStringFunc(text, func(m string) string {
		parts := variable.FindStringSubmatch(m)
		if value, ok := p.env(parts[1]); ok && value != "" {
			return value
		}
		if parts[2] != "" {
			return parts[3]
		}
		p.problem(at, fmt.Sprintf("environment variable %s is not set", parts[1]))
		return ""
	})
	name, ok := strings.CutPrefix(out, "file:")
	if !ok || len(p.problems) > before { // without its variable a path names another file
		return out
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(p.dir, name)
	}
	info, err := os.Stat(name)
	if err == nil && info.Size() > maxSecretFile {
		err = fmt.Errorf("larger than %d bytes", maxSecretFile)
	}
	var content []byte
	if err == nil {
		content, err = os.ReadFile(name)
	}
	if err != nil {
		p.problem(at, fmt.Sprintf("cannot read the file it names: %v", err))
	}
	return strings.TrimSpace(string(content))
}

func (p *parser) expandAny(at string, value any) any {
	switch x := value.(type) {
	case string:
		return p.expand(at, x)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = p.expandAny(fmt.Sprintf("%s[%d]", at, i), e)
		}
		return out
	}
	return value
}

// What stands for a setting that an offline command does not know: a text, or where an address is wanted one that is
// nowhere (RFC 6761). Of a number, a duration or a yes or no the default stands.
const (
	missing        = "not-set"
	missingAddress = "https://not-set.invalid"
)

// expandSetting is expandAny for a setting of a connection. Offline, what cannot be looked up is no problem, but not known.
func (p *parser) expandSetting(at string, value any, kind connectors.SettingKind) (out any, known bool) {
	before := len(p.problems)
	out = p.expandAny(at, value)
	if _, one := value.(string); p.offline && one && len(p.problems) > before {
		p.problems = p.problems[:before]
		switch kind {
		case connectors.URLSetting:
			return missingAddress, false
		case connectors.IntSetting, connectors.NumberSetting, connectors.BoolSetting, connectors.DurationSetting:
			return nil, false
		}
		return missing, false
	}
	return out, true
}

func (p *parser) list(at string, raw map[string]any, key string) []string {
	value, ok := raw[key]
	if !ok {
		return nil
	}
	items, ok := value.([]any)
	if !ok {
		p.problem(at+"."+key, "must be a list")
		return nil
	}
	list := make([]string, len(items))
	for i, e := range items {
		list[i] = fmt.Sprint(e)
	}
	return list
}

func (p *parser) number(at string, raw map[string]any, key string, def float64) float64 {
	switch x := raw[key].(type) {
	case nil:
		return def
	case int:
		return float64(x)
	case int64:
		return float64(x)
	case uint64:
		return float64(x)
	case float64:
		return x
	}
	p.problem(at+"."+key, "must be a number")
	return def
}

func (p *parser) region(at string, raw map[string]any) string {
	value, ok := raw["region"]
	if !ok {
		return ""
	}
	text, _ := p.expandSetting(at+".region", value, connectors.StringSetting)
	code, _ := text.(string)
	if known, err := canonical.CleanCountry(code); code != missing && (err != nil || known != code) {
		p.problem(at+".region", "must be a country's code of two capital letters, such as DE")
	}
	return code
}

func (p *parser) paths(at string, names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		name = p.expand(fmt.Sprintf("%s[%d]", at, i), name)
		out[i] = name
		if name == builtIn || name == "" {
			continue
		}
		if !filepath.IsAbs(name) {
			out[i] = filepath.Join(p.dir, name)
		}
		if _, err := os.Stat(out[i]); err != nil {
			p.problem(fmt.Sprintf("%s[%d]", at, i), fmt.Sprintf("cannot read it: %v", err))
		}
	}
	return out
}

// builtIn names the rules that Millrace ships, in a list of files.
const builtIn = "default"

func (p *parser) oneOf(at, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	p.problem(at, fmt.Sprintf("%q is not one of %s", value, strings.Join(allowed[1:], ", ")))
}

// problem notes a defect at a YAML path such as $.connections.hs.token, with its line and source.
func (p *parser) problem(at, message string) {
	problem := Problem{File: p.path, Message: message}
	path, err := yaml.PathString(at)
	if err == nil {
		if node, err := path.FilterFile(p.tree); err == nil && node != nil {
			position := node.GetToken().Position
			problem.Line, problem.Column = position.Line, position.Column
			problem.Source = p.sourceLine(problem.Line)
		}
	}
	p.problems = append(p.problems, problem)
}

// sourceLine returns the numbered line with its value hidden: it may be a secret (invariant 9), and the key is what a
// person needs to find the place.
func (p *parser) sourceLine(line int) string {
	lines := strings.Split(string(p.src), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	text := strings.TrimRight(lines[line-1], " \r")
	if key, _, ok := strings.Cut(text, ": "); ok {
		text = key + ": …"
	}
	return fmt.Sprintf("%5d | %s", line, text)
}
