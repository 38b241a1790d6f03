package world

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/pubsub"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// has reports whether a vendor is started.
func (o *Options) has(name string) bool { return o.Only == nil || slices.Contains(o.Only, name) }

// share is the part of the customers that a vendor knows. HubSpot knows everybody, and so does the mailbox, which has mail of
// some of them; the others know some of the same people and companies. A deal or a ticket is kept in one place: with
// Salesforce every other deal is there, with Zendesk every other ticket.
func (o *Options) share(vendor string) sandbox.Share {
	odd := func(i int) bool { return i%2 == 1 }
	even := func(i int) bool { return i%2 == 0 }
	none := func(int) bool { return false }
	switch vendor {
	case HubSpot:
		var s sandbox.Share
		if o.has(Salesforce) {
			s.Deal = even
		}
		if o.has(Zendesk) {
			s.Ticket = even
		}
		return s
	case Salesforce:
		return sandbox.Share{Organization: func(i int) bool { return i%4 != 3 }, Person: func(i int) bool { return i%3 != 2 }, Deal: odd, Ticket: none}
	case Zendesk:
		return sandbox.Share{Organization: even, Person: even, Deal: none, Ticket: odd}
	case Mailchimp:
		return sandbox.Share{Organization: none, Person: func(i int) bool { return i%5 != 4 }, Deal: none, Ticket: none}
	case ActiveCampaign:
		return sandbox.Share{Organization: none, Person: func(i int) bool { return i%4 == 1 }, Deal: none, Ticket: none}
	case IMAP:
		return sandbox.Share{Deal: none, Ticket: none}
	}
	return sandbox.Share{}
}

func (w *World) start(name, address string, o Options, customers sandbox.Customers) error {
	switch name {
	case HubSpot:
		return w.startHubSpot(address, o, customers)
	case Salesforce:
		return w.startSalesforce(address, o, customers)
	case Zendesk:
		return w.startZendesk(address, o, customers)
	case Mailchimp:
		return w.startMailchimp(address, o, customers)
	case ActiveCampaign:
		return w.startActiveCampaign(address, o, customers)
	case IMAP:
		return w.startIMAP(address, o, customers)
	}
	return w.startAsana(address, o, customers)
}

// listen puts a vendor on the network.
func (w *World) listen(name, address string, o *Options, h http.Handler) (*sandbox.Server, error) {
	server, err := sandbox.Listen(o.around(name, h), address)
	if err == nil {
		w.servers = append(w.servers, server)
	}
	return server, err
}

func (w *World) startHubSpot(address string, o Options, customers sandbox.Customers) error {
	s := hubspottest.New(hubspottest.Options{Clock: w.Clock, Plan: w.Plan[HubSpot], Log: w.Log[HubSpot], Latency: o.Latency,
		Tokens: []string{hubspottest.DefaultToken}, IndexLag: o.IndexLag, Limits: o.HubSpotLimits,
		App: &hubspottest.App{ClientID: clientID, ClientSecret: clientSecret, DeveloperKey: developerKey, Ask: true}})
	s.Seed(customers)
	server, err := w.listen(HubSpot, address, &o, s.Handler())
	if err != nil {
		return err
	}
	w.HubSpot = s
	w.access[HubSpot] = map[string]string{"base_url": server.URL, "token": hubspottest.DefaultToken, "client_id": clientID,
		"client_secret": clientSecret, "refresh_token": s.NewRefreshToken(), "control_url": server.URL + "/__sandbox/",
		"app_id": fmt.Sprint(hubspottest.AppID), "developer_api_key": developerKey, "portal_id": fmt.Sprint(s.PortalID())}
	return nil
}

func (w *World) startAsana(address string, o Options, customers sandbox.Customers) error {
	var users []asanatest.User
	for _, owner := range customers.Owners {
		users = append(users, asanatest.User{Name: owner.Given + " " + owner.Family, Email: owner.Email})
	}
	s := asanatest.New(asanatest.Options{Now: w.Clock.Now, Users: users, Latency: o.Latency, Limits: o.AsanaLimits,
		Apps: []asanatest.App{{ClientID: clientID, ClientSecret: clientSecret, Ask: true}}})
	handler := sandbox.Wrap(s.Handler(), sandbox.Options{Clock: w.Clock, Plan: w.Plan[Asana], Log: w.Log[Asana], State: s.State})
	server, err := w.listen(Asana, address, &o, handler)
	if err != nil {
		return err
	}
	w.Asana = s
	email := "ada@acme.example" // the first user of a workspace without generated ones
	if len(users) > 0 {
		email = users[0].Email
	}
	human, err := s.Human(email)
	if err != nil {
		return err
	}
	project, _ := human.AddProject("Sandbox")
	token, refresh := s.AppToken(clientID, "")
	w.access[Asana] = map[string]string{"base_url": server.URL + "/api/1.0", "token": asanatest.DefaultToken, "workspace": s.Workspace(),
		"project": project, "client_id": clientID, "client_secret": clientSecret, "refresh_token": refresh,
		"app_token": token, "control_url": server.URL + "/__sandbox/", "board_url": server.URL + "/board"}
	return nil
}

func (w *World) startSalesforce(address string, o Options, customers sandbox.Customers) error {
	s := salesforcetest.New(salesforcetest.Options{Clock: w.Clock, Plan: w.Plan[Salesforce], Log: w.Log[Salesforce], Latency: o.Latency,
		Tokens: []string{salesforcetest.DefaultToken}, CommitLag: o.CommitLag, CommitJitter: o.CommitLag, MultiCurrency: true,
		App: &salesforcetest.App{ClientID: clientID, ClientSecret: clientSecret, ClientCredentials: true, RotateRefresh: true}})
	s.Seed(customers)
	server, err := w.listen(Salesforce, address, &o, s.Handler())
	if err != nil {
		return err
	}
	bus := pubsub.New(s, pubsub.Options{Clock: w.Clock, Keepalive: time.Second})
	endpoint, err := bus.Listen("")
	if err != nil {
		return err
	}
	w.servers = append(w.servers, bus)
	w.Salesforce = s
	w.access[Salesforce] = map[string]string{"base_url": server.URL, "login_url": server.URL, "token": salesforcetest.DefaultToken,
		"pubsub_endpoint": endpoint, "client_id": clientID, "client_secret": clientSecret, "refresh_token": s.NewRefreshToken(), "control_url": server.URL + "/__sandbox/"}
	return nil
}

func (w *World) startZendesk(address string, o Options, customers sandbox.Customers) error {
	lag := o.ExportLag
	if lag == 0 {
		lag = -1
	}
	s := zendesktest.New(zendesktest.Options{Clock: w.Clock, Plan: w.Plan[Zendesk], Log: w.Log[Zendesk], Latency: o.Latency, Lag: lag,
		Tokens: []string{zendesktest.DefaultToken}, APIUser: zendeskUser, APIToken: zendeskToken,
		App: &zendesktest.App{ClientID: clientID, ClientSecret: clientSecret}})
	s.Seed(customers)
	server, err := w.listen(Zendesk, address, &o, s.Handler())
	if err != nil {
		return err
	}
	w.Zendesk = s
	w.access[Zendesk] = map[string]string{"base_url": server.URL, "token": zendesktest.DefaultToken, "email": zendeskUser, "api_token": zendeskToken,
		"client_id": clientID, "client_secret": clientSecret, "refresh_token": s.NewRefreshToken(), "control_url": server.URL + "/__sandbox/"}
	return nil
}

// Who signs in to Zendesk with an API token.
const (
	zendeskUser  = "integration@acme.example"
	zendeskToken = "sandbox-api-token"
)
