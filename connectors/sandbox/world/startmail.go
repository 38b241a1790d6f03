package world

import (
	"net"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/imap/imaptest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

func (w *World) startMailchimp(address string, o Options, customers sandbox.Customers) error {
	s := mailchimptest.New(mailchimptest.Options{Clock: w.Clock, Plan: w.Plan[Mailchimp], Log: w.Log[Mailchimp], Latency: o.Latency,
		Keys: []string{mailchimptest.DefaultKey}})
	s.Seed(customers)
	server, err := w.listen(Mailchimp, address, &o, s.Handler())
	if err != nil {
		return err
	}
	w.Mailchimp = s
	w.access[Mailchimp] = map[string]string{"base_url": server.URL, "api_key": mailchimptest.DefaultKey, "control_url": server.URL + "/__sandbox/"}
	return nil
}

func (w *World) startActiveCampaign(address string, o Options, customers sandbox.Customers) error {
	s := activecampaigntest.New(activecampaigntest.Options{Clock: w.Clock, Plan: w.Plan[ActiveCampaign], Log: w.Log[ActiveCampaign], Latency: o.Latency,
		Tokens: []string{activecampaigntest.DefaultToken}})
	s.Seed(customers)
	server, err := w.listen(ActiveCampaign, address, &o, s.Handler())
	if err != nil {
		return err
	}
	w.ActiveCampaign = s
	w.access[ActiveCampaign] = map[string]string{"base_url": server.URL, "api_token": activecampaigntest.DefaultToken, "control_url": server.URL + "/__sandbox/"}
	return nil
}

// startIMAP starts a mailbox. What speaks no HTTP has no address for control.
func (w *World) startIMAP(address string, o Options, customers sandbox.Customers) error {
	s := imaptest.New(imaptest.Options{Clock: w.Clock, Plan: w.Plan[IMAP], Log: w.Log[IMAP], Latency: o.Latency})
	s.Seed(customers)
	at, err := s.Listen(address)
	if err != nil {
		return err
	}
	w.servers = append(w.servers, s)
	w.IMAP = s
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return err
	}
	w.access[IMAP] = map[string]string{"host": host, "port": port, "user": imaptest.DefaultUser, "password": imaptest.DefaultPassword}
	return nil
}
