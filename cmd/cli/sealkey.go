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
		text = []byte(newKey())
		err = os.WriteFile(name, text, 0o600)
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
