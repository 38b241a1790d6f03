package connectors

import (
	"fmt"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// SettingKind is the type of a setting's value in the configuration.
type SettingKind string

// The kinds of setting.
const (
	StringSetting   SettingKind = "string"
	SecretSetting   SettingKind = "secret"
	IntSetting      SettingKind = "int"
	NumberSetting   SettingKind = "number"
	BoolSetting     SettingKind = "bool"
	DurationSetting SettingKind = "duration" // Go syntax, `90s`
	URLSetting      SettingKind = "url"      // without a slash at the end, which is taken away
	ListSetting     SettingKind = "list"     // of strings
)

// Setting declares one key of a connection's configuration.
type Setting struct {
	Name string
	Kind SettingKind
	Help string // one sentence, shown everywhere; required
	// Default may name settings that stand before this one, `https://{subdomain}.zendesk.com`: when one of those is not
	// set, this one is not set either.
	Default string
	// Derive, instead of Default, makes the value out of settings that stand before this one (Mailchimp: the data centre is
	// the end of the API key); "" = not set.
	Derive   func(Values) string
	Required bool
	Choices  []string // the only values allowed; nil = any
	Advanced bool     // documented, but not part of what `init` writes
	Mapped   bool     // the mapping's rules may read it as the variable {$name}
	Streams  bool     // a list of streams to read; those of all such settings together are read, and nothing else
	// Webhook says that deliveries of webhooks are verified with it; nothing else is needed where only those are taken.
	Webhook WebhookUse
}

// WebhookUse is what a setting does for webhooks.
type WebhookUse string

// What settings do for webhooks. A connector that receives them has a secret of one of the two kinds, or of both, and without
// any takes nothing (invariant 5).
const (
	NoWebhook     WebhookUse = ""
	WebhookSecret WebhookUse = "signature" // the secret of the signatures
	WebhookPath   WebhookUse = "path"      // a secret at the end of the path, where the vendor signs nothing
	WebhookCheck  WebhookUse = "check"     // not secret, and compared all the same: an account, a version
)

// WebhookProofs returns the settings whose secrets deliveries are known by, none for a connector that receives none. Of
// several one must be set: what is set must hold.
func (s Spec) WebhookProofs() (list []Setting) {
	for _, set := range s.Settings {
		if set.Webhook == WebhookSecret || set.Webhook == WebhookPath {
			list = append(list, set)
		}
	}
	return list
}

// BaseURL is the setting every connector has, so that it can be pointed at a simulator or a proxy.
func BaseURL(def string) Setting {
	return Setting{Name: "base_url", Kind: URLSetting, Default: def, Advanced: true,
		Help: "Address of the vendor's API; change it only for a simulator, a proxy or a regional host."}
}

// Values are the checked settings of one connection, defaults filled in.
type Values struct {
	text map[string]string
	list map[string][]string
}

// Problem is one defect of a connection's settings.
type Problem struct {
	Key     string // the setting, so that the loader can point at its line
	Message string
}

// StreamsIn returns the streams that the settings name, each once, and nil when no setting of the connector names any.
func (s Spec) StreamsIn(v Values) []string {
	var names []string
	for _, set := range s.Settings {
		if !set.Streams {
			continue
		}
		for _, name := range v.List(set.Name) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Parse checks raw settings (as decoded from YAML) against the declarations and returns all problems at once.
func (s Spec) Parse(raw map[string]any) (Values, []Problem) {
	v := Values{text: map[string]string{}, list: map[string][]string{}}
	var problems []Problem
	known := map[string]bool{}
	for _, set := range s.Settings {
		known[set.Name] = true
		if err := v.take(set, raw[set.Name]); err != nil {
			problems = append(problems, Problem{Key: set.Name, Message: err.Error()})
		}
	}
	for key := range raw {
		if !known[key] {
			problems = append(problems, Problem{Key: key, Message: s.unknown(key)})
		}
	}
	sort.Slice(problems, func(i, j int) bool { return problems[i].Key < problems[j].Key })
	return v, problems
}

func (v *Values) take(set Setting, raw any) error {
	if set.Kind == ListSetting {
		list, err := toList(raw)
		if err != nil {
			return err
		}
		if list == nil && set.Default != "" {
			list = strings.Split(set.Default, ",")
		}
		v.list[set.Name] = list
		return checkChoices(set, list...)
	}
	text, err := toText(raw)
	if err != nil {
		return err
	}
	if text == "" {
		text = v.fill(set.Default)
	}
	if text == "" && set.Derive != nil {
		text = set.Derive(*v)
	}
	if text == "" {
		if set.Required {
			return fmt.Errorf("is required: %s", set.Help)
		}
		return nil
	}
	if set.Kind == URLSetting {
		text = strings.TrimRight(text, "/")
	}
	v.text[set.Name] = text
	if err := checkChoices(set, text); err != nil {
		return err
	}
	return set.Kind.check(text)
}

// fill puts the values of settings into a default; "" when one of them is not set.
func (v *Values) fill(text string) string {
	for from := strings.IndexByte(text, '{'); from >= 0; from = strings.IndexByte(text, '{') {
		name, rest, _ := strings.Cut(text[from+1:], "}")
		value := v.text[name]
		if value == "" || strings.Contains(value, "{") {
			return ""
		}
		text = text[:from] + value + rest
	}
	return text
}

func checkChoices(set Setting, values ...string) error {
	for _, value := range values {
		if len(set.Choices) > 0 && !slices.Contains(set.Choices, value) {
			return fmt.Errorf("%q is not one of %s", value, strings.Join(set.Choices, ", "))
		}
	}
	return nil
}

func (k SettingKind) check(text string) error {
	var err error
	switch k {
	case IntSetting:
		_, err = strconv.Atoi(text)
	case NumberSetting:
		_, err = strconv.ParseFloat(text, 64)
	case BoolSetting:
		_, err = strconv.ParseBool(text)
	case DurationSetting:
		var d time.Duration
		if d, err = time.ParseDuration(text); err == nil && d < 0 {
			err = fmt.Errorf("negative")
		}
	case URLSetting:
		var u *url.URL
		if u, err = url.Parse(text); err == nil && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			err = fmt.Errorf("no http or https address")
		}
	}
	if err != nil {
		return fmt.Errorf("%q is not a %s", text, k)
	}
	return nil
}

func toText(raw any) (string, error) {
	switch x := raw.(type) {
	case nil:
		return "", nil
	case string:
		return x, nil
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(x), nil
	}
	return "", fmt.Errorf("must be a single value")
}

func toList(raw any) ([]string, error) {
	switch x := raw.(type) {
	case nil:
		return nil, nil
	case []string:
		return x, nil
	case []any:
		list := make([]string, 0, len(x))
		for _, e := range x {
			text, err := toText(e)
			if err != nil {
				return nil, err
			}
			list = append(list, text)
		}
		return list, nil
	}
	return nil, fmt.Errorf("must be a list")
}

// String returns the setting's text, "" when it is not set.
func (v Values) String(name string) string { return v.text[name] }

// Secret returns a secret setting.
func (v Values) Secret(name string) Secret { return NewSecret(v.text[name]) }

// List returns a list setting.
func (v Values) List(name string) []string { return v.list[name] }

// Int returns an int setting, 0 when it is not set.
func (v Values) Int(name string) int { n, _ := strconv.Atoi(v.text[name]); return n }

// Number returns a number setting, 0 when it is not set.
func (v Values) Number(name string) float64 { f, _ := strconv.ParseFloat(v.text[name], 64); return f }

// Bool returns a bool setting, false when it is not set.
func (v Values) Bool(name string) bool { b, _ := strconv.ParseBool(v.text[name]); return b }

// Duration returns a duration setting, 0 when it is not set.
func (v Values) Duration(name string) time.Duration {
	d, _ := time.ParseDuration(v.text[name])
	return d
}
