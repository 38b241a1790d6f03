package register

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/connectors"
)

// Action is what is done about a subscription.
type Action string

// The actions. Learn keeps what is there and asks for its secret.
const (
	Keep    Action = "keep"
	Create  Action = "create"
	Change  Action = "change"
	Replace Action = "replace" // deleted and created anew, for what cannot be changed
	Learn   Action = "learn"
	Remove  Action = "remove"
)

// What is wrong with those that are kept: nothing can be done about it at the vendor.
const (
	whyFailing = "what it delivered last was not taken"
	whyLost    = "some of what it delivered was not taken"
	whySilent  = "it does not seem to deliver"
)

// Step is one action and its reason.
type Step struct {
	Do   Action
	Want connectors.Subscription // with Keep, Create, Change, Replace and Learn
	Have connectors.Subscription // with all but Create
	Why  string                  // empty when all is well
}

// proof says how deliveries of a subscription are known.
type proof int

const (
	proven   proof = iota // by what is configured or kept
	readable              // the vendor shows the secret when it is asked
	lost                  // by a secret that nobody has any more
	renewed               // by another secret than the one that is kept; the vendor shows it
)

// know is what a plan has to know besides what is wanted and found.
type know struct {
	proof   func(connectors.Subscription) proof
	changes bool // the vendor changes subscriptions
}

// plan compares what is wanted with what is there of ours, and returns what makes them equal: what is missing first, so that
// nothing goes untold, and removals last. It is a function of its arguments: what is done once needs not be done twice.
func plan(wanted, ours []connectors.Subscription, k know) []Step {
	var steps, removals []Step
	left := slices.Clone(ours)
	slices.SortFunc(left, func(a, b connectors.Subscription) int { return cmp.Compare(a.ID, b.ID) })
	for _, want := range wanted {
		best := -1
		for i, have := range left {
			if have.Of == want.Of && (best < 0 || k.worth(have, want) > k.worth(left[best], want)) {
				best = i
			}
		}
		if best < 0 {
			steps = append(steps, Step{Do: Create, Want: want, Why: "there is none"})
			continue
		}
		have := left[best]
		left = slices.Delete(left, best, best+1)
		steps = append(steps, k.step(have, want))
	}
	for _, have := range left {
		why := "nothing that it tells of is read"
		if slices.ContainsFunc(wanted, func(w connectors.Subscription) bool { return w.Of == have.Of }) {
			why = "another one tells the same"
		}
		removals = append(removals, Step{Do: Remove, Have: have, Why: why})
	}
	return append(steps, removals...)
}

// step says what becomes of the one that is kept for what is wanted.
func (k know) step(have, want connectors.Subscription) Step {
	s := Step{Do: Keep, Have: have, Want: want}
	switch {
	case have.URL == "":
		s.Do, s.Why = Change, "it delivers nowhere"
	case have.URL != want.URL:
		s.Do, s.Why = Change, "it delivers to another address"
	case !slices.Equal(have.Events, want.Events):
		s.Do, s.Why = Change, "it tells of other events"
	case have.State == connectors.SubscriptionOff:
		s.Do, s.Why = Change, "it is off"
	case have.State == connectors.SubscriptionFailing:
		s.Why = whyFailing
	case have.State == connectors.SubscriptionSilent:
		s.Why = whySilent
	}
	switch proof := k.proof(have); {
	case proof == lost:
		s.Do, s.Why = Replace, "its secret is not known, so nothing that it delivers can be trusted"
	case s.Do == Change && !k.changes:
		s.Do = Replace
	case s.Do == Keep && proof == readable:
		s.Do, s.Why = Learn, "its secret is not known yet"
	case s.Do == Keep && proof == renewed:
		s.Do, s.Why = Learn, "it has another secret now, so nothing that it delivers is taken"
	}
	return s
}

// worth says which of several is kept: one that is right already, then one that works.
func (k know) worth(have, want connectors.Subscription) (n int) {
	if k.proof(have) != lost {
		n += 8
	}
	if have.URL == want.URL {
		n += 4
	}
	if have.State == connectors.SubscriptionOn {
		n += 2
	}
	if slices.Equal(have.Events, want.Events) {
		n++
	}
	return n
}

// Drift returns the steps that are to be done.
func Drift(steps []Step) []Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return s.Do == Keep })
}
