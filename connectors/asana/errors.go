package asana

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// reasonPaid is the Reason of a refusal for want of a paid plan.
const reasonPaid = "needs a paid plan"

// notForFree is how a 403 said so before 2018 and still may
// (https://forum.asana.com/t/premium-only-api-error-changes/17088).
const notForFree = "not available for free"

// explain reads `{"errors":[{"message","help","phrase"}]}` (https://developers.asana.com/docs/errors). The phrase is
// what Asana's support asks for after a 500.
func explain(status int, _ http.Header, body []byte) rest.Problem {
	message, phrase := complaint(body)
	p := rest.Problem{Reason: reason(message), Trace: phrase}
	switch {
	case status == http.StatusPaymentRequired || status == http.StatusForbidden && strings.Contains(message, notForFree):
		p.Kind, p.Reason = connectors.Rejected, reasonPaid
	case status == http.StatusForbidden && aboutOneObject.MatchString(message):
		// Somebody closed one project to this user; that must not stop the connection.
		p.Kind = connectors.Rejected
	case status == http.StatusFailedDependency || status == http.StatusUnavailableForLegalReasons:
		p.Kind = connectors.Rejected
	}
	return p
}

// complaint returns the vendor's first message and phrase.
func complaint(body []byte) (message, phrase string) {
	var answer struct {
		Errors []struct{ Message, Phrase string }
	}
	if json.Unmarshal(body, &answer) != nil || len(answer.Errors) == 0 {
		return "", ""
	}
	return answer.Errors[0].Message, plainPhrase(answer.Errors[0].Phrase)
}

// plainPhrase keeps a support phrase only if it looks like one, `6 sad squid snuggle softly`.
func plainPhrase(s string) string {
	if len(s) > 100 || strings.ContainsFunc(s, func(r rune) bool {
		return r != ' ' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}) {
		return ""
	}
	return s
}

var (
	aboutOneObject = regexp.MustCompile(`(?i)not have (access|permission)|^(task|project|section|custom_field|user)\b`)
	fieldName      = regexp.MustCompile(`^[a-z_]+(\[\d+\])?(\.[a-z_]+)*$`)
	bareID         = regexp.MustCompile(`\b\d{6,}\b`)
)

// phrases are the parts of Asana's messages that may be shown; a message may quote what we sent, which may be personal
// (invariant 9), so nothing else of it is.
var phrases = []string{
	"Missing input", "Unknown object", "Not a recognized ID", "Not a valid", "Not Authorized", "Forbidden", "Server Error",
	"is not on given object", "is not a valid", "already exists", "too long", "too large", "pagination token has expired",
	"rate limit", "does not have access", "No matching route", "Invalid", "invalid XML", "not a date", "not an email",
	"Cannot", "must be", "must specify", "scope", "Not a Long", "No matching", "Sync token invalid or too old",
	"do not have permission", "does not exist", "not found", "unexpected",
}

// reason says what a message is about without what it quotes: the field, known phrases and ids.
func reason(message string) string {
	if message == "" {
		return ""
	}
	var parts []string
	if head, _, ok := strings.Cut(message, ":"); ok && len(head) < 60 && fieldName.MatchString(head) {
		parts = append(parts, head+":")
	} else if strings.HasPrefix(strings.ToLower(message), "custom") {
		parts = append(parts, "custom_field:")
	}
	lower := strings.ToLower(message)
	for _, p := range phrases {
		if strings.Contains(lower, strings.ToLower(p)) {
			parts = append(parts, p)
		}
	}
	parts = append(parts, bareID.FindAllString(message, 3)...)
	return strings.Join(parts, " ")
}

// needsPaid reports whether the account's plan lacks what was asked for.
func needsPaid(err error) bool {
	var e *connectors.Error
	return errors.As(err, &e) && e.Reason == reasonPaid
}

// refused reports whether the vendor answered that it did not do what was asked, so that repeating cannot double it.
func refused(err error) bool {
	s := status(err)
	return s == http.StatusBadRequest || s == http.StatusForbidden || s == http.StatusNotFound
}
