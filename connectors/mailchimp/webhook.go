package mailchimp

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/form"
)

// firedAt is how deliveries write the time of their event, in UTC.
const firedAt = "2006-01-02 15:04:05"

// Parse implements connectors.Webhook. A delivery is a form with one event. What it says of a member is never believed:
// recorded deliveries differ from the documents (an unsubscribe without its action, an upemail without the id of the old
// address), and upemail and profile come in any order. So it is a hint to look. Events of what is not read, and unknown
// ones, are ignored. https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/
func (a *account) Parse(d connectors.Delivery) ([]connectors.Hint, error) {
	v, err := form.Parse(d.Body)
	if err != nil {
		return nil, fmt.Errorf("parse delivery: %w", err)
	}
	kind, list := v.Get("type"), v.Get("data", "list_id")
	if kind == "" {
		return nil, errors.New("parse delivery: it has no type")
	}
	at, err := time.Parse(firedAt, v.Get("fired_at"))
	if err != nil {
		at = time.Time{}
	}
	switch kind {
	case "subscribe", "unsubscribe", "profile":
		return a.hooks.member(list, v.Get("data", "id"), at)
	case "upemail": // the same contact under another address; the ids of the two addresses are all it says
		return a.hooks.member(list, v.Get("data", "new_id"), at)
	case "cleaned":
		return a.hooks.cleaned(list, at)
	case "campaign":
		return a.hooks.campaign(v.Get("data", "id"), at)
	}
	return nil, nil
}

// hooks understands Mailchimp's webhooks.
type hooks struct {
	connection string
	path       connectors.Secret   // at the end of the path
	signing    []connectors.Secret // any of them
	streams    []string
}

// member hints at the member with an address. An event without it is an error, so that somebody sees it.
func (h hooks) member(list, email string, at time.Time) ([]connectors.Hint, error) {
	if !isID(list) || !isID(email) {
		return nil, errors.New("parse delivery: an event of a member names no audience or no address id")
	}
	return h.hint(membersStream, list+":"+byEmail+":"+email, at), nil
}

// cleaned hints at everybody who was cleaned since then: the event names the address only.
func (h hooks) cleaned(list string, at time.Time) ([]connectors.Hint, error) {
	if !isID(list) || at.Unix() <= overlap {
		return nil, errors.New("parse delivery: an event names no audience or no time")
	}
	return h.hint(membersStream, list+":"+byCleaned+":"+digits(int(at.Unix())), at), nil
}

// campaign hints at a campaign that was sent or cancelled.
func (h hooks) campaign(id string, at time.Time) ([]connectors.Hint, error) {
	if !isID(id) {
		return nil, errors.New("parse delivery: an event of a campaign does not name it")
	}
	return h.hint(campaignsStream, id, at), nil
}

func (h hooks) hint(object, id string, at time.Time) []connectors.Hint {
	if !slices.Contains(h.streams, object) {
		return nil
	}
	return []connectors.Hint{{Ref: connectors.Ref{Connection: h.connection, Object: object, ID: id}, At: at}}
}
