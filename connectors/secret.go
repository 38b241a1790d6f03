package connectors

import "log/slog"

// Secret is a value that must not be seen: every way of printing it shows ***. Reveal gives the text, to be used
// only where it is sent.
type Secret struct{ text string }

const redacted = "***"

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal returns the secret text.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether no secret is set.
func (s Secret) IsZero() bool { return s.text == "" }

// String returns ***.
func (Secret) String() string { return redacted }

// GoString returns ***, so that %#v is safe too.
func (Secret) GoString() string { return redacted }

// MarshalText returns ***, for JSON, YAML and everything else that encodes text.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns *** for slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
