package salesforcetest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// claims are those of an assertion that matter.
type claims struct {
	Issuer   string      `json:"iss"`
	Subject  string      `json:"sub"`
	Audience string      `json:"aud"`
	Expires  json.Number `json:"exp"`
}

// maxExpiry is how far ahead an assertion may expire.
const maxExpiry = 5 * time.Minute

// assertion checks a JWT, see https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm. An
// assertion that is too old, also by a clock that is wrong, is an "expired authorization code".
func (s *Server) assertion(token, base string) *oauthError {
	app := s.auth.app
	if app == nil || app.Key == nil {
		return refused("invalid_client_id", "client identifier invalid")
	}
	c, ok := verified(token, app.Key)
	if !ok {
		return refused("invalid_grant", "invalid assertion")
	}
	seconds, err := c.Expires.Int64()
	expires, now := time.Unix(seconds, 0), s.now()
	switch {
	case c.Issuer != app.ClientID:
		return refused("invalid_client_id", "client identifier invalid")
	case !slices.Contains([]string{"https://login.salesforce.com", "https://test.salesforce.com", base}, strings.TrimSuffix(c.Audience, "/")):
		return refused("invalid_grant", "audience is invalid")
	case c.Subject != s.username():
		return refused("invalid_grant", "user hasn't approved this consumer")
	case err != nil || !expires.After(now):
		return refused("invalid_grant", "expired authorization code")
	case expires.Sub(now) > maxExpiry:
		return refused("invalid_grant", "invalid assertion")
	}
	return nil
}

// verified returns the claims of a token that is signed with RS256 by the key.
func verified(token string, key *rsa.PublicKey) (claims, bool) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, false
	}
	var raw [3][]byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(p, "="))
		if err != nil {
			return c, false
		}
		raw[i] = b
	}
	var head struct {
		Algorithm string `json:"alg"`
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if json.Unmarshal(raw[0], &head) != nil || head.Algorithm != "RS256" || rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw[2]) != nil {
		return c, false
	}
	return c, json.Unmarshal(raw[1], &c) == nil
}
