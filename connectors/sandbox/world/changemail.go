package world

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/imap/imaptest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
)

// changeMailchimp has somebody leave a list, or come back by the form.
func (w *World) changeMailchimp(rng *rand.Rand) (string, error) {
	members := w.Mailchimp.Members()
	m := members[rng.IntN(len(members))]
	status := "unsubscribed"
	if m.Status != "subscribed" {
		status = "subscribed"
	}
	return "Mailchimp member " + m.ID + ": is now " + status, w.Mailchimp.Set(mailchimptest.Member{Status: status, ByPerson: true}, m.ID)
}

// changeActiveCampaign has somebody leave the list, or come back.
func (w *World) changeActiveCampaign(rng *rand.Rand) (string, error) {
	contacts := w.ActiveCampaign.Rows("contacts")
	id := contacts[rng.IntN(len(contacts))].ID
	if rng.IntN(2) == 0 {
		return "ActiveCampaign contact " + id + ": left the list", w.ActiveCampaign.Subscribe(id, "1", activecampaigntest.Unsubscribed)
	}
	return "ActiveCampaign contact " + id + ": is on the list", w.ActiveCampaign.Subscribe(id, "1", activecampaigntest.Subscribed)
}

// writeMail has a contact that HubSpot knows write a mail, which the mailbox tells of at once.
func (w *World) writeMail(rng *rand.Rand) (string, error) {
	contacts := w.HubSpot.Objects("contacts")
	if len(contacts) == 0 {
		return "nobody writes", nil
	}
	from := contacts[rng.IntN(len(contacts))]
	n := rng.IntN(1_000_000)
	raw := strings.Join([]string{
		fmt.Sprintf("Message-ID: <live.%d@customer.example>", n), "Date: " + w.Clock.Now().Format(time.RFC1123Z), "From: " + from.Properties["email"],
		"To: " + imaptest.DefaultUser, fmt.Sprintf("Subject: A question, no. %d", n), "", "Hello,", "", "could you call me back today?", ""}, "\r\n")
	_, err := w.IMAP.Append("INBOX", []byte(raw))
	return "Mail of HubSpot contact " + from.ID + ": a question", err
}
