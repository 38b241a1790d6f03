package salesforce

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/millrace/millrace/connectors"
)

// Salesforce signs nothing that it sends. What an outbound message is known by is a secret at the end of the address that
// it is sent to, and the organization's id in it; see also mutual TLS and Salesforce's addresses in the README.
// https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_om_outboundmessaging.htm

// hooks is what outbound messages are verified by.
type hooks struct {
	secret       connectors.Secret
	organization string // "" = any
}

// maxDelivery bounds a body. A message has at most 100 notifications.
const maxDelivery = 4 << 20

// Verify implements connectors.Webhook: the path must end with the secret, and only then is the body looked at, whose
// organization must be ours.
func (a *account) Verify(d connectors.Delivery) error {
	h := a.hooks
	switch {
	case h.secret.IsZero():
		return errors.New("verify delivery: no webhook_secret is configured, so nothing can be trusted")
	case len(h.secret.Reveal()) < connectors.LeastPathSecret:
		return fmt.Errorf("verify delivery: webhook_secret is shorter than %d characters, and nothing else protects it", connectors.LeastPathSecret)
	case len(d.Body) > maxDelivery:
		return fmt.Errorf("verify delivery: %d bytes, the most is %d", len(d.Body), maxDelivery)
	case d.Method != http.MethodPost:
		return errors.New("verify delivery: outbound messages are posted")
	}
	if !d.ShowsSecret(h.secret) {
		return errors.New("verify delivery: the path does not end with the secret; check webhook_secret and the endpoint of the outbound message")
	}
	if h.organization == "" {
		return nil
	}
	m, err := readMessage(d.Body)
	if err != nil {
		return fmt.Errorf("verify delivery: %w", err)
	}
	if len(m.notes) > 0 && long(m.organization) != long(h.organization) {
		return errors.New("verify delivery: it comes from another organization than organization_id")
	}
	return nil
}

// Parse implements connectors.Webhook. A message says of each row what it holds when it is sent, which may be later than
// the change and out of order; so it is only a hint to look. Rows of objects that are not read are ignored.
func (a *account) Parse(d connectors.Delivery) ([]connectors.Hint, error) {
	m, err := readMessage(d.Body)
	if err != nil {
		return nil, fmt.Errorf("parse delivery: %w", err)
	}
	var list []connectors.Hint
	seen := map[connectors.Ref]int{}
	for _, note := range m.notes {
		for _, hint := range a.hintsOf(note) {
			i, twice := seen[hint.Ref]
			switch {
			case !twice:
				seen[hint.Ref] = len(list)
				list = append(list, hint)
			case hint.At.After(list[i].At):
				list[i].At = hint.At
			}
		}
	}
	return list, nil
}

// hintsOf returns what one notification hints at: its row, under the name of every stream that may have it. A contact
// role hints at its opportunity.
func (a *account) hintsOf(n note) []connectors.Hint {
	sobject, id := n.sobject, n.id
	if sobject == rolesStream && a.reads(rolesStream) {
		sobject, id = opportunity, n.parent
	}
	if !isID(id) {
		return nil
	}
	var list []connectors.Hint
	for _, o := range a.named(sobject) {
		list = append(list, connectors.Hint{Ref: a.ref(o.name, id), At: n.at})
	}
	return list
}

// Answer implements connectors.Answerer. Anything but this acknowledgement makes Salesforce send the message again, for
// 24 hours.
func (a *account) Answer(_ connectors.Delivery, stored bool) connectors.Answer {
	status := http.StatusOK
	if !stored {
		status = http.StatusServiceUnavailable
	}
	body := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>` +
		`<notificationsResponse xmlns="` + outbound + `"><Ack>` + fmt.Sprint(stored) + `</Ack></notificationsResponse>` +
		`</soapenv:Body></soapenv:Envelope>` + "\n"
	return connectors.Answer{Status: status, ContentType: "text/xml; charset=utf-8", Body: []byte(body)}
}
