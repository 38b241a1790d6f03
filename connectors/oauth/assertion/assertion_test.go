package assertion_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth/assertion"
)

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func text(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Every way a person may hold a key leads to the same signature's public key.
func TestKeys(t *testing.T) {
	key := rsaKey(t, 2048)
	one, eight := text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), text("PRIVATE KEY", pkcs8(t, key))
	for name, pem := range map[string]string{
		"PKCS #1": one, "PKCS #8": eight, "in an environment variable": strings.ReplaceAll(eight, "\n", `\n`),
		"after a certificate": text("CERTIFICATE", []byte("x")) + eight, "after words": "Bag Attributes\n  friendlyName: x\n" + one,
		"with Windows' line ends": strings.ReplaceAll(one, "\n", "\r\n"),
	} {
		got, err := assertion.Key(connectors.NewSecret(pem))
		if err != nil || !got.Equal(key) {
			t.Errorf("%s: got %v, want the key", name, err)
		}
	}
}

func TestWhatIsNoKeySaysWhatItIs(t *testing.T) {
	key := rsaKey(t, 2048)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	good := text("PRIVATE KEY", pkcs8(t, key))
	for name, c := range map[string]struct{ pem, want string }{
		"empty":           {"", "not PEM"},
		"a token":         {"pat-very-secret", "not PEM"},
		"certificate":     {text("CERTIFICATE", []byte("very-secret")), "is a certificate"},
		"request":         {text("CERTIFICATE REQUEST", []byte("very-secret")), "is a certificate"},
		"public key":      {text("PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey)), "is a public one"},
		"parameters":      {text("DH PARAMETERS", []byte("x")), "no private key"},
		"elliptic curve":  {text("PRIVATE KEY", pkcs8(t, curve)), "elliptic curves"},
		"elliptic, SEC 1": {text("EC PRIVATE KEY", sec1), "elliptic curves"},
		"encrypted":       {text("ENCRYPTED PRIVATE KEY", []byte("very-secret")), "is encrypted"},
		"encrypted, old":  {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\neA==\n-----END RSA PRIVATE KEY-----\n", "is encrypted"},
		"OpenSSH":         {text("OPENSSH PRIVATE KEY", []byte("very-secret")), "OpenSSH"},
		"damaged":         {text("PRIVATE KEY", []byte("very-secret")), "is damaged"},
		"cut off":         {good[:len(good)/2], "not PEM"},
		"too small":       {text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey(t, 1024))), "has 1024 bits"},
	} {
		_, err := assertion.Key(connectors.NewSecret(c.pem))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		} else if strings.Contains(err.Error(), "very-secret") || len(c.pem) > 10 && strings.Contains(err.Error(), c.pem[len(c.pem)-10:]) {
			t.Errorf("%s: %v shows the text", name, err)
		}
	}
}

func TestAssertion(t *testing.T) {
	key := rsaKey(t, 2048)
	sign, err := assertion.New(connectors.NewSecret(text("PRIVATE KEY", pkcs8(t, key))),
		assertion.Claims{Issuer: "3MVG9.client", Subject: "ana@acme.example", Audience: "https://login.salesforce.com"})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := sign(time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(signed.Reveal(), ".")
	if len(parts) != 3 {
		t.Fatalf("got %d parts, want header, claims and signature", len(parts))
	}
	for i, want := range []string{`{"alg":"RS256","typ":"JWT"}`,
		`{"iss":"3MVG9.client","sub":"ana@acme.example","aud":"https://login.salesforce.com","exp":1800000180}`} {
		if got, err := base64.RawURLEncoding.DecodeString(parts[i]); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		t.Errorf("got %v, want a signature of the key", err)
	}
}

func TestAssertionNeedsItsClaims(t *testing.T) {
	key := connectors.NewSecret(text("PRIVATE KEY", pkcs8(t, rsaKey(t, 2048))))
	for _, c := range []assertion.Claims{{Subject: "s", Audience: "a"}, {Issuer: "i", Audience: "a"}, {Issuer: "i", Subject: "s"}} {
		if _, err := assertion.New(key, c); err == nil {
			t.Errorf("%+v: got no error", c)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	f.Add("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		if key, err := assertion.Key(connectors.NewSecret(text)); err == nil && key == nil {
			t.Error("no key and no error")
		}
	})
}
