package connectors

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Delivery is one webhook request as it arrived.
type Delivery struct {
	Method string
	// URL is the public address the vendor was given, from the configuration; never guessed from the request,
	// because some vendors sign it.
	URL string
	// Path is the path that was asked for, as it arrived, without the host. With vendors that sign nothing (Salesforce's
	// outbound messages) a secret in it is the only proof, so it is never stored.
	Path string `json:"-"`
	// Header is as it came when Verify sees it. Parse sees what was stored: Content-Type and the vendor's own X- headers, no
	// credentials and nothing of proxies.
	Header   http.Header
	Body     []byte // raw: signatures are over these bytes
	Received time.Time
}

// LeastPathSecret is how many characters a secret must have that stands at the end of a path: nothing else protects it.
const LeastPathSecret = 16

// ShowsSecret reports whether the path that was asked for ends with the secret. How long it takes does not tell how much of it
// was right. No path shows a secret that is shorter than LeastPathSecret, or none.
func (d Delivery) ShowsSecret(secret Secret) bool {
	path := strings.TrimRight(d.Path, "/")
	got, want := sha256.Sum256([]byte(path[strings.LastIndexByte(path, '/')+1:])), sha256.Sum256([]byte(secret.Reveal()))
	return len(secret.Reveal()) >= LeastPathSecret && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// Hint says that a record may have changed, and is fetched before anything is believed. A deletion is the
// exception: there may be nothing left to fetch.
type Hint struct {
	Ref     Ref
	Deleted Deletion
	At      time.Time // the vendor's time of the event, zero when it does not say
}

// Webhook understands a vendor's deliveries. The receiver calls Verify first, always (invariant 5).
type Webhook interface {
	// Verify returns nil only for an authentic, fresh delivery; it fails when no secret is configured. An authentic one that is
	// not fresh fails with a *Stale.
	Verify(d Delivery) error
	// Parse returns what a verified delivery hints at; events it does not know are ignored.
	Parse(d Delivery) ([]Hint, error)
}

// Stale is the error of a delivery that its signature proves and its time alone refuses: it was kept back or is repeated by
// somebody who recorded it, or our clock is wrong. Whoever sent it must not learn the difference to a forged one.
type Stale struct {
	Age  time.Duration // of the delivery by our clock; negative when it was signed ahead of it
	Most time.Duration // what is taken, either way
}

// Error says how far the delivery is from our clock, and what that may come from.
func (s *Stale) Error() string {
	where, why := "before", "it comes late or once more, or this machine's clock is ahead"
	if s.Age < 0 {
		where, why = "after", "this machine's clock is behind"
	}
	return fmt.Sprintf("verify delivery: authentic, but signed %v %s our time, and the most is %v: %s", s.Age.Abs().Round(time.Second), where, s.Most, why)
}

// Fresh returns nil for a delivery that was signed at most so long before or after it was received, and a *Stale otherwise. It is
// asked once the signature was found good: only then is the time worth anything.
func (d Delivery) Fresh(signed time.Time, most time.Duration) error {
	if age := d.Received.Sub(signed); age > most || age < -most {
		return &Stale{Age: age, Most: most}
	}
	return nil
}

// Answerer is a Webhook whose vendor wants a certain answer (Salesforce: a SOAP acknowledgement). Without it the answer
// is an empty 200, or a bare 4xx or 5xx.
type Answerer interface {
	// Answer returns what to send once the delivery is durable, or, with stored false, when it could not be made so.
	Answer(d Delivery, stored bool) Answer
}

// Answer is what a delivery is answered with.
type Answer struct {
	Status      int
	ContentType string
	Header      map[string]string // besides the type
	Body        []byte
}

// Identifier is a Webhook whose vendor signs more than the body, a time for example. Without it a delivery is the same as
// one before when its body is.
type Identifier interface {
	// Identity returns what, besides the body, makes a verified delivery this one. Only what the signature covers may be in
	// it: whoever repeats a delivery could vary anything else, and it would be taken again.
	Identity(d Delivery) string
}

// Prober is a Webhook whose vendor asks whether the address is there by a request that is no delivery (Mailchimp's GET).
type Prober interface {
	// Probe returns nil for such a request when it shows the secret in its path. It is answered with an empty 200.
	Probe(d Delivery) error
}

// Handshaker is a Webhook whose vendor offers the secret itself, in a request to the address that it makes while we create
// the webhook (Asana). The receiver takes an offer only while Millrace is creating one at that very address: at any other
// time anybody could replace the secret by offering one (n8n, PR 37311).
type Handshaker interface {
	// Offer returns the secret that a delivery offers and the answer that accepts it, false when it offers none.
	Offer(d Delivery) (Secret, Answer, bool)
	Truster
}
