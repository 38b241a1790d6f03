package ledger

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"strings"

	"github.com/millrace/millrace/router/ledger/kv"
)

// errNoKey says that secrets cannot be kept.
var errNoKey = errors.New("the ledger has no key to seal tokens with: set the key of the data directory")

// newSeal returns AES-256-GCM under the key, nil for no key.
func newSeal(key []byte) (cipher.AEAD, error) {
	if len(key) == 0 {
		return nil, nil
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("open ledger: the key has %d bytes, not 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// sealFor is what a sealed text is bound to: moved to another connection, part of it or workspace it does not open. A name
// holds no zero byte, so nothing else is bound to the same.
func (l *Ledger) sealFor(connection string, part ...string) []byte {
	return []byte(l.ws + strings.Join(append([]string{connection}, part...), nul))
}

// hooksPart is where the secrets of webhooks lie beside a connection's token.
const hooksPart = "webhooks"

// PutHooks seals what is known of a connection's webhooks, secrets among it, and keeps it, replacing what was there.
func (l *Ledger) PutHooks(ctx context.Context, connection string, text []byte) error {
	return l.putSealed(ctx, connection, text, hooksPart)
}

// Hooks returns what PutHooks kept, nil when there is nothing.
func (l *Ledger) Hooks(ctx context.Context, connection string) ([]byte, error) {
	return l.sealed(ctx, connection, hooksPart)
}

// PutSecret seals text and keeps it for a connection, replacing what was there.
func (l *Ledger) PutSecret(ctx context.Context, connection string, text []byte) error {
	return l.putSealed(ctx, connection, text)
}

func (l *Ledger) putSealed(ctx context.Context, connection string, text []byte, part ...string) error {
	if err := checkName("connection", connection); err != nil {
		return err
	}
	if l.seal == nil {
		return fmt.Errorf("store token of %s: %w", connection, errNoKey)
	}
	sealed := l.seal.Seal(nil, nil, text, l.sealFor(connection, part...))
	return l.update(ctx, "store token of "+connection, func(c *change) error {
		return c.tx.Put(bToken, l.at(append([]string{connection}, part...)...), sealed)
	})
}

// Secret returns what PutSecret kept, nil when there is nothing. A text that does not open was sealed with another
// key, or moved, or damaged; the error says so and never shows it.
func (l *Ledger) Secret(ctx context.Context, connection string) ([]byte, error) {
	return l.sealed(ctx, connection)
}

func (l *Ledger) sealed(ctx context.Context, connection string, part ...string) ([]byte, error) {
	if err := checkName("connection", connection); err != nil {
		return nil, err
	}
	var sealed []byte
	err := l.view(ctx, "read token of "+connection, func(r kv.Reader) error {
		sealed = append([]byte(nil), r.Get(bToken, l.at(append([]string{connection}, part...)...))...)
		return nil
	})
	if err != nil || len(sealed) == 0 {
		return nil, err
	}
	if l.seal == nil {
		return nil, fmt.Errorf("read token of %s: %w", connection, errNoKey)
	}
	text, err := l.seal.Open(nil, nil, sealed, l.sealFor(connection, part...))
	if err != nil {
		return nil, fmt.Errorf("read token of %s: it was sealed with another key or is damaged; put the earlier key back (ledger.key, or seal.key in the data directory)",
			connection)
	}
	return text, nil
}

// PutLearnt keeps what a governor learnt under a name, so that the next run begins with it. Losing it costs time only.
func (l *Ledger) PutLearnt(ctx context.Context, name string, value []byte) error {
	if err := checkName("name", name); err != nil {
		return err
	}
	return l.update(ctx, "store learnt rate", func(c *change) error { return c.tx.Put(bLearnt, l.at(name), value) })
}

// Learnt returns what PutLearnt kept, nil when there is nothing.
func (l *Ledger) Learnt(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := l.view(ctx, "read learnt rate", func(r kv.Reader) error {
		value = append([]byte(nil), r.Get(bLearnt, l.at(name))...)
		return nil
	})
	return value, err
}
