// Package world starts the simulated vendors together, with the same generated customers in each, for the demo, the
// sandbox command and the tests of the whole hub.
//
// It does not simulate anything itself, and nothing in the product's own path imports it.
package world

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/imap/imaptest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// Options shape a world; the zero value is all vendors without customers, limits and faults on free ports.
type Options struct {
	// Listen is host:port of the first vendor; the others have the ports after it. Empty means free ports of 127.0.0.1.
	Listen    string
	Only      []string // vendors to start; nil = all
	Customers int      // people to generate
	// PeopleOnly leaves out everything but the people, and their companies: the job that benchmarks are about.
	PeopleOnly bool
	Seed       uint64
	Faults     []sandbox.Fault // in force at every vendor
	Latency    time.Duration   // of every request
	IndexLag   time.Duration   // of HubSpot's search
	// CommitLag is how late Salesforce shows a change, ExportLag how long Zendesk withholds one from its exports; the real
	// Zendesk's minute, unlike here, when it is 0.
	CommitLag, ExportLag time.Duration
	// HubSpotLimits and AsanaLimits are the vendors' quotas; zero = none.
	HubSpotLimits *hubspottest.Limits
	AsanaLimits   asanatest.Limits
	// Around, when not nil, puts a handler around the one of each vendor, for tests that look at or act on requests.
	Around func(vendor string, next http.Handler) http.Handler
}

// around applies Around. A handler that nothing is put around keeps its connections counted.
func (o *Options) around(vendor string, h http.Handler) http.Handler {
	if o.Around == nil {
		return h
	}
	return o.Around(vendor, h)
}

// The vendors' names.
const (
	HubSpot        = "hubspot"
	Asana          = "asana"
	Salesforce     = "salesforce"
	Zendesk        = "zendesk"
	Mailchimp      = "mailchimp"
	ActiveCampaign = "activecampaign"
	IMAP           = "imap"
)

// Vendors lists all vendors in the order of their ports.
func Vendors() []string {
	return []string{HubSpot, Asana, Salesforce, Zendesk, Mailchimp, ActiveCampaign, IMAP}
}

// World is a set of running vendors.
type World struct {
	Clock          *sandbox.Clock
	HubSpot        *hubspottest.Server // nil when it was not asked for, like the others
	Asana          *asanatest.Server
	Salesforce     *salesforcetest.Server
	Zendesk        *zendesktest.Server
	Mailchimp      *mailchimptest.Server
	ActiveCampaign *activecampaigntest.Server
	IMAP           *imaptest.Server
	Plan           map[string]*sandbox.Plan
	Log            map[string]*sandbox.Log

	access  map[string]map[string]string
	servers []io.Closer
}

// The OAuth applications that are installed at the vendors.
const (
	clientID     = "sandbox-client"
	clientSecret = "sandbox-client-secret"
	developerKey = "sandbox-developer-key"
)

// Start starts the vendors. The caller closes the world.
func Start(o Options) (*World, error) {
	w := &World{Clock: sandbox.NewClock(time.Time{}), Plan: map[string]*sandbox.Plan{}, Log: map[string]*sandbox.Log{},
		access: map[string]map[string]string{}}
	for _, name := range o.Only {
		if !slices.Contains(Vendors(), name) {
			return nil, fmt.Errorf("there is no simulated vendor %q; there are %v", name, Vendors())
		}
	}
	customers := sandbox.Generate(o.Seed, o.Customers)
	if o.PeopleOnly {
		customers.Organizations, customers.Deals, customers.Tickets = nil, nil, nil
		for i := range customers.People {
			customers.People[i].Organization = -1
		}
	}
	for i, name := range Vendors() {
		if !o.has(name) {
			continue
		}
		w.Plan[name], w.Log[name] = sandbox.NewPlan(o.Seed), sandbox.NewLog(0)
		if name != IMAP { // whose commands are no requests
			if err := w.Plan[name].Add(o.Faults...); err != nil {
				return nil, errors.Join(err, w.Close())
			}
		}
		address, err := port(o.Listen, i)
		if err == nil {
			err = w.start(name, address, o, customers.Shared(o.share(name)))
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), w.Close())
		}
	}
	return w, nil
}

// port returns the address i ports after listen.
func port(listen string, i int) (string, error) {
	if listen == "" {
		return "", nil
	}
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("address %q is not host:port", listen)
	}
	first, err := strconv.Atoi(text)
	if err != nil {
		return "", fmt.Errorf("address %q has no port number", listen)
	}
	if first != 0 {
		first += i
	}
	return net.JoinHostPort(host, strconv.Itoa(first)), nil
}

// Access says how each vendor is reached and signed in to, by vendor and setting.
func (w *World) Access() map[string]map[string]string { return w.access }

// Close ends all vendors.
func (w *World) Close() error {
	var errs []error
	for _, s := range w.servers {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
