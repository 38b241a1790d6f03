package hubspot_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// signV1 and signV3 are written from HubSpot's description, apart from both the connector's and the simulator's.
func signV1(body []byte) string {
	sum := sha256.Sum256(append([]byte(testSecret), body...))
	return hex.EncodeToString(sum[:])
}

func signV3(method, address string, body []byte, stamp string) string {
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(method + address + string(body) + stamp))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
