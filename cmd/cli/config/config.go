// Package config reads millrace.yaml: strict keys, ${VAR} and file: for secrets, every problem with its line.
//
// It does not open connections, ledgers or ports, and it makes no request; `millrace config check` is this package.
package config

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Config is a checked configuration.
type Config struct {
	Path        string // where it was read from, for messages
	Data        string // directory of the ledger, absolute or relative to the working directory
	Workspace   string
	Connections []Connection // by name
	Targets     []string     // connections that are written to
	Rules       []string     // work rules; empty = the built-in ones
	Lifecycle   string       // file with the team's own decisions about the lifecycle; empty = the built-in ones
	Survivors   string       // file with rules of survivorship; empty = the built-in ones
	Identity    Identity     // which records are the same customer
	Admin       string       // address of /healthz, /readyz and /metrics; empty = not served
	Webhooks    Webhooks
	Delivery    Delivery
	Ledger      Ledger
	Privacy     Privacy
	Log         Log
}

// Connection is one configured account.
type Connection struct {
	Name      string
	Connector connectors.Connector
	Values    connectors.Values
	Every     time.Duration // time between polls; 0 = the stream's own suggestion
	Sweep     time.Duration // time between full comparisons; 0 = the stream's own suggestion, negative = never
	Streams   []string      // read only these; nil = all
	Unknown   []string      // settings that an offline command could not look up
	Share     float64       // of the account's quota that Millrace may use, 0 < share <= 1
	Mappings  []string      // files laid over the connector's own mapping
	Region    string        // ISO 3166-1 alpha-2, of phone numbers without a country code; "" = none
	Workers   int           // target: items in flight; 0 = what the account allows
	Redirect  int           // port that the browser comes back to after signing in; 0 = a free one
}

// Delivery says how hard the router tries to write an item.
type Delivery struct {
	Attempts   int           // before an item becomes a dead letter
	Recheck    time.Duration // when what was made in doubt is looked for again; 0 = the router's default
	CloseShare float64       // invariant 6: the most a single run may close, as a share of the items shown
}

// Ledger says how the ledger is kept.
type Ledger struct {
	// Key seals OAuth tokens and names what is suppressed: 32 bytes in base64 or hex; empty = one in the data directory.
	Key    connectors.Secret
	Former []connectors.Secret // keys that Key replaced: what they suppressed stays suppressed
}

// Privacy says what a vendor's deletion for privacy means here.
type Privacy struct {
	EraseCustomer bool // erase the whole customer, in all its sources; otherwise forget the one record
}

// Log says what is logged and how.
type Log struct {
	Level  string // debug, info, warn, error
	Format string // text or json; empty = text on a terminal, json elsewhere
}

// Connection returns the connection of that name.
func (c *Config) Connection(name string) (Connection, bool) {
	i := sort.Search(len(c.Connections), func(i int) bool { return c.Connections[i].Name >= name })
	if i < len(c.Connections) && c.Connections[i].Name == name {
		return c.Connections[i], true
	}
	return Connection{}, false
}

// Load reads and checks the file. The error is a *Error when the content is wrong.
func Load(path string, find func(string) (connectors.Connector, bool)) (*Config, error) {
	return load(path, find, false)
}

// LoadOffline is Load for commands that make no request: environment variables and files that settings of connections
// name need not be there. Such a setting then has a text that no vendor accepts.
func LoadOffline(path string, find func(string) (connectors.Connector, bool)) (*Config, error) {
	return load(path, find, true)
}

// LoadReceiver is Load for a receiver of webhooks that stands alone: of connections only what deliveries are verified with
// must be there, and rules, mappings, targets and the ledger's key are not looked at.
func LoadReceiver(path string, find func(string) (connectors.Connector, bool)) (*Config, error) {
	p, err := open(path, find)
	if err != nil {
		return nil, err
	}
	p.offline, p.alone = true, true
	return p.parse()
}

func load(path string, find func(string) (connectors.Connector, bool), offline bool) (*Config, error) {
	p, err := open(path, find)
	if err != nil {
		return nil, err
	}
	p.offline = offline
	return p.parse()
}

func open(path string, find func(string) (connectors.Connector, bool)) (*parser, error) {
	src, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, &Error{Problems: []Problem{{File: path, Message: "there is no such file; `millrace init` writes one, --config names another"}}}
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return &parser{path: path, dir: filepath.Dir(path), src: src, find: find, env: os.LookupEnv}, nil
}

// Parse checks a configuration held in memory. Relative paths in it are relative to the file's directory.
func Parse(path string, src []byte, find func(string) (connectors.Connector, bool), env func(string) (string, bool)) (*Config, error) {
	p := &parser{path: path, dir: filepath.Dir(path), src: src, find: find, env: env}
	return p.parse()
}
