package assertion

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// minBits is the smallest RSA key that RFC 7518 (3.3) allows for RS256.
const minBits = 2048

// Key reads an RSA private key in PEM, PKCS #1 or PKCS #8, not encrypted. Text before the key, as openssl writes it, and
// line ends written as \n, as environment variables often have them, do no harm. Its errors say what the text is
// instead, and never show any of it.
func Key(text connectors.Secret) (*rsa.PrivateKey, error) {
	pemText := text.Reveal()
	if !strings.Contains(pemText, "\n") {
		pemText = strings.ReplaceAll(pemText, `\n`, "\n")
	}
	var found string
	for rest := []byte(pemText); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return fromBlock(block)
		}
		found = block.Type
	}
	switch {
	case strings.Contains(found, "CERTIFICATE"):
		return nil, errors.New("the key is a certificate, which belongs to the vendor; the private key is needed")
	case strings.Contains(found, "PUBLIC KEY"):
		return nil, errors.New("the key is a public one; the private key is needed")
	case found != "":
		return nil, errors.New("there is no private key in the PEM text")
	}
	return nil, errors.New("the key is not PEM text; it begins with -----BEGIN PRIVATE KEY----- and is best given as file:PATH")
}

func fromBlock(b *pem.Block) (*rsa.PrivateKey, error) {
	if b.Type == "ENCRYPTED PRIVATE KEY" || b.Headers["DEK-Info"] != "" {
		return nil, errors.New("the private key is encrypted; `openssl pkey -in KEY -out PLAIN` decrypts it")
	}
	if b.Type == "OPENSSH PRIVATE KEY" {
		return nil, errors.New("the private key is in OpenSSH's format; `ssh-keygen -p -m PEM -f KEY` converts it")
	}
	key, err := parse(b)
	if err != nil {
		return nil, err
	}
	if bits := key.N.BitLen(); bits < minBits {
		return nil, fmt.Errorf("the RSA key has %d bits; at least %d are needed", bits, minBits)
	}
	if err := key.Validate(); err != nil {
		return nil, errors.New("the private key is damaged")
	}
	return key, nil
}

func parse(b *pem.Block) (*rsa.PrivateKey, error) {
	if b.Type == "EC PRIVATE KEY" {
		return nil, errors.New("the private key is one for elliptic curves; an RSA key is needed")
	}
	if key, err := x509.ParsePKCS1PrivateKey(b.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(b.Bytes)
	if err != nil {
		return nil, errors.New("the private key is damaged")
	}
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey, ed25519.PrivateKey:
		return nil, errors.New("the private key is one for elliptic curves; an RSA key is needed")
	}
	return nil, errors.New("the private key is of a kind that is not supported; an RSA key is needed")
}
