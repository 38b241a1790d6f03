package relay

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/millrace/millrace/connectors"
)

// seals encrypt secrets of vendors, each kind of text under a key of its own that is derived from the key of forwarding.
type seals struct {
	told    cipher.AEAD // from the hub to a receiver, bound to the request
	offered cipher.AEAD // from a receiver to the hub, bound to the window
	kept    cipher.AEAD // on the receiver's disk
}

func newSeals(key connectors.Secret) (s seals, err error) {
	for kind, to := range map[string]*cipher.AEAD{"told": &s.told, "offered": &s.offered, "kept": &s.kept} {
		if *to, err = newSeal(key, kind); err != nil {
			return seals{}, fmt.Errorf("derive a key from that of forwarding: %w", err)
		}
	}
	return s, nil
}

// newSeal returns AES-256-GCM with a nonce that it makes itself.
func newSeal(key connectors.Secret, kind string) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "millrace relay v1 seal "+kind, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
