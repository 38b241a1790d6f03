package lifecycle

import "time"

// Evidence is everything that speaks for a state of one person or organization. Times that are not known are zero:
// such evidence counts for the stage and not for when it was entered.
type Evidence struct {
	Claims    []Claim
	Sales     []Sale
	Purchases []Purchase
	Contacts  []Contact
	Requests  []Request
	Score     float64 // lead score, 0 for none
	Owned     bool    // somebody of us is responsible
	ICP       bool    // fits the target market
	Authority bool    // has the power to buy
	Manual    Manual
	Active    time.Time // latest sign of life that is not among the above; zero = none
	// People are those of an organization: it is where the furthest of them is.
	People []Evidence
}

// ClaimKind says what a claim is about.
type ClaimKind uint8

// The kinds of claim.
const (
	OfStage  ClaimKind = iota // the vendor's lifecycle stage
	OfStatus                  // the vendor's lead status
	OfKind                    // what an organization is to us: customer, partner …
)

// Claim is what one record says, or said.
type Claim struct {
	Source string // connection/object/id
	Kind   ClaimKind
	Value  string    // the vendor's word
	At     time.Time // since when it is known to say so
	Past   bool      // it says something else now
}

// Sale is a deal with this customer.
type Sale struct {
	Source         string
	Status         string // open, won or lost
	Opened, Closed time.Time
}

// Purchase is a transaction of this customer: order, invoice, payment, refund, subscription_start, renewal or cancel.
type Purchase struct {
	Source, Kind string
	At           time.Time
}

// Contact is an interaction with this customer, by the kinds of the model: call, meeting, form_submission, referral …
type Contact struct {
	Source, Kind, Direction string
	At                      time.Time
	Automated               bool
}

// Request is a ticket this customer opened.
type Request struct {
	Source string
	At     time.Time
}

// Manual is a stage that a person set: it holds against all evidence up to its time.
type Manual struct {
	Stage string // "" = none
	At    time.Time
	By    string // the reference of the record that says so
}
