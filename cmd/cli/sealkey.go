package cli

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace/millrace/cmd/cli/config"
)

// sealFile holds the key that seals OAuth tokens when the configuration names none. It protects a copied ledger, not a
// copied data directory; configure ledger.key to keep the key elsewhere.
const sealFile = "seal.key"

// sealKey returns the configured key, or the one in the data directory, which it makes the first time.
func sealKey(cfg *config.Config) ([]byte, error) {
	if !cfg.Ledger.Key.IsZero() {
		key, err := parseKey(cfg.Ledger.Key.Reveal())
		return key, withCode(exitConfig, err)
	}
	name := filepath.Join(cfg.Data, sealFile)
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		if err = writeKey(name, []byte(newKey())); err == nil {
			text, err = os.ReadFile(name) // another process may have been faster
		}
	}
	if err != nil {
		return nil, withCode(exitUnreachable, fmt.Errorf("key that seals tokens: %w", err))
	}
	key, err := parseKey(strings.TrimSpace(string(text)))
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return key, withCode(exitConfig, err)
}

// formerKeys returns the keys that the present one replaced.
func formerKeys(cfg *config.Config) ([][]byte, error) {
	var list [][]byte
	for i, secret := range cfg.Ledger.Former {
		key, err := parseKey(secret.Reveal())
		if err != nil {
			return nil, withCode(exitConfig, fmt.Errorf("ledger.former_keys[%d] is not 32 bytes in base64 or hex", i))
		}
		list = append(list, key)
	}
	return list, nil
}

// writeKey makes the file appear whole and durable or not at all: tokens are sealed with the key from the next moment on,
// and a half-written one would keep every later start from going on. A file that appeared meanwhile stays, and a link that
// somebody put there is not followed.
func writeKey(name string, text []byte) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, sealFile+".*") // for its owner only
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), name)
	}
	if errors.Is(err, os.ErrExist) {
		err = nil
	}
	if err = errors.Join(err, os.Remove(f.Name())); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails since Go 1.24
	return base64.StdEncoding.EncodeToString(key)
}

// parseKey reads 32 bytes in base64 or hex.
func parseKey(text string) ([]byte, error) {
	if key, err := hex.DecodeString(text); err == nil && len(key) == 32 {
		return key, nil
	}
	if key, err := base64.StdEncoding.DecodeString(text); err == nil && len(key) == 32 {
		return key, nil
	}
	return nil, errors.New("ledger.key is not 32 bytes in base64 or hex; `openssl rand -base64 32` makes one")
}
