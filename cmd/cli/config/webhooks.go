package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// Webhooks says how webhooks are received, by the daemon or by `millrace webhook` alone.
type Webhooks struct {
	Listen      string   // empty = none are received
	Public      string   // what vendors are given, before /hooks/…
	Receive     []string // connections whose vendors deliver; nil = all whose secret is set
	Cert, Key   string   // PEM files; empty = no TLS
	MaxBody     int64    // bytes
	Rate        float64  // deliveries a second of one connection
	Connections int      // at the same time
	Allow       []netip.Prefix
	Proxies     []netip.Prefix
	ForwardTo   string            // of `millrace webhook`: the hub
	ForwardKey  connectors.Secret // what the hub and its receivers know each other by
	SpoolBytes  int64             // most that waits for the hub
	Repair      bool              // what was registered and is no longer as it was is made so again
}

// webhooksFile is the shape of `webhooks` in the file.
type webhooksFile struct {
	Listen  *string  `yaml:"listen"`
	Public  string   `yaml:"public_url"`
	Receive []string `yaml:"receive"`
	TLS     struct {
		Cert string `yaml:"cert"`
		Key  string `yaml:"key"`
	} `yaml:"tls"`
	MaxBody     int64    `yaml:"max_body"`
	Rate        float64  `yaml:"rate"`
	Connections int      `yaml:"max_connections"`
	Allow       []string `yaml:"allow"`
	Proxies     []string `yaml:"trusted_proxies"`
	Forward     struct {
		To         string `yaml:"to"`
		Key        string `yaml:"key"`
		SpoolBytes int64  `yaml:"spool_bytes"`
	} `yaml:"forward"`
	Repair *bool `yaml:"repair"`
}

// What is taken where nothing is said, and the bounds of what may be.
const (
	defaultHookListen = "127.0.0.1:8088"
	defaultHookBody   = 1 << 20
	mostHookBody      = 16 << 20
	defaultHookRate   = 500
	defaultHookConns  = 512
	defaultSpool      = 1 << 30
	leastSpool        = 16 << 20
	leastForwardKey   = 32
	webhooksAt        = "$.webhooks"
	forwardAt         = "$.webhooks.forward"
)

var webhookKeys = []string{"webhooks", "public_url", "receive", "tls", "cert", "max_body", "rate", "max_connections", "allow",
	"trusted_proxies", "forward", "to", "spool_bytes", "repair"}

var webhookHelp = []Key{
	{"webhooks.listen", defaultHookListen, "Address at which vendors' webhooks are received; nothing is received without `webhooks`. [Put it on the internet](router/receive/README.md)."},
	{"webhooks.public_url", "", "What vendors reach it at, `https://hooks.example.com`; a connection's webhook goes to `/hooks/NAME` there. Some vendors sign it."},
	{"webhooks.receive", "", "Connections whose vendors deliver; all whose webhook secret is set when left out."},
	{"webhooks.tls", "", "`{cert, key}`, PEM files, read again when they change; without them a proxy has to do TLS."},
	{"webhooks.max_body", "1048576", "Largest delivery in bytes."},
	{"webhooks.rate", "500", "Deliveries a second of one connection; more are answered 429."},
	{"webhooks.max_connections", "512", "Most connections at the same time."},
	{"webhooks.allow", "", "Networks that may deliver, `203.0.113.0/24`; all when left out."},
	{"webhooks.trusted_proxies", "", "Networks of your proxies, whose `X-Forwarded-For` is believed for `allow`."},
	{"webhooks.forward", "", "`{to, key, spool_bytes}`: `millrace webhook` on another host stores up to `spool_bytes` (1 GiB) and forwards to the hub's address `to`, whose path is `/forward`. `key`, 32 characters or more, is the same at both; a daemon that has it takes what is forwarded."},
	{"webhooks.repair", "true", "Once an hour the daemon looks whether what `millrace webhook register` made at vendors is still there and as it was; it logs what is not, reads again what may have been missed and, unless this is false, makes it so again."},
}

func (p *parser) webhooks(c *Config, f *webhooksFile) {
	if f == nil {
		return
	}
	w := &c.Webhooks
	w.Listen, w.Public = defaultHookListen, strings.TrimRight(p.expand(webhooksAt+".public_url", f.Public), "/")
	if f.Listen != nil {
		w.Listen = p.expand(webhooksAt+".listen", *f.Listen)
	}
	if _, _, err := net.SplitHostPort(w.Listen); err != nil {
		p.problem(webhooksAt+".listen", "must be an address with a port, such as "+defaultHookListen)
	}
	if u, err := url.Parse(w.Public); err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		p.problem(webhooksAt+".public_url", "must be the address that vendors are given, such as https://hooks.example.com")
	}
	w.Receive = f.Receive
	for i, name := range f.Receive {
		at := fmt.Sprintf("%s.receive[%d]", webhooksAt, i)
		if conn, ok := c.Connection(name); !ok {
			p.problem(at, fmt.Sprintf("there is no connection %q", name))
		} else if !slices.Contains(conn.Connector.Spec.Does, connectors.Hooks) {
			p.problem(at, fmt.Sprintf("connection %q sends no webhooks: %s has none that could be received", name, conn.Connector.Spec.Title))
		}
	}
	w.Cert, w.Key = p.hookFile("cert", f.TLS.Cert), p.hookFile("key", f.TLS.Key)
	if (w.Cert == "") != (w.Key == "") {
		p.problem(webhooksAt+".tls", "needs cert and key")
	}
	w.Allow, w.Proxies = p.networks("allow", f.Allow), p.networks("trusted_proxies", f.Proxies)
	w.Repair = f.Repair == nil || *f.Repair
	p.hookBounds(w, f)
	p.forward(w, f)
}

// hookFile returns a path relative to the configuration, like all files that it names.
func (p *parser) hookFile(key, name string) string {
	if name = p.expand(webhooksAt+".tls."+key, name); name != "" && !filepath.IsAbs(name) {
		name = filepath.Join(p.dir, name)
	}
	return name
}

func (p *parser) hookBounds(w *Webhooks, f *webhooksFile) {
	w.MaxBody, w.Rate, w.Connections, w.SpoolBytes = defaultHookBody, defaultHookRate, defaultHookConns, defaultSpool
	if f.MaxBody != 0 {
		w.MaxBody = f.MaxBody
	}
	if f.Rate != 0 {
		w.Rate = f.Rate
	}
	if f.Connections != 0 {
		w.Connections = f.Connections
	}
	if f.Forward.SpoolBytes != 0 {
		w.SpoolBytes = f.Forward.SpoolBytes
	}
	if w.MaxBody < 1024 || w.MaxBody > mostHookBody {
		p.problem(webhooksAt+".max_body", fmt.Sprintf("must be between 1024 and %d bytes", mostHookBody))
	}
	if w.Rate < 0.1 {
		p.problem(webhooksAt+".rate", "must be 0.1 a second or more")
	}
	if w.Connections < 4 {
		p.problem(webhooksAt+".max_connections", "must be 4 or more")
	}
	if w.SpoolBytes < leastSpool {
		p.problem(forwardAt+".spool_bytes", fmt.Sprintf("must be %d or more", leastSpool))
	}
}

// forward reads how deliveries get from a receiver on another host to the hub. They hold personal data, so that what leaves
// the machine is encrypted: by TLS, or by a tunnel that ends at a private address.
func (p *parser) forward(w *Webhooks, f *webhooksFile) {
	w.ForwardTo = p.expand(forwardAt+".to", f.Forward.To)
	before := len(p.problems)
	w.ForwardKey = connectors.NewSecret(p.expand(forwardAt+".key", f.Forward.Key))
	if p.offline && !p.alone && len(p.problems) > before { // nothing is received: `status` of a hub needs no secret
		p.problems, w.ForwardKey = p.problems[:before], connectors.Secret{}
	}
	if n := len(w.ForwardKey.Reveal()); n > 0 && n < leastForwardKey {
		p.problem(forwardAt+".key", fmt.Sprintf("must have %d characters or more; `openssl rand -hex 32` makes one", leastForwardKey))
	}
	if w.ForwardTo == "" {
		return
	}
	if w.ForwardKey.IsZero() {
		p.problem(forwardAt, "needs the key that the hub has, too")
	}
	u, err := url.Parse(w.ForwardTo)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		p.problem(forwardAt+".to", "must be the hub's address, such as https://hub.example.com/forward")
	case u.Scheme == "http" && !private(u.Hostname()):
		p.problem(forwardAt+".to", "must begin with https: deliveries hold personal data; http goes to this machine or a private address only")
	}
}

// private reports whether a host is this machine or an address that is not routed on the internet.
func private(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && (a.IsLoopback() || a.IsPrivate())
}

// networks reads a list of networks; an address alone is one.
func (p *parser) networks(key string, list []string) (out []netip.Prefix) {
	for i, text := range list {
		at := fmt.Sprintf("%s.%s[%d]", webhooksAt, key, i)
		text = p.expand(at, text)
		prefix, err := netip.ParsePrefix(text)
		if a, e := netip.ParseAddr(text); e == nil {
			prefix, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			p.problem(at, "must be a network, such as 203.0.113.0/24")
		}
		out = append(out, prefix.Masked())
	}
	return out
}

func webhooksSchema() object {
	whole := func(key string, least int) object {
		return object{"type": "integer", "minimum": least, "description": helpOf("webhooks." + key)}
	}
	o := group(object{
		"listen":          text(helpOf("webhooks.listen")),
		"public_url":      text(helpOf("webhooks.public_url")),
		"receive":         texts(helpOf("webhooks.receive")),
		"tls":             group(object{"cert": text("Certificate, PEM."), "key": text("Its key, PEM.")}),
		"max_body":        whole("max_body", 1024),
		"rate":            object{"type": "number", "minimum": 0.1, "description": helpOf("webhooks.rate")},
		"max_connections": whole("max_connections", 4),
		"allow":           texts(helpOf("webhooks.allow")),
		"trusted_proxies": texts(helpOf("webhooks.trusted_proxies")),
		"forward": group(object{"to": text("Address of the hub, ending in /forward."), "key": text("Secret that the hub has, too."),
			"spool_bytes": object{"type": "integer", "minimum": leastSpool, "description": "Most that waits for the hub."}}),
		"repair": object{"type": "boolean", "description": helpOf("webhooks.repair")},
	})
	o["required"] = []string{"public_url"}
	return o
}
