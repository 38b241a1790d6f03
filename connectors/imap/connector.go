package imap

import (
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/message"
	"github.com/millrace/millrace/connectors/imap/wire"
)

//go:embed rules.yaml
var rules []byte

// Connector reads mailboxes. What it keeps between calls is a connection that is signed in, which can be had again.
var Connector = connectors.Connector{
	Spec: connectors.Spec{
		Name:    "imap",
		Title:   "IMAP mailboxes",
		Summary: "Reads the mail of a mailbox and hears of new mail within a second.",
		Does:    []connectors.Capability{connectors.Reads, connectors.Follows, connectors.Checks, connectors.SignsIn},
		Cannot: "What is deleted or moved in the mailbox stays an interaction: it happened. Flags, labels and folders are not read. " +
			"IMAP tells no time up to which a mailbox is complete.",
		Protocol: "IMAP",
		Settings: settings,
		Streams:  []connectors.StreamDoc{{Name: messages, Help: "Mail of all folders that are read, each mail once."}},
		SignIn:   signIn,
		Limits:   func(connectors.Values) []connectors.Limit { return nil }, // servers limit connections and bytes, and do not say how many
		Cost:     func(*http.Request) connectors.Cost { return connectors.Cost{} },
		Rules:    rules,
	},
	Open: func(env connectors.Env) (any, error) { return open(env) },
}

// messages is the only stream.
const messages = "messages"

// The values of `security`.
const (
	securityTLS      = "tls"
	securityStartTLS = "starttls"
	securityNone     = "none"
)

// The values of `body`.
const (
	bodyNone    = "none"
	bodySnippet = "snippet"
	bodyFull    = "full"
)

var settings = []connectors.Setting{
	{Name: "host", Kind: connectors.StringSetting, Help: "Name of the IMAP server; Google's and Microsoft's are known."},
	{Name: "port", Kind: connectors.IntSetting, Help: "Port of the server; 993, with security starttls 143."},
	{Name: "security", Kind: connectors.StringSetting, Default: securityTLS, Choices: []string{securityTLS, securityStartTLS, securityNone},
		Help: "How the connection is encrypted: from its first byte, after STARTTLS, or not at all, which is taken for a server on this machine only."},
	{Name: "ca", Kind: connectors.StringSetting, Advanced: true,
		Help: "Certificate in PEM of the authority that signed the server's, when that is not a public one; `file:ca.pem` reads it from a file."},
	{Name: "user", Kind: connectors.StringSetting, Required: true, Help: "Name to sign in with, usually the mailbox's address."},
	{Name: "password", Kind: connectors.SecretSetting, Help: "Password, or an app password where the provider has those."},
	{Name: "sign_in", Kind: connectors.StringSetting, Default: byPassword, Choices: []string{byPassword, byGoogle, byMicrosoft, byOAuth},
		Help: "How to sign in: by password, or by OAuth at Google, at Microsoft, or at the server that authorize_url and grant_url name."},
	{Name: "client_id", Kind: connectors.StringSetting, Help: "Id of the OAuth client."},
	{Name: "client_secret", Kind: connectors.SecretSetting, Help: "Secret of the OAuth client; a public client has none."},
	{Name: "refresh_token", Kind: connectors.SecretSetting, Help: "OAuth refresh token, when one is at hand; `millrace auth` gets one through the browser, and later ones are kept in the ledger."},
	{Name: "grant", Kind: connectors.StringSetting, Default: authorizationCode, Choices: []string{authorizationCode, clientCredentials},
		Help: "How the OAuth client comes by a token: authorization_code after `millrace auth`, or client_credentials by itself, which Microsoft allows for mailboxes that an administrator granted."},
	{Name: "tenant", Kind: connectors.StringSetting, Default: "common", Help: "Id or domain of the Microsoft tenant; client_credentials needs it."},
	{Name: "authorize_url", Kind: connectors.URLSetting, Advanced: true, Help: "Page where a person signs in, with sign_in oauth."},
	{Name: "grant_url", Kind: connectors.URLSetting, Advanced: true, Help: "Address that grants tokens, with sign_in oauth."},
	{Name: "scopes", Kind: connectors.ListSetting, Advanced: true, Help: "What to ask for, with sign_in oauth."},
	{Name: "folders", Kind: connectors.ListSetting, Help: "Folders to read, by patterns with * (any characters); without it all but those for trash, junk and drafts."},
	{Name: "exclude", Kind: connectors.ListSetting, Help: "Folders not to read, by patterns; it counts more than folders."},
	{Name: "own", Kind: connectors.ListSetting, Help: "Our own addresses and domains: mail from them is outbound. The user's address is one by itself."},
	{Name: "keep", Kind: connectors.StringSetting, Default: "known", Choices: []string{"known", "all"}, Mapped: true,
		Help: "Which mail is kept: only with somebody who is known, or all."},
	{Name: "allow", Kind: connectors.ListSetting, Mapped: true, Help: "Addresses and domains whose mail is kept although nobody knows them."},
	{Name: "body", Kind: connectors.StringSetting, Default: bodyNone, Choices: []string{bodyNone, bodySnippet, bodyFull},
		Help: "What is kept of a mail's text: nothing, its beginning, or all of it, up to 64 KB."},
	{Name: "hashes", Kind: connectors.BoolSetting, Default: "false",
		Help: "Whether to read mails with attachments whole, up to 25 MB, so that attachments have a SHA-256 and an exact size; they are not kept."},
	{Name: "since", Kind: connectors.StringSetting, Help: "Read only mail that arrived on this day or later, as 2026-01-31."},
	{Name: "watch", Kind: connectors.ListSetting, Default: "INBOX",
		Help: "Folders whose new mail is heard of at once (IDLE), each over a connection of its own; [] for none. All folders are polled."},
	{Name: "page_size", Kind: connectors.IntSetting, Default: "500", Advanced: true, Help: "Messages of a page, 1 to 1000."},
	{Name: "idle", Kind: connectors.DurationSetting, Default: "4m", Advanced: true,
		Help: "How long to listen before the server is asked whether it is still there; under 9 minutes, since routers forget connections that are silent."},
}

// account is an open connection.
type account struct {
	connection string
	server     wire.Account
	unsigned   bool // nothing is signed in: a configuration that is only looked at
	folders    choice
	mail       message.Settings
	hashes     bool
	since      time.Time
	watch      []string
	page       int
	idle       time.Duration
	now        func() time.Time

	mu   sync.Mutex
	kept *wire.Session // one that is signed in and not in use
	ends *time.Timer   // closes it when nobody uses it for long
	// The page after failedAt was no IMAP so often in a row.
	failedAt connectors.Cursor
	failures int
}

func open(env connectors.Env) (*account, error) {
	v := env.Settings
	how, err := signIn(v)
	if err != nil {
		return nil, err
	}
	server, err := serverOf(v)
	if err != nil {
		return nil, err
	}
	server.User, server.Password = v.String("user"), v.Secret("password")
	if how.OAuth != nil {
		server.Tokens = env.Tokens
	}
	unsigned := how.OAuth != nil && env.Tokens == nil
	a := &account{connection: env.Connection, server: server, unsigned: unsigned, watch: v.List("watch"), page: v.Int("page_size"), idle: v.Duration("idle"), now: env.Now}
	if a.folders, err = chosen(v.List("folders"), v.List("exclude")); err != nil {
		return nil, err
	}
	if err := checkOwn(v); err != nil {
		return nil, err
	}
	a.mail, a.hashes = settingsOf(v), v.Bool("hashes")
	if a.page < 1 || a.page > 1000 {
		return nil, fmt.Errorf("page_size is %d; it must be at least 1 and at most 1000", a.page)
	}
	if a.idle <= 0 || a.idle > 9*time.Minute {
		return nil, fmt.Errorf("idle is %v; it must be more than 0 and at most 9m", a.idle)
	}
	if slices.Contains(a.watch, "") {
		return nil, errors.New("watch: a folder has a name")
	}
	if text := v.String("since"); text != "" {
		if a.since, err = time.Parse(time.DateOnly, text); err != nil {
			return nil, fmt.Errorf("since: %q is no day such as 2026-01-31", text)
		}
	}
	return a, nil
}

// serverOf returns the server that the settings name.
func serverOf(v connectors.Values) (wire.Account, error) {
	host, port := v.String("host"), v.Int("port")
	if host == "" {
		host = knownHosts[v.String("sign_in")]
	}
	s := wire.Account{}
	usual := 993
	switch v.String("security") {
	case securityStartTLS:
		s.Security, usual = wire.StartTLS, 143
	case securityNone:
		s.Security, usual = wire.None, 143
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return s, errors.New("security none is taken for a server on this machine only: use tls or starttls")
		}
	}
	switch {
	case host == "":
		return s, errors.New("set host, the name of the IMAP server")
	case strings.ContainsAny(host, "/@ ") || port < 0 || port > 65535:
		return s, errors.New("host is a name without a scheme and port a number up to 65535")
	case port == 0:
		port = usual
	}
	s.Address = net.JoinHostPort(host, strconv.Itoa(port))
	if pem := v.String("ca"); pem != "" {
		s.Roots = x509.NewCertPool()
		if !s.Roots.AppendCertsFromPEM([]byte(pem)) {
			return s, errors.New("ca is no certificate in PEM")
		}
	}
	return s, nil
}
