package activecampaign

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/form"
)

// ActiveCampaign signs nothing that it sends, sends it once, and turns a webhook off for ever when it is answered 410
// (https://developers.activecampaign.com/page/webhooks). What a delivery is known by is a secret at the end of the
// address; polling stays the truth.

// Verify implements connectors.Webhook: the path that was really asked for must end with the secret.
func (a *account) Verify(d connectors.Delivery) error {
	switch {
	case a.secret.IsZero():
		return errors.New("verify delivery: no webhook_secret is configured, so nothing can be trusted")
	case len(a.secret.Reveal()) < connectors.LeastPathSecret:
		return fmt.Errorf("verify delivery: webhook_secret is shorter than %d characters, and nothing else protects it", connectors.LeastPathSecret)
	case len(d.Body) > form.MaxBody:
		return fmt.Errorf("verify delivery: %d bytes, the most is %d", len(d.Body), form.MaxBody)
	case d.Method != http.MethodPost:
		return errors.New("verify delivery: ActiveCampaign posts")
	}
	if !d.ShowsSecret(a.secret) {
		return errors.New("verify delivery: the path does not end with the secret; check webhook_secret and the address of the webhook")
	}
	return nil
}

// subjects are the fields that name what an event is about. An event about a deal names its contact, too.
var subjects = []struct {
	object string
	name   []string
}{
	{contactsStream, []string{"contact", "id"}},
	{dealsStream, []string{"deal", "id"}},
	{accountsStream, []string{"account", "id"}},
	{accountContactsStream, []string{"accountContact", "id"}},
}

// Parse implements connectors.Webhook. What a delivery says of its object is not believed but fetched, whatever the event:
// it is sent once, in no order, and the fields differ from those of the API. Also what was caused by an API is fetched,
// for it need not have been by us.
func (a *account) Parse(d connectors.Delivery) ([]connectors.Hint, error) {
	v, err := form.Parse(d.Body)
	if err != nil {
		return nil, fmt.Errorf("parse delivery: %w", err)
	}
	if v.Get("type") == "" {
		return nil, errors.New("parse delivery: it does not say what happened")
	}
	at, err := time.Parse(time.RFC3339, v.Get("date_time"))
	if err != nil {
		at = time.Time{} // nothing counts on it
	}
	var list []connectors.Hint
	for _, s := range subjects {
		if id := v.Get(s.name...); isID(id) && id != "0" && slices.Contains(a.streams, s.object) {
			list = append(list, connectors.Hint{Ref: a.ref(s.object, id), At: at.UTC()})
		}
	}
	return list, nil
}

// Answer implements connectors.Answerer. It is never 410, which would turn the webhook off for ever.
func (a *account) Answer(_ connectors.Delivery, stored bool) connectors.Answer {
	if stored {
		return connectors.Answer{Status: http.StatusOK}
	}
	return connectors.Answer{Status: http.StatusServiceUnavailable}
}
