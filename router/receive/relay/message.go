package relay

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Batch is what one request carries.
type Batch struct {
	Spool string     `json:"spool"` // name of the spool that gave the numbers
	Sent  time.Time  `json:"sent"`
	List  []Numbered `json:"list"`
}

// Numbered is a delivery with its number in the spool. Numbers grow.
type Numbered struct {
	Number     uint64              `json:"n"`
	Connection string              `json:"connection"`
	Request    connectors.Delivery `json:"request"`
}

// Receipt is what the hub answers when the whole batch is stored.
type Receipt struct {
	UpTo   uint64 `json:"up_to"`  // the last number of the batch
	Stored int    `json:"stored"` // of them, those that were new
}

const (
	// signatureHeader holds the HMAC-SHA256, in hexadecimal digits, of request and answer.
	signatureHeader = "Millrace-Signature"
	// doorHeader holds a proof of the key that is the same for every request. It says nothing about the batch; it keeps
	// strangers from having the hub read megabytes before it can tell that the signature is wrong.
	doorHeader = "Millrace-Door"
	// MostBytes bounds a request: a batch, or a single delivery of the largest body in base64.
	MostBytes = 24 << 20
	// mostAge is how old a batch may be. The hub remembers a spool for longer (ledger.PutForwarded), so that a recorded
	// request is either known or too old. It is long because the clock of an exposed host may be wrong.
	mostAge = 30 * 24 * time.Hour
	// leastKey is how long a key must be.
	leastKey = 32
)

var errKey = errors.New("the key of forwarding is shorter than 32 characters")

// sign returns the signature of a message of one kind. What it is said about goes before it: an answer belongs to one
// request and to no other.
func sign(key connectors.Secret, kind, about string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte("millrace " + kind + " v1\n" + about + "\n"))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// door returns what opens the hub's door.
func door(key connectors.Secret) string { return sign(key, "door", "", nil) }

func same(want, got string) bool { return subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 1 }

// decode reads the only JSON value of a body.
func decode(body []byte, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return errors.New("is not what a relay sends")
	}
	return nil
}
