package work

import (
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"
	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// unanswered is the member of a rule's own person that is the oldest of its e-mails that nobody answered.
const unanswered = "unanswered"

// unansweredType is such an e-mail.
var unansweredType = types.Map{"subject": types.String, "since": types.String, "thread": types.String, "url": types.String}

const (
	// answerWithin is how far back is looked for unanswered mail, unless a rule that reads it says `within`. Without a bound a
	// first pass over a mailbox would ask for an answer to every "thank you" of the last ten years.
	answerWithin = 14 * 24 * time.Hour
	// answerMost bounds the e-mails that are looked at: with somebody who writes more than that in so short a time nobody
	// has forgotten to talk.
	answerMost = 200
)

// answerOwn adds the oldest unanswered e-mail to the value of the scene's own person, once. It is one that a human sent,
// and in whose thread nobody wrote to that person later; without threads, as many a CRM keeps e-mail, any later one answers.
func (s *scene) answerOwn() error {
	value, ok := s.env[string(canonical.Person)].(map[string]any)
	if !ok || s.answered {
		return nil
	}
	s.answered = true
	value[unanswered] = nil
	now, oldest := s.graph.Now(), (*Entity)(nil)
	list, err := s.recent(now.Add(-s.plan.answer), answerMost, func(e *Entity) bool {
		return text(e.Golden.Get("kind")) == "email" && isContact(e)
	})
	if err != nil {
		return err
	}
	answered, wroteLater := map[string]bool{}, false
	for _, e := range list { // the newest first
		at, thread := occurred(e), text(e.Golden.Get("thread"))
		switch text(e.Golden.Get("direction")) {
		case "outbound":
			answered[thread], wroteLater = true, true
		case "inbound":
			if at.After(now) {
				s.wake(at)
			} else if !answered[thread] && (thread != "" || !wroteLater) && s.wrote(e) {
				oldest = e
			}
		}
	}
	if oldest == nil {
		return nil
	}
	s.wake(occurred(oldest).Add(s.plan.answer + time.Second)) // then the next one is the oldest
	value[unanswered] = map[string]any{"subject": subjectOf(oldest), "since": timeText(occurred(oldest)),
		"thread": text(oldest.Golden.Get("thread")), "url": text(oldest.Golden.Get("url"))}
	return nil
}

// wrote reports whether an e-mail is from the scene's person and not from somebody who only sent it a copy. One that does not
// say who sent it is believed to be.
func (s *scene) wrote(e *Entity) bool {
	senders, own := 0, false
	gjson.ParseBytes(e.Golden.Get("participants")).ForEach(func(_, p gjson.Result) bool {
		if p.Get("role").Str == "from" {
			senders++
			own = own || s.holds(p.Get("address").Str) || slices.Contains(s.entity.Refs, p.Get("ref").Str)
		}
		return true
	})
	return own || senders == 0
}

// holds reports whether an address is the scene's person's.
func (s *scene) holds(address string) bool {
	key, _, err := canonical.CleanEmail(address)
	if err != nil {
		return false
	}
	found := false
	for i := range s.entity.Golden.Sources { // also one that did not survive into the golden record
		if src := &s.entity.Golden.Sources[i]; src.Live && src.Profile != nil {
			gjson.ParseBytes(src.Profile.Get("emails")).ForEach(func(_, p gjson.Result) bool {
				found = strings.EqualFold(p.Get("address").Str, key)
				return !found
			})
		}
		if found {
			return true
		}
	}
	return false
}

// accountOwner returns the owner of the person's organization.
func (s *scene) accountOwner() ([]*Entity, error) {
	orgs, err := s.follow(relation{kind: canonical.Organization, field: "organization", shape: one})
	if err != nil || len(orgs) == 0 {
		return nil, err
	}
	for _, ref := range refsIn(orgs[0].Golden.Get("owner")) {
		e, err := s.resolve(ref)
		if err != nil || isLive(e, canonical.Owner) {
			return []*Entity{e}, err
		}
	}
	return nil, nil
}
