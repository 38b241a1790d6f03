package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	yamlparser "github.com/goccy/go-yaml/parser"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

// file is the shape of millrace.yaml. Connections stay raw: their keys are declared by the connector.
type file struct {
	Data        string                    `yaml:"data"`
	Workspace   string                    `yaml:"workspace"`
	Connections map[string]map[string]any `yaml:"connections"`
	Targets     []string                  `yaml:"targets"`
	Rules       []string                  `yaml:"rules"`
	Lifecycle   string                    `yaml:"lifecycle"`
	Survivors   string                    `yaml:"survivorship"`
	Identity    identityFile              `yaml:"identity"`
	Admin       struct {
		Listen *string `yaml:"listen"`
	} `yaml:"admin"`
	Webhooks *webhooksFile `yaml:"webhooks"`
	Delivery struct {
		Attempts   int     `yaml:"attempts"`
		CloseShare float64 `yaml:"close_share"`
		Recheck    string  `yaml:"recheck"`
	} `yaml:"delivery"`
	Ledger struct {
		Key    string   `yaml:"key"`
		Former []string `yaml:"former_keys"`
	} `yaml:"ledger"`
	Privacy struct {
		OnVendorErasure string `yaml:"on_vendor_erasure"`
	} `yaml:"privacy"`
	Log struct {
		Level  string `yaml:"level"`
		Format string `yaml:"format"`
	} `yaml:"log"`
}

type parser struct {
	path     string
	dir      string
	src      []byte
	find     func(string) (connectors.Connector, bool)
	env      func(string) (string, bool)
	offline  bool // no request will be made: settings of connections need not be known
	alone    bool // only webhooks are received
	tree     *ast.File
	problems []Problem
}

func (p *parser) parse() (*Config, error) {
	var f file
	if len(p.src) > maxBytes {
		return nil, &Error{Problems: []Problem{{File: p.path, Message: fmt.Sprintf("the file has %d bytes; at most %d are read", len(p.src), maxBytes)}}}
	}
	tree, err := yamlparser.ParseBytes(p.src, 0)
	if err == nil {
		p.tree = tree
		if err := p.bomb(tree); err != nil {
			return nil, err
		}
		err = yaml.UnmarshalWithOptions(p.src, &f, yaml.Strict())
	}
	if err != nil {
		return nil, p.yamlError(err)
	}
	c := p.general(&f)
	if p.alone {
		p.webhooks(c, f.Webhooks)
	} else {
		p.convert(c, &f)
	}
	if len(p.problems) > 0 {
		sort.SliceStable(p.problems, func(i, j int) bool { return p.problems[i].Line < p.problems[j].Line })
		return nil, &Error{Problems: p.problems}
	}
	return c, nil
}

// yamlError turns the library's error into a Problem; it already shows the source lines.
func (p *parser) yamlError(err error) error {
	problem := Problem{File: p.path, Message: err.Error()}
	var y yaml.Error
	if errors.As(err, &y) {
		problem.Message = y.GetMessage()
		if t := y.GetToken(); t != nil {
			problem.Line, problem.Column = t.Position.Line, t.Position.Column
			if strings.HasPrefix(problem.Message, "unknown field") {
				problem.Message = unknownTopLevel(t.Value)
			}
		}
		problem.Source = p.sourceLine(problem.Line)
	}
	return &Error{Problems: []Problem{problem}}
}

func unknownTopLevel(key string) string {
	known := []string{"data", "workspace", "connections", "targets", "rules", "lifecycle", "survivorship", "admin", "listen",
		"delivery", "attempts", "close_share", "recheck", "ledger", "key", "former_keys", "privacy", "on_vendor_erasure", "log", "level", "format"}
	known = slices.Concat(known, identityKeys, webhookKeys)
	if slices.Contains(known, key) {
		return fmt.Sprintf("the key %q has no place here", key)
	}
	if near := connectors.Nearest(key, known); near != "" {
		return fmt.Sprintf("there is no key %q; did you mean %q?", key, near)
	}
	return fmt.Sprintf("there is no key %q; `millrace config schema` lists the keys", key)
}

// general reads what every program needs that has the file.
func (p *parser) general(f *file) *Config {
	c := &Config{Path: p.path, Data: p.expand("$.data", f.Data), Workspace: p.expand("$.workspace", f.Workspace), Admin: "127.0.0.1:8087"}
	if c.Data == "" {
		c.Data = "data"
	}
	if !filepath.IsAbs(c.Data) {
		c.Data = filepath.Join(p.dir, c.Data)
	}
	if c.Workspace == "" {
		c.Workspace = "default"
	}
	if strings.ContainsAny(c.Workspace, "/\x00") {
		p.problem("$.workspace", "a workspace name has no slash")
	}
	if f.Admin.Listen != nil {
		c.Admin = p.expand("$.admin.listen", *f.Admin.Listen)
	}
	p.connections(c, f)
	c.Log = Log{Level: f.Log.Level, Format: f.Log.Format}
	p.oneOf("$.log.level", f.Log.Level, "", "debug", "info", "warn", "error")
	p.oneOf("$.log.format", f.Log.Format, "", "text", "json")
	return c
}

// convert reads what a hub needs besides.
func (p *parser) convert(c *Config, f *file) {
	p.targets(c, f)
	c.Rules = p.paths("$.rules", f.Rules)
	if f.Lifecycle != "" {
		c.Lifecycle = p.paths("$.lifecycle", []string{f.Lifecycle})[0]
	}
	if f.Survivors != "" {
		c.Survivors = p.paths("$.survivorship", []string{f.Survivors})[0]
	}
	p.identity(c, &f.Identity)
	p.webhooks(c, f.Webhooks)
	p.delivery(c, f)
	c.Ledger.Key = connectors.NewSecret(p.expand("$.ledger.key", f.Ledger.Key))
	for i, key := range f.Ledger.Former {
		c.Ledger.Former = append(c.Ledger.Former, connectors.NewSecret(p.expand(fmt.Sprintf("$.ledger.former_keys[%d]", i), key)))
	}
	p.oneOf("$.privacy.on_vendor_erasure", f.Privacy.OnVendorErasure, "", forgetRecord, eraseCustomer)
	c.Privacy.EraseCustomer = f.Privacy.OnVendorErasure == eraseCustomer
}

// What privacy.on_vendor_erasure may be.
const (
	forgetRecord  = "forget_record"
	eraseCustomer = "erase_customer"
)

func (p *parser) delivery(c *Config, f *file) {
	c.Delivery = Delivery{Attempts: f.Delivery.Attempts, CloseShare: f.Delivery.CloseShare}
	if c.Delivery.Attempts == 0 {
		c.Delivery.Attempts = 8
	}
	if c.Delivery.CloseShare == 0 {
		c.Delivery.CloseShare = 0.10
	}
	if f.Delivery.Recheck != "" {
		d, err := time.ParseDuration(f.Delivery.Recheck)
		if err != nil || d <= 0 {
			p.problem("$.delivery.recheck", "must be a duration such as 2m")
		}
		c.Delivery.Recheck = d
	}
	if c.Delivery.Attempts < 0 {
		p.problem("$.delivery.attempts", "must be 1 or more")
	}
	if c.Delivery.CloseShare < 0 || c.Delivery.CloseShare > 1 {
		p.problem("$.delivery.close_share", "must be between 0 and 1")
	}
}

func (p *parser) connections(c *Config, f *file) {
	if len(f.Connections) == 0 {
		p.problem("$.connections", "no connection is configured; `millrace init` shows how one looks")
	}
	names := make([]string, 0, len(f.Connections))
	for name := range f.Connections {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if conn, ok := p.connection(name, f.Connections[name]); ok {
			c.Connections = append(c.Connections, conn)
		}
	}
}

func (p *parser) connection(name string, raw map[string]any) (Connection, bool) {
	at := "$.connections." + name
	if strings.ContainsAny(name, "/ \t\x00") || name == "" {
		p.problem(at, "a connection's name has no slash and no space")
		return Connection{}, false
	}
	kind, _ := raw["connector"].(string)
	if name == canonical.Hub {
		p.problem(at, fmt.Sprintf("%q is what people tell the hub itself; choose another name", name))
		return Connection{}, false
	}
	connector, ok := p.find(kind)
	if !ok {
		if kind == "" {
			p.problem(at, fmt.Sprintf("connection %q does not say which connector it uses: add `connector:`", name))
		} else {
			p.problem(at+".connector", fmt.Sprintf("there is no connector %q", kind))
		}
		return Connection{}, false
	}
	if p.alone {
		raw = p.provesOnly(at, raw, connector.Spec)
	}
	conn := Connection{Name: name, Connector: connector, Share: 1}
	conn.Every = p.duration(at, raw, "every", false)
	conn.Sweep = p.duration(at, raw, "sweep", true)
	conn.Streams = p.streams(at, raw, connector.Spec)
	conn.Share = p.number(at, raw, "quota_share", 1)
	if conn.Share <= 0 || conn.Share > 1 {
		p.problem(at+".quota_share", "must be above 0 and at most 1")
	}
	conn.Mappings = p.paths(at+".mappings", p.list(at, raw, "mappings"))
	conn.Region = p.region(at, raw)
	conn.Workers = int(p.number(at, raw, "workers", 0))
	if conn.Workers < 0 {
		p.problem(at+".workers", "must be 0 or more")
	}
	conn.Redirect = int(p.number(at, raw, "redirect_port", 8765))
	if conn.Redirect < 0 || conn.Redirect > 65535 {
		p.problem(at+".redirect_port", "is no port; ports go up to 65535")
	}
	rest, unknown := p.settings(at, raw, connector.Spec)
	conn.Unknown = unknown
	values, problems := connector.Spec.Parse(rest)
	for _, pr := range problems {
		if set, _ := setting(connector.Spec, pr.Key); p.alone && set.Webhook == connectors.NoWebhook {
			continue // it is required, and not here
		}
		where := at + "." + pr.Key
		if _, set := raw[pr.Key]; !set {
			where = at
		}
		p.problem(where, fmt.Sprintf("connection %q: %s %s", name, pr.Key, pr.Message))
	}
	conn.Values = values
	if names := connector.Spec.StreamsIn(values); names != nil {
		conn.Streams = names
	}
	return conn, true
}

// settings returns the connector's own settings, looked up, and those that an offline command does not know.
func (p *parser) settings(at string, raw map[string]any, spec connectors.Spec) (rest map[string]any, unknown []string) {
	rest = map[string]any{}
	for key, value := range raw {
		set, declared := setting(spec, key)
		switch {
		case isCommon(key) && !declared:
		case p.alone: // what is left is needed, and a stand-in would be a secret that everybody knows
			rest[key] = p.expandAny(at+"."+key, value)
		default:
			text, known := p.expandSetting(at+"."+key, value, set.Kind)
			if rest[key] = text; !known {
				unknown = append(unknown, key)
			}
		}
	}
	return rest, unknown
}

// provesOnly returns the settings that deliveries are verified with. That others are spelled right, the hub's check says.
func (p *parser) provesOnly(at string, raw map[string]any, spec connectors.Spec) map[string]any {
	left := map[string]any{}
	for key, value := range raw {
		set, known := setting(spec, key)
		switch {
		case known && set.Webhook != connectors.NoWebhook:
			left[key] = value
		case !known && !isCommon(key):
			p.problem(at+"."+key, fmt.Sprintf("%s has no setting %q", spec.Title, key))
		}
	}
	return left
}

// setting returns the setting of that name, and whether the connector has one.
func setting(s connectors.Spec, key string) (connectors.Setting, bool) {
	i := slices.IndexFunc(s.Settings, func(set connectors.Setting) bool { return set.Name == key })
	if i < 0 {
		return connectors.Setting{}, false
	}
	return s.Settings[i], true
}

// streams reads the streams to be read, which must be some the connector has.
func (p *parser) streams(at string, raw map[string]any, spec connectors.Spec) []string {
	list := p.list(at, raw, "streams")
	if _, declared := setting(spec, "streams"); declared || len(spec.Streams) == 0 {
		return list // the connector checks them, or learns them from the vendor
	}
	known := make([]string, len(spec.Streams))
	for i, s := range spec.Streams {
		known[i] = s.Name
	}
	for i, name := range list {
		if !slices.Contains(known, name) {
			p.problem(fmt.Sprintf("%s.streams[%d]", at, i), fmt.Sprintf("%s has no stream %q; it has %s", spec.Title, name, strings.Join(known, ", ")))
		}
	}
	return list
}

func (p *parser) targets(c *Config, f *file) {
	c.Targets = f.Targets
	if f.Targets == nil {
		for _, conn := range c.Connections {
			if does(conn.Connector, connectors.Writes) {
				c.Targets = append(c.Targets, conn.Name)
			}
		}
	}
	for i, name := range f.Targets {
		conn, ok := c.Connection(name)
		if !ok {
			p.problem(fmt.Sprintf("$.targets[%d]", i), fmt.Sprintf("there is no connection %q", name))
		} else if !does(conn.Connector, connectors.Writes) {
			p.problem(fmt.Sprintf("$.targets[%d]", i), fmt.Sprintf("connection %q cannot be a target: %s is only read", name, conn.Connector.Spec.Title))
		}
	}
}

func does(c connectors.Connector, want connectors.Capability) bool {
	for _, d := range c.Spec.Does {
		if d == want {
			return true
		}
	}
	return false
}

func (p *parser) duration(at string, raw map[string]any, key string, orNever bool) time.Duration {
	value, ok := raw[key]
	if !ok {
		return 0
	}
	text := fmt.Sprint(value)
	if text == "never" && orNever {
		return -1
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		p.problem(at+"."+key, fmt.Sprintf("%q is not a duration such as 90s, 5m or 24h", text))
	}
	return d
}
