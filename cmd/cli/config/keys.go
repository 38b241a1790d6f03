package config

import (
	"slices"

	"github.com/millrace/millrace/connectors"
)

// Common declares the keys that every connection may have, whatever its connector; parser, schema and README take them
// from here. A connector that needs `streams` itself declares it as a setting too and gets the same value; when the setting has
// Streams, what it and its like name are the streams of the connection.
func Common() []connectors.Setting {
	return []connectors.Setting{
		{Name: "connector", Kind: connectors.StringSetting, Required: true, Help: "The connector that makes the connection."},
		{Name: "streams", Kind: connectors.ListSetting, Help: "Read only these streams; the connector's README lists them."},
		{Name: "every", Kind: connectors.DurationSetting, Help: "Time between two polls; each stream has its own when left out."},
		{Name: "sweep", Kind: connectors.DurationSetting, Help: "Time between two complete listings, which find what no poll shows; `never` turns them off."},
		{Name: "mappings", Kind: connectors.ListSetting, Help: "Files laid over the connector's own mapping: more fields, filters."},
		{Name: "region", Kind: connectors.StringSetting, Help: "Country whose numbering plan reads phone numbers without a country code, when neither the mapping nor the record's address says one: two capital letters."},
		{Name: "quota_share", Kind: connectors.NumberSetting, Default: "1", Help: "Share of the account's quota that Millrace may use, above 0 and at most 1."},
		{Name: "workers", Kind: connectors.IntSetting, Default: "0", Help: "Items written to a target at the same time; 0 is what the account allows."},
		{Name: "redirect_port", Kind: connectors.IntSetting, Default: "8765", Help: "Port of this machine that the browser comes back to in `millrace auth`; register `http://localhost:8765/callback` with the vendor's app as a callback or redirect address. 0 takes a free port, for vendors that want none registered."},
	}
}

func isCommon(key string) bool {
	return slices.ContainsFunc(Common(), func(s connectors.Setting) bool { return s.Name == key })
}

// Key is a key of the configuration outside of connections.
type Key struct{ Name, Default, Help string }

// Keys lists the keys outside of connections, in the order of the starter file.
func Keys() []Key {
	return slices.Concat([]Key{
		{"data", "data", "Directory of the ledger, relative to the file."},
		{"workspace", "default", "Name that separates several customers of one ledger."},
		{"connections", "", "The accounts, by names of your choice."},
		{"targets", "", "Connections that are written to; all that can be when left out."},
		{"rules", "", "Files with work rules; `default` in the list includes the built-in ones, which are used alone when left out."},
		{"lifecycle", "", "File with a team's own stages, words for them, churn, kinds of pipeline stages and categories; the built-in ladder when left out."},
		{"survivorship", "", "File with rules that say whose value a customer shows when sources disagree; the built-in ones when left out."},
	}, identityHelp, webhookHelp, []Key{
		{"delivery.attempts", "8", "Tries before an item that fails alone becomes a dead letter."},
		{"delivery.close_share", "0.10", "Most a run may close without `--force`, as a share of the items shown; 20 are always allowed."},
		{"delivery.recheck", "2m", "How long after an item was made in doubt, because a process died or an answer was lost, its project is looked through once more for a second one."},
		{"admin.listen", "127.0.0.1:8087", "Address of `/healthz`, `/readyz` and `/metrics`; `\"\"` serves none."},
		{"ledger.key", "", "32 bytes in base64 or hex that seal OAuth tokens and name who is suppressed; a key in the data directory when left out."},
		{"ledger.former_keys", "", "Keys that `ledger.key` replaced: whom they suppressed stays suppressed."},
		{"privacy.on_vendor_erasure", "forget_record", "When a vendor deletes a record for privacy: `forget_record` forgets that one, `erase_customer` erases and suppresses the customer in all sources."},
		{"log.level", "info", "One of debug, info, warn, error."},
		{"log.format", "", "`text` or `json`; when left out, json for a daemon that no terminal shows, else text."},
	})
}

// helpOf returns the help of a key.
func helpOf(name string) string {
	for _, k := range Keys() {
		if k.Name == name {
			return k.Help
		}
	}
	for _, s := range Common() {
		if s.Name == name {
			return s.Help
		}
	}
	return ""
}
