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
	Ask   *Ask       `json:"ask,omitempty"`
	Nonce string     `json:"nonce,omitempty"` // so that no answer fits twice
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
	Tell   *Tell  `json:"tell,omitempty"`
}

// Ask is what a receiver says of itself and wants to know. It comes with a batch that is empty, so that an older hub, which
// does not know it, answers all the same and without a Tell.
type Ask struct {
	Receiver string   `json:"receiver"`        // what it is called after a restart, too
	Echo     string   `json:"echo,omitempty"`  // Tell.Challenge of the last answer
	Has      string   `json:"has,omitempty"`   // Tell.Tag of what it goes by
	Hold     bool     `json:"hold,omitempty"`  // the answer may wait for something new
	Offer    *Offer   `json:"offer,omitempty"` // of a vendor
	Takes    []string `json:"takes,omitempty"` // connections
	Waiting  Waiting  `json:"waiting"`
}

// Waiting is what a receiver has that the hub has not.
type Waiting struct {
	Count int64 `json:"count"`
	// Seconds is how long the oldest has waited: an age, for the receiver's clock may be wrong.
	Seconds int64 `json:"seconds"`
}

// Offer is a secret that a vendor offers at a path where the hub expects one.
type Offer struct {
	Window string `json:"window"`
	Sealed []byte `json:"sealed"`
}

// Tell is what the hub answers to an Ask.
type Tell struct {
	// Challenge proves with the next Ask that it is no recorded one.
	Challenge string `json:"challenge"`
	// Tag names what a receiver is to go by now, and Sealed is that, unless the receiver has it.
	Tag    string `json:"tag"`
	Sealed []byte `json:"sealed,omitempty"`
	Taken  bool   `json:"taken,omitempty"` // the offered secret is durable at the hub
}

// state is what receivers go by.
type state struct {
	Secrets []trusted `json:"secrets"`
	Windows []window  `json:"windows,omitempty"`
}

// trusted are the secrets that deliveries at a path may be signed with.
type trusted struct {
	Path    string   `json:"path"`
	Secrets []string `json:"secrets"`
}

// window is a path at which a secret is expected now.
type window struct {
	Path string `json:"path"`
	Name string `json:"name"` // of this window and no other
}

const (
	// signatureHeader holds the HMAC-SHA256, in hexadecimal digits, of request and answer.
	signatureHeader = "Millrace-Signature"
	// doorHeader holds a proof of the key that is the same for every request. It says nothing about the batch; it keeps
	// strangers from having the hub read megabytes before it can tell that the signature is wrong.
	doorHeader = "Millrace-Door"
	// MostBytes bounds a request: a batch, or a single delivery of the largest body in base64.
	MostBytes = 24 << 20
	// mostAsk bounds a request that asks, and mostTell the answer: of ten thousand webhooks, say.
	mostAsk  = 64 << 10
	mostTell = 8 << 20
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
