// Package assertion makes the signed assertions by which a client that holds a private key asks for a token (RFC 7523):
// RS256, the one algorithm of the vendors here.
//
// It does not send them (package oauth does) and does not read the key's file: a setting `file:PATH` already is the
// file's content. golang.org/x/oauth2/jws is not used, it is not meant for others and may go away; golang-jwt would be a
// dependency for one signature.
package assertion

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/connectors"
)

// defaultLife is what Salesforce's documents ask for: at most three minutes
// (https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm). It also is how far our clock may be
// ahead of theirs.
const defaultLife = 3 * time.Minute

// Claims says who asks whom for whose token.
type Claims struct {
	Issuer   string        // `iss`: the client id
	Subject  string        // `sub`: the user that the token acts as
	Audience string        // `aud`: the token's issuer, not always the address that is asked
	Life     time.Duration // from now until `exp`; 0 = 3 min, the most that Salesforce takes
}

// New returns what connectors.OAuth.Assertion wants. key is a PEM text, see Key.
func New(key connectors.Secret, c Claims) (func(now time.Time) (connectors.Secret, error), error) {
	private, err := Key(key)
	if err != nil {
		return nil, err
	}
	if c.Issuer == "" || c.Subject == "" || c.Audience == "" {
		return nil, errors.New("an assertion needs an issuer, a subject and an audience")
	}
	if c.Life <= 0 {
		c.Life = defaultLife
	}
	return func(now time.Time) (connectors.Secret, error) { return sign(private, c, now) }, nil
}

// sign leaves out `iat` and `jti`: Salesforce asks for neither, and a clock that is a little ahead would make an `iat`
// of the future.
func sign(key *rsa.PrivateKey, c Claims, now time.Time) (connectors.Secret, error) {
	claims, err := json.Marshal(struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		Expiry   int64  `json:"exp"`
	}{c.Issuer, c.Subject, c.Audience, now.Add(c.Life).Unix()})
	if err != nil {
		return connectors.Secret{}, fmt.Errorf("encode assertion: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return connectors.Secret{}, errors.New("sign assertion: the private key does not sign")
	}
	return connectors.NewSecret(text + "." + encode(signature)), nil
}
